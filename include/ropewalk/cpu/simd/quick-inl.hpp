// Arithmetic in bfloat16 that float's own rounding does, where registers have 64 bytes.
//
// A product p of two bfloat16s has 16 bits, which a float keeps. With S = 2^16,
//   t = round(p * S + p),   t - p * S
// is p rounded to 8 bits, ties to even: the last place of t is that of the 8 bits, of which p * S
// is an even multiple. Two fused steps take the place of four operations on integers: 75 -> 62 ns a
// KiB of bfloat16 by a table of bfloat16, in cache, on an Intel Xeon (Sapphire Rapids class).
//
// It holds for 2^-126 <= |p| < 2^111. So steps take this way whose features are all between 2^-31
// and 2^33, and of whose coefficients none reaches 2^65, one of each sum at least 2^-63. One
// product of a sum is then 2^-94 or more, beside which the sign of a zero, and what is wrong with a
// product below 2^-126, are not seen, and no result is infinite or subnormal. Zeros take the
// steps of any features.
//
// A Zen 4 converts in less time than it multiplies: there a conversion rounds two products, and a
// dot product adds them. Both take what is subnormal for zero, and zeros lose their signs. Where
// the result is at least 2^-63, one product is at least 2^-64, and none of it is seen. In cache, ns
// a KiB by a table of bfloat16, interleaved 71 -> 59, half pairs 76 -> 67; but on an Intel Xeon
// (Emerald Rapids class) 82 -> 110.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether groups of steps, and rows that have their own coefficients, try this way.
template <class Arithmetic, Pairing From, Pairing To>
constexpr bool is_quick = (register_bytes == 64) &&
                          (From == To) && std::is_same_v<Arithmetic, Eigen::bfloat16>;

/// A bit for each word of two bfloat16s.
using Words = std::uint16_t;
constexpr Words all_words = 0xffff;

/// Lanes whose products are rounded to bfloat16 by float.
template <int Count>
struct QuickLanes {
  Register<float, Count> lanes;
};

#if ROPEWALK_ISA_BYTES == 64
template <int Count>
ROPEWALK_INLINE QuickLanes<Count> product(const QuickLanes<Count>& a, const QuickLanes<Count>& b) {
  const auto scale = broadcast<float, Count>(0x1p16f);
  const auto p = exact_product(a.lanes, b.lanes);
  auto t = p;
  // To nearest in every mode, and no exception.
  asm("vfmadd231ps {%{rn-sae%}, %2, %1, %0|%0, %1, %2, %{rn-sae%}}"
      : "+v"(t.v)
      : "v"(p.v), "v"(scale.v));
  asm("vfnmadd231ps {%{rn-sae%}, %2, %1, %0|%0, %1, %2, %{rn-sae%}}"
      : "+v"(t.v)
      : "v"(p.v), "v"(scale.v));
  return {t};
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> sum(const QuickLanes<Count>& a, const QuickLanes<Count>& b) {
  return exact_sum(a.lanes, b.lanes);
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> difference(const QuickLanes<Count>& a,
                                                  const QuickLanes<Count>& b) {
  return exact_difference(a.lanes, b.lanes);
}

/// Those of `among` that have none of `bits` when `step` is added to both bfloat16s.
ROPEWALK_INLINE Words words_without(const Register<std::uint32_t, 16>& words, std::uint16_t step,
                                    std::uint32_t bits, Words among) {
  const auto steps = broadcast<std::uint16_t, 32>(step);
  const Register<std::uint16_t, 32> next{as_bits<std::uint16_t>(words).v + steps.v};
  Words found;
  asm("vptestnmd {%3, %2, %0%{%1%}|%0%{%1%}, %2, %3}"
      : "=Yk"(found)
      : "Yk"(among), "v"(next.v), "v"(broadcast<std::uint32_t, 16>(bits).v));
  return found;
}

/// Those of `among` whose features are both usual: the upper three bits of the exponent are 3 or 4.
ROPEWALK_INLINE Words usual_features(const void* features, Words among) {
  return words_without(load<std::uint32_t, 16>(features), 0x5000, 0x60006000u, among);
}

/// The same of coefficients, two in a word or one in its upper half: the upper two bits of cos and
/// sin together are 1 or 2, so that neither has 3 and not both have 0.
ROPEWALK_INLINE Words usual_coefficients(const Register<std::uint32_t, 16>& cos,
                                         const Register<std::uint32_t, 16>& sin,
                                         std::uint32_t which, Words among) {
  return words_without({cos.v | sin.v}, 0x6000, 0x40004000u & which, among);
}

ROPEWALK_INLINE Words usual_sums(const Value<Eigen::bfloat16, 16>& cos,
                                 const Value<Eigen::bfloat16, 16>& sin, Words among) {
  return usual_coefficients(as_bits<std::uint32_t>(cos.lanes), as_bits<std::uint32_t>(sin.lanes),
                            0xffff0000u, among);
}

ROPEWALK_INLINE bool are_all(Words words) {
  int all;
  asm("kortestw {%1, %1|%1, %1}" : "=@ccc"(all) : "Yk"(words));
  return __builtin_expect(all != 0, 1);
}

/// (a0, b0, a1, b1, ...) rounded to bfloat16; of converted products any, otherwise none subnormal
/// or NaN.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_usual(const Register<float, Count>& a,
                                                          const Register<float, Count>& b) {
  if constexpr (has_bf16) {
    return pack_by_conversion(a, b);
  } else {
    return pack_numbers(a, b);
  }
}

/// Whether products are converted: on a Zen 4, and others that have AVX512_BF16 alone.
constexpr bool converts_products = this_isa == Isa::avx512bf16;

/// Lanes whose products are rounded to bfloat16 where they are added.
template <int Count>
struct ConvertedLanes {
  Register<float, Count> lanes;
};

template <int Count>
ROPEWALK_INLINE ConvertedLanes<Count> product(const ConvertedLanes<Count>& a,
                                              const ConvertedLanes<Count>& b) {
  return {exact_product(a.lanes, b.lanes)};
}

/// a and b rounded to bfloat16, each by its factor, a bfloat16 (a's in the lower 16 bits), added.
template <int Count>
ROPEWALK_INLINE Register<float, Count> sum_of_rounded(const ConvertedLanes<Count>& a,
                                                      const ConvertedLanes<Count>& b,
                                                      std::uint32_t factors) {
  const auto both = pack_by_conversion(a.lanes, b.lanes);
  auto sum = broadcast<float, Count>(0.0f);
  asm("vdpbf16ps {%2, %1, %0|%0, %1, %2}"
      : "+v"(sum.v)
      : "v"(both.v), "v"(broadcast<std::uint32_t, Count>(factors).v));
  return sum;
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> sum(const ConvertedLanes<Count>& a,
                                           const ConvertedLanes<Count>& b) {
  return sum_of_rounded(a, b, 0x3f803f80u);
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> difference(const ConvertedLanes<Count>& a,
                                                  const ConvertedLanes<Count>& b) {
  return sum_of_rounded(a, b, 0xbf803f80u);
}

/// Whether bfloat16s made of converted products are all at least 2^-63.
template <int Count, class... More>
ROPEWALK_INLINE bool are_certain(const Register<std::uint32_t, Count>& words, const More&... more) {
  std::uint32_t all = ~std::uint32_t{0};
  take_without(all, words, 0x60006000u);
  (take_without(all, more, 0x60006000u), ...);
  return __builtin_expect(all == ~std::uint32_t{0}, 1);
}

template <int Count>
using ProductLanes =
    std::conditional_t<converts_products, ConvertedLanes<Count>, QuickLanes<Count>>;

template <int Count>
ROPEWALK_INLINE auto quick_first(const Value<Eigen::bfloat16, Count>& a,
                                 const Value<Eigen::bfloat16, Count>& b,
                                 const Coefficients<Eigen::bfloat16, Count>& with) {
  using Lanes = ProductLanes<Count>;
  return rotated_first(Lanes{a.lanes}, Lanes{b.lanes}, Lanes{with.cos_a.lanes},
                       Lanes{with.sin_a.lanes});
}

template <int Count>
ROPEWALK_INLINE auto quick_second(const Value<Eigen::bfloat16, Count>& a,
                                  const Value<Eigen::bfloat16, Count>& b,
                                  const Coefficients<Eigen::bfloat16, Count>& with) {
  using Lanes = ProductLanes<Count>;
  return rotated_second(Lanes{a.lanes}, Lanes{b.lanes}, Lanes{with.cos_b.lanes},
                        Lanes{with.sin_b.lanes});
}

/// Turns Count interleaved pairs if all features, and coefficients of all words, are usual, or, of
/// converted products, if the results are certain.
template <int Count>
ROPEWALK_INLINE bool rotate_quickly(Eigen::bfloat16* out, const Eigen::bfloat16* x,
                                    const Coefficients<Eigen::bfloat16, Count>& with, Words usual) {
  if (!converts_products && !are_all(usual_features(x, usual))) return false;
  Value<Eigen::bfloat16, Count> a, b;
  load_pairs<Pairing::interleaved>(x, 0, Count, a.lanes, b.lanes);
  const auto turned = pack_usual(quick_first(a, b, with), quick_second(a, b, with));
  if (converts_products && !are_certain(turned)) return false;
  store(out, turned);
  return true;
}

/// The same of 2 * Count half pairs; see rotate_split_pairs.
template <int Count, class Step>
ROPEWALK_INLINE bool rotate_split_quickly(Eigen::bfloat16* out, Eigen::bfloat16* out_partners,
                                          const Eigen::bfloat16* x,
                                          const Eigen::bfloat16* x_partners,
                                          const Coefficients<Eigen::bfloat16, Count>& even,
                                          const Coefficients<Eigen::bfloat16, Count>& odd,
                                          Words usual, const Step& prefetched) {
  prefetched.prefetch_l2(0);
  if (!converts_products && !are_all(usual_features(x_partners, usual_features(x, usual)))) {
    return false;
  }
  Value<Eigen::bfloat16, Count> a[2], b[2];
  load_pairs<Pairing::interleaved>(x, 0, Count, a[0].lanes, a[1].lanes);
  load_pairs<Pairing::interleaved>(x_partners, 0, Count, b[0].lanes, b[1].lanes);
  const auto first = pack_usual(quick_first(a[0], b[0], even), quick_first(a[1], b[1], odd));
  if (!converts_products) store(out, first);
  prefetched.prefetch_l2(1);
  const auto second = pack_usual(quick_second(a[0], b[0], even), quick_second(a[1], b[1], odd));
  if (converts_products) {
    if (!are_certain(first, second)) return false;
    store(out, first);
  }
  store(out_partners, second);
  return true;
}
#endif
