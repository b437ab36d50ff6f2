// Features of a row normalised and turned while they are in registers.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether pairs of X change places to turn.
template <Pairing Of, class X>
constexpr bool swaps_pairs = Of == Pairing::interleaved && !are_words<X>;

/// What four registers of a row are turned by: two and those with their partners.
template <Pairing Of, class X, int Count>
struct TurnBy {
  static constexpr int parts = swaps_pairs<Of, X> ? 4 : 2;
  Register<float, Count> cos[std::size_t{parts}], sin[std::size_t{parts}];
};

template <Pairing Of, class X, int Count>
ROPEWALK_INLINE TurnBy<Of, X, Count> turn_by(const WidenedRow<float>& from, Index i) {
  constexpr auto order = std::make_integer_sequence<int, Count>{};
  TurnBy<Of, X, Count> by;
  const float *cos = from.cos_a + i, *sin = from.sin_a + i;
  if constexpr (swaps_pairs<Of, X>) {
    for (int part = 0; part < 2; ++part) {
      const auto c = load<float, Count>(cos + Index{part} * Count);
      const auto s = load<float, Count>(sin + Index{part} * Count);
      join_lanes(c, c, by.cos[2 * part], by.cos[2 * part + 1], order);
      join_lanes({-s.v}, s, by.sin[2 * part], by.sin[2 * part + 1], order);
    }
  } else if constexpr (Of == Pairing::half && are_words<X>) {
    load_pairs<Pairing::interleaved>(cos, 0, Count, by.cos[0], by.cos[1]);
    load_pairs<Pairing::interleaved>(sin, 0, Count, by.sin[0], by.sin[1]);
  } else {
    for (int part = 0; part < 2; ++part) {
      by.cos[part] = load<float, Count>(cos + Index{part} * Count);
      by.sin[part] = load<float, Count>(sin + Index{part} * Count);
    }
  }
  return by;
}

/// Four registers of a row: neighbours, then others; in half pairs their partners.
template <int Count>
struct Features {
  Neighbours<Count> first, second;
};

template <Pairing Of, class X, int Count>
ROPEWALK_INLINE Features<Count> turned(const Features<Count>& y, const TurnBy<Of, X, Count>& by) {
  using R = Register<float, Count>;
  // Into places of their own: of registers returned together GCC stores copies that nothing reads.
  const auto turn = [&by](const R& a, const R& b, int part, R& first, R& second) {
    using V = Value<float, Count>;
    const V cos{by.cos[part]}, sin{by.sin[part]};
    first = rotated_first(V{a}, V{b}, cos, sin);
    second = rotated_second(V{a}, V{b}, cos, sin);
  };
  const auto swap_turn = [&by](const R& both, int part) {
    return exact_sum(
        exact_product(both, by.cos[part]),
        exact_product(swapped_neighbours(both, std::make_integer_sequence<int, Count>{}),
                      by.sin[part]));
  };
  Features<Count> r;
  if constexpr (swaps_pairs<Of, X>) {
    r.first = {swap_turn(y.first.a, 0), swap_turn(y.first.b, 1)};
    r.second = {swap_turn(y.second.a, 2), swap_turn(y.second.b, 3)};
  } else if constexpr (Of == Pairing::half) {
    turn(y.first.a, y.second.a, 0, r.first.a, r.second.a);
    turn(y.first.b, y.second.b, 1, r.first.b, r.second.b);
  } else {
    turn(y.first.a, y.first.b, 0, r.first.a, r.first.b);
    turn(y.second.a, y.second.b, 1, r.second.a, r.second.b);
  }
  return r;
}

/// Rounded to X, bfloat16s quickly. A half is narrowed into memory and widened from there, which
/// takes an operation less than between registers.
template <bool Quick, class X, int Count>
ROPEWALK_INLINE Register<float, Count> rounded_to(const Register<float, Count>& r) {
  if constexpr (Quick && are_words<X>) {
    return quickly_rounded(r);
  } else if constexpr (std::is_same_v<X, Eigen::half>) {
    alignas(64) X narrow[std::size_t{Count}];
    store_narrow(narrow, r);
    return load_wide<Count>(narrow);
  } else {
    return rounded<X>(r).lanes;
  }
}

/// What normalised features are multiplied by: their weight, or, where they are rounded first, what
/// gives the rounded product at once.
template <bool Rounds, int Count>
using WeightRegister = std::conditional_t<Rounds, RoundedBy<Count>, Register<float, Count>>;

template <bool Rounds, int Count>
struct FeatureWeights {
  WeightRegister<Rounds, Count> first[2], second[2];
};

template <bool Rounds, int Count>
ROPEWALK_INLINE FeatureWeights<Rounds, Count> feature_weights(const Features<Count>& of) {
  if constexpr (Rounds) {
    return {{rounded_by(of.first.a), rounded_by(of.first.b)},
            {rounded_by(of.second.a), rounded_by(of.second.b)}};
  } else {
    return {{of.first.a, of.first.b}, {of.second.a, of.second.b}};
  }
}

template <bool Quick, bool Rounds, class X, int Count>
ROPEWALK_INLINE Register<float, Count> normalised_feature(
    const Register<float, Count>& x, const WeightRegister<Rounds, Count>& weight,
    const Register<float, Count>& by) {
  const auto y = exact_product(x, by);
  if constexpr (!Rounds) {
    return rounded_to<Quick, X>(exact_product(y, weight));
  } else if constexpr (Quick) {
    return weight(quickly_rounded(y));
  } else {
    const auto factor = exact_product(weight.unit, broadcast<float, Count>(1.0f / rounding_unit));
    return rounded_to<false, X>(exact_product(rounded_to<false, X>(y), factor));
  }
}

template <bool Quick, bool Rounds, class X, int Count>
ROPEWALK_INLINE Neighbours<Count> normalised_neighbours(
    const Neighbours<Count>& x, const WeightRegister<Rounds, Count> (&weights)[2],
    const Register<float, Count>& by) {
  return {normalised_feature<Quick, Rounds, X>(x.a, weights[0], by),
          normalised_feature<Quick, Rounds, X>(x.b, weights[1], by)};
}

/// The features from a place on, and those that go with them.
template <class T>
struct Places {
  T *first, *second;
};

/// The step, whose lines are not asked for before r is there: the compiler would ask for all at
/// once.
template <class Step, int Count>
ROPEWALK_INLINE Step asked_after(const Register<float, Count>& r, Step step) {
  asm("" : "+r"(step.x) : "v"(r.v));
  return step;
}

/// Features normalised, and lines asked for meanwhile.
template <bool Quick, bool Rounds, class X, class Source, int Count>
ROPEWALK_INLINE Features<Count> normalised_features(
    const Places<const Source>& x, const FeatureWeights<Rounds, Count>& weights,
    const Register<float, Count>& reciprocal,
    const PrefetchedStep<Pairing::half, 2 * Count, X>& prefetched) {
  Features<Count> y;
  prefetched.prefetch_l2(0);
  y.first = normalised_neighbours<Quick, Rounds, X>(load_neighbours<Count>(x.first), weights.first,
                                                    reciprocal);
  if constexpr (sizeof(X) == 2) asked_after(y.first.b, prefetched).prefetch_l2(1);
  y.second = normalised_neighbours<Quick, Rounds, X>(load_neighbours<Count>(x.second),
                                                     weights.second, reciprocal);
  if constexpr (sizeof(X) > 2) asked_after(y.second.b, prefetched).prefetch_l2(1);
  return y;
}

/// Normalises and turns features, whatever they are, into out.
template <bool Rounds, Pairing Of, class X, class Source, int Count>
[[gnu::noinline, gnu::cold]] void turn_exactly(Places<X> out, Places<const Source> x,
                                               FeatureWeights<Rounds, Count> weights,
                                               Register<float, Count> reciprocal,
                                               TurnBy<Of, X, Count> by) {
  const auto y =
      turned<Of, X, Count>(normalised_features<false, Rounds, X>(x, weights, reciprocal, {}), by);
  store_neighbours(out.first, y.first);
  store_neighbours(out.second, y.second);
}

/// (a0, b0, a1, b1, ...) of bfloat16s, as floats, in 16 bits each.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> join_bfloat16s(const Register<float, Count>& a,
                                                              const Register<float, Count>& b) {
  constexpr std::uint32_t to_lower[] = {0x03020302, 0x07060706, 0x0b0a0b0a, 0x0f0e0f0e};
  constexpr std::uint64_t lower_bytes = 0x3333333333333333;
  Register<std::uint32_t, Count> order;
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i) order.v[i] = to_lower[i % 4];
  auto words = as_bits<std::uint32_t>(b);
  asm("vpshufb {%3, %1, %0%{%2%}|%0%{%2%}, %1, %3}"
      : "+v"(words.v)
      : "v"(a.v), "Yk"(lower_bytes), "v"(order.v));
  return words;
}

/// Whether all words of 16 bits of a and b have some of `bits`, given twice.
template <int Count>
ROPEWALK_INLINE bool have_all(const Register<std::uint32_t, Count>& a,
                              const Register<std::uint32_t, Count>& b, std::uint32_t bits) {
  std::uint32_t found;
  int all;
  asm("vptestmw {%4, %2, %0|%0, %2, %4}\n\t"
      "vptestmw {%4, %3, %0%{%0%}|%0%{%0%}, %3, %4}\n\t"
      "kortestd {%0, %0|%0, %0}"
      : "=&Yk"(found), "=@ccc"(all)
      : "v"(a.v), "v"(b.v), "v"(broadcast<std::uint32_t, Count>(bits).v));
  return all != 0;
}

/// Stores features; false, and nothing is stored, if some may have been rounded in a wrong way.
template <class X, int Count>
ROPEWALK_INLINE bool store_turned(const Places<X>& out, const Features<Count>& y) {
  if constexpr (are_words<X>) {
    // What the conversion takes for zero is turned exactly, too.
    const auto join = [](const Neighbours<Count>& of) {
      if constexpr (has_bf16) return pack_by_conversion(of.a, of.b);
      return join_bfloat16s(quickly_rounded(of.a), quickly_rounded(of.b));
    };
    const auto first = join(y.first), second = join(y.second);
    if (__builtin_expect(!have_all(first, second, 0x7f807f80u), 0)) return false;
    store(out.first, first);
    store(out.second, second);
    return true;
  }
  store_neighbours(out.first, y.first);
  store_neighbours(out.second, y.second);
  return true;
}
