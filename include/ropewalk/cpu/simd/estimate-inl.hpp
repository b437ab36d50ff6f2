// Rows of bfloat16 with arithmetic in double, by an estimate in float where that is enough.
//
// A bfloat16 keeps 8 of the 24 bits of a float. So a result in float and a bound of its error tell
// nearly always to which bfloat16 the result in double is rounded: where both ends of
//   [estimate - error, estimate + error]
// are rounded to the same one (Ziv's rounding test). Where they are not, or any is NaN, the step is
// computed in double: one of 30 steps of 16 pairs for normally distributed features; of zeros every
// step, which then take 1.5 (AVX-512) and 1.8 (AVX2) times as long as by double alone.
//
// error is (|cos| + |sin|) * max(|a|, |b|) * 3 * 2^-23. With u = 2^-24, half a unit of the last
// place, rounding a coefficient, its product and the sum takes 3 u of it; 2 u part the ends from
// the result even after its rounding to float, so that no tie is an end; the last u is for
// arithmetic in double and for that of the bound itself. What subnormal floats lose, or lose where
// they are flushed, is far less than the constants added. The product before the factor is made
// larger than any step of the estimate, so that where one of these overflows it does, too, and both
// ends are then infinite and differ.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether rows that share a row of the table take this way.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
constexpr bool can_estimate = (register_bytes >= 32) && (From == To) &&
                              std::is_same_v<Arithmetic, double>&& std::is_same_v<
                                  X, Eigen::bfloat16>&& std::is_same_v<Out, X>;

/// Pairs that a step turns. Half pairs: those of the even words and of the odd ones, see `splits`.
template <Pairing Of, int Count>
constexpr int estimated_pairs = Of == Pairing::half ? 2 * Count : Count;

/// A token's coefficients in float, and what a pair's larger feature is to be multiplied by for
/// what no step of its estimate exceeds. Of half pairs those of a step's even words come before
/// those of its odd ones.
using EstimatedRow = float[5][most_pairs];
enum EstimatedEntry {
  estimated_cos_a,
  estimated_cos_b,
  estimated_sin_a,
  estimated_sin_b,
  estimated_bound
};

template <int Count>
ROPEWALK_INLINE Register<double, Count> sum_of_magnitudes(const Register<double, Count>& a,
                                                          const Register<double, Count>& b) {
  constexpr std::uint64_t magnitude = ~std::uint64_t{0} >> 1;
  const Register<std::uint64_t, Count> a_bits{as_bits<std::uint64_t>(a).v & magnitude};
  const Register<std::uint64_t, Count> b_bits{as_bits<std::uint64_t>(b).v & magnitude};
  return exact_sum(as_bits<double>(a_bits), as_bits<double>(b_bits));
}

/// Writes those of pairs i, i + 1, ... by registers of `Count`, then of half as many, down to four.
template <int Count>
ROPEWALK_INLINE void estimate_coefficients(const WidenedRow<double>& from, Index i, Index pairs,
                                           EstimatedRow& to) {
  const auto write = [&](int entry, const Register<double, Count>& r) {
    store(to[entry] + i, convert_lanes<float>(r));
  };
  for (; i + Count <= pairs; i += Count) {
    const auto with = coefficients_at<double, Count>(from, i);
    write(estimated_cos_a, with.cos_a.lanes);
    write(estimated_cos_b, with.cos_b.lanes);
    write(estimated_sin_a, with.sin_a.lanes);
    write(estimated_sin_b, with.sin_b.lanes);
    const auto first = sum_of_magnitudes(with.cos_a.lanes, with.sin_a.lanes);
    const auto second = sum_of_magnitudes(with.cos_b.lanes, with.sin_b.lanes);
    const Register<std::int64_t, Count> is_larger{first.v > second.v};
    const auto larger =
        as_bits<double>(select(as_bits<std::int32_t>(is_larger), as_bits<std::uint32_t>(first),
                               as_bits<std::uint32_t>(second)));
    write(estimated_bound, {larger.v * (1 + 0x1p-20) + 0x1p-103});
  }
  if constexpr (Count > 4) estimate_coefficients<Count / 2>(from, i, pairs, to);
}

template <int Count>
ROPEWALK_INLINE void split_estimated(EstimatedRow& row, Index i) {
  for (float(&entries)[most_pairs] : row) {
    Register<float, Count> even, odd;
    load_pairs<Pairing::interleaved>(entries + i, 0, Count, even, odd);
    store(entries + i, even);
    store(entries + i + Count, odd);
  }
}

/// max(|a|, |b|) * bound * 3 * 2^-23 + 2^-120
template <int Count>
ROPEWALK_INLINE Register<float, Count> error_bound(const Register<float, Count>& a,
                                                   const Register<float, Count>& b,
                                                   const Register<float, Count>& bound) {
  const auto least = broadcast<float, Count>(0x1p-120f);
  const auto part = broadcast<float, Count>(0x3p-23f);
  Register<float, Count> larger;
  if constexpr (register_bytes == 64) {
    asm("vrangeps {$11, %2, %1, %0|%0, %1, %2, 11}" : "=v"(larger.v) : "v"(a.v), "v"(b.v));
    auto most = exact_product(larger, bound);
    asm("vfmadd132ps {%1, %2, %0|%0, %2, %1}" : "+v"(most.v) : "v"(part.v), "v"(least.v));
    return most;
  }
  const Register<std::uint32_t, Count> a_bits{as_bits<std::uint32_t>(a).v & 0x7fffffffu};
  const Register<std::uint32_t, Count> b_bits{as_bits<std::uint32_t>(b).v & 0x7fffffffu};
  asm("vpmaxsd {%2, %1, %0|%0, %1, %2}" : "=x"(larger.v) : "x"(a_bits.v), "x"(b_bits.v));
  return exact_sum(exact_product(exact_product(larger, bound), part), least);
}

/// The ends of an interval, rounded to bfloat16 in the upper halves of their lanes where it holds
/// no tie; otherwise, or where any number is NaN, their upper halves differ.
template <int Count>
struct Ends {
  Register<std::uint32_t, Count> upper, lower;
};

template <int Count>
ROPEWALK_INLINE Ends<Count> ends_around(const Register<float, Count>& estimate,
                                        const Register<float, Count>& error) {
  // By name: both ends of a NaN are then the same one.
  Register<float, Count> upper, minus_lower;
  asm("vaddps {%2, %1, %0|%0, %1, %2}" : "=v"(upper.v) : "v"(error.v), "v"(estimate.v));
  asm("vsubps {%2, %1, %0|%0, %1, %2}" : "=v"(minus_lower.v) : "v"(error.v), "v"(estimate.v));
  // One addition rounds and changes the sign, that of a NaN, too.
  return {{as_bits<std::uint32_t>(upper).v + 0x8000u},
          {as_bits<std::uint32_t>(minus_lower).v + 0x80008000u}};
}

/// The first features and the second ones of pairs after their rotation.
template <int Count>
struct Estimate {
  Ends<Count> first, second;
};

template <int Count>
ROPEWALK_INLINE Estimate<Count> estimated(const Register<float, Count>& a,
                                          const Register<float, Count>& b, const EstimatedRow& with,
                                          Index i) {
  const auto entry = [&](int which) { return load<float, Count>(with[which] + i); };
  const auto error = error_bound(a, b, entry(estimated_bound));
  auto first = exact_product(b, entry(estimated_sin_a));
  auto second = exact_product(a, entry(estimated_sin_b));
  const auto cos_a = entry(estimated_cos_a), cos_b = entry(estimated_cos_b);
  if constexpr (register_bytes == 64) {
    asm("vfmsub231ps {%2, %1, %0|%0, %1, %2}" : "+v"(first.v) : "v"(a.v), "v"(cos_a.v));
    asm("vfmadd231ps {%2, %1, %0|%0, %1, %2}" : "+v"(second.v) : "v"(b.v), "v"(cos_b.v));
  } else {
    first = exact_difference(exact_product(a, cos_a), first);
    second = exact_sum(exact_product(b, cos_b), second);
  }
  return {ends_around(first, error), ends_around(second, error)};
}

/// difference | (ends.upper ^ ends.lower)
template <int Count>
ROPEWALK_INLINE void add_difference(Register<std::uint32_t, Count>& difference,
                                    const Ends<Count>& ends) {
  if constexpr (register_bytes == 64) {
    asm("vpternlogd {$0xf6, %2, %1, %0|%0, %1, %2, 0xf6}"
        : "+v"(difference.v)
        : "v"(ends.upper.v), "v"(ends.lower.v));
  } else {
    difference.v |= ends.upper.v ^ ends.lower.v;
  }
}

template <int Count>
ROPEWALK_INLINE bool any_upper_half(const Register<std::uint32_t, Count>& r) {
  const auto upper = broadcast<std::uint32_t, Count>(0xffff0000u);
  int none;
  if constexpr (register_bytes == 64) {
    std::uint16_t any;
    asm("vptestmd {%3, %2, %0|%0, %2, %3}\n\t"
        "kortestw {%0, %0|%0, %0}"
        : "=&Yk"(any), "=@ccz"(none)
        : "v"(r.v), "v"(upper.v));
  } else {
    asm("vptest {%2, %1|%1, %2}" : "=@ccz"(none) : "x"(r.v), "x"(upper.v));
  }
  return __builtin_expect(none == 0, 0);
}

/// Turns the pairs of a step, from pair `at` of a row of `pairs` on, unless some estimate is not
/// enough.
template <Pairing Of, int Count, class X>
ROPEWALK_INLINE bool rotate_estimated(X* out, const X* x, Index at, Index pairs,
                                      const EstimatedRow& with, Index i) {
  constexpr Pairing words = Pairing::interleaved;
  Register<float, Count> a, b;
  if constexpr (Of == Pairing::interleaved) {
    load_pairs<words>(x, at, pairs, a, b);
    const auto turned = estimated(a, b, with, i);
    Register<std::uint32_t, Count> difference{turned.first.upper.v ^ turned.first.lower.v};
    add_difference(difference, turned.second);
    if (any_upper_half(difference)) return false;
    store(out + 2 * at, join_upper_halves(turned.first.upper, turned.second.upper));
  } else {
    Register<float, Count> odd_a, odd_b;
    load_pairs<words>(x + at, 0, Count, a, odd_a);
    load_pairs<words>(x + pairs + at, 0, Count, b, odd_b);
    const auto even = estimated(a, b, with, i), odd = estimated(odd_a, odd_b, with, i + Count);
    Register<std::uint32_t, Count> difference{even.first.upper.v ^ even.first.lower.v};
    add_difference(difference, even.second);
    add_difference(difference, odd.first);
    add_difference(difference, odd.second);
    if (any_upper_half(difference)) return false;
    store(out + at, join_upper_halves(even.first.upper, odd.first.upper));
    store(out + pairs + at, join_upper_halves(even.second.upper, odd.second.upper));
  }
  return true;
}

template <Pairing Of, int Pairs, class X>
[[gnu::noinline]] void rotate_in_double(X* out, const X* x, Index at, Index pairs,
                                        const WidenedRow<double>& coefficients, Index i) {
  constexpr int most = register_bytes / int{sizeof(double)}, count = Pairs < most ? Pairs : most;
  for (const Index end = i + Pairs; i < end; i += count, at += count) {
    rotate_pairs<double, Of, Of, count>(out, x, at, pairs,
                                        coefficients_at<double, count>(coefficients, i));
  }
}

/// Rotates pairs [i, result) of the part of every row; see walk_groups.
template <Pairing Of, int Count, class X>
ROPEWALK_INLINE Index walk_estimated_steps(const RowBatch& batch, EstimatedRow& with,
                                           const WidenedRow<double>& coefficients,
                                           const RowPart& part, Index i) {
  constexpr int step = estimated_pairs<Of, Count>;
  const RowLayout layout = batch.layout;
  const PrefetchDistances distances = batch.prefetch;
  const Index end = i + (part.pairs - i) / step * step;
  if (i < end) {
    const RowPart turned = part_of(part, i, end - i);
    if constexpr (Of == Pairing::half) {
      for (Index j = i; j < end; j += step) split_estimated<Count>(with, j);
    }
    for (Index r = 0; r < batch.rows; ++r) {
      const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
      X* out = moved(static_cast<X*>(batch.out), r * layout.out_stride);
      prefetch_features_l1(distances, x, out, turned.first, turned.pairs);
      prefetch_features_l2(distances, x, turned.first, turned.pairs);
      for (Index j = i; j < end; j += step) {
        const Index at = part.first + j;
        if (rotate_estimated<Of, Count>(out, x, at, layout.pairs, with, j)) continue;
        rotate_in_double<Of, step>(out, x, at, layout.pairs, coefficients, j);
      }
      end_part<Of>(batch, distances, layout.pairs, turned, r, x, out);
    }
  }
  return end;
}

#if ROPEWALK_ISA_BYTES == 64
using avx2::walk_narrower_estimated;
#else
template <Pairing Of, class X>
[[gnu::noinline]] Index walk_narrower_estimated(const RowBatch& batch, EstimatedRow& with,
                                                const WidenedRow<double>& coefficients,
                                                const RowPart& part, Index i) {
  i = walk_estimated_steps<Of, 8, X>(batch, with, coefficients, part, i);
  return walk_estimated_steps<Of, 4, X>(batch, with, coefficients, part, i);
}
#endif

template <Pairing Of, class X>
ROPEWALK_INLINE Index walk_estimated(const RowBatch& batch, const WidenedRow<double>& coefficients,
                                     const RowPart& part) {
  alignas(64) EstimatedRow with;
  estimate_coefficients<register_bytes / int{sizeof(double)}>(coefficients, 0, part.pairs, with);
  Index i = 0;
  if constexpr (register_bytes == 64) {
    static_assert(pairs_past_caches % estimated_pairs<Of, 16> == 0);
    i = walk_estimated_steps<Of, 16, X>(batch, with, coefficients, part, i);
    if (i == part.pairs) return i;
  }
  return walk_narrower_estimated<Of, X>(batch, with, coefficients, part, i);
}
