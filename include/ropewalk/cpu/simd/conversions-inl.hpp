// half and bfloat16 to float and back, by the instructions that a region has.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

// The masked forms of conversions, with all lanes, are the same instructions; the plain ones make
// GCC 12 warn of the undefined operand in its own header.
constexpr std::uint16_t all_lanes = 0xffff;

template <int Count>
ROPEWALK_INLINE Register<float, Count> widen_halves(const Register<std::uint16_t, Count>& h) {
#if ROPEWALK_X86
  if constexpr (has_f16c && Count == 16) {
    return {_mm512_maskz_cvtph_ps(all_lanes, reinterpret_cast<__m256i>(h.v))};
  } else if constexpr (has_f16c && Count == 8) {
    return {_mm256_cvtph_ps(reinterpret_cast<__m128i>(h.v))};
  } else if constexpr (has_f16c && Count == 4) {
    return {_mm_cvtph_ps(_mm_cvtsi64_si128(bit_copy<long long>(h)))};
  }
#elif ROPEWALK_NEON
  if constexpr (Count == 4) {
    return {vcvt_f32_f16(reinterpret_cast<float16x4_t>(h.v))};
  }
#endif
  return widen_half_lanes(h);
}

template <int Count>
ROPEWALK_INLINE Register<std::uint16_t, Count> narrow_halves(const Register<float, Count>& r) {
  using Halves = Register<std::uint16_t, Count>;
#if ROPEWALK_X86
  constexpr int nearest = _MM_FROUND_TO_NEAREST_INT;
  if constexpr (has_f16c && Count == 16) {
    const __m256i halves = _mm512_maskz_cvtps_ph(all_lanes, r.v, nearest | _MM_FROUND_NO_EXC);
    return {reinterpret_cast<typename Halves::Vector>(halves)};
  } else if constexpr (has_f16c && Count == 8) {
    return {reinterpret_cast<typename Halves::Vector>(_mm256_cvtps_ph(r.v, nearest))};
  } else if constexpr (has_f16c && Count == 4) {
    return bit_copy<Halves>(_mm_cvtsi128_si64(_mm_cvtps_ph(r.v, nearest)));
  }
#elif ROPEWALK_NEON
  if constexpr (Count == 4) return {reinterpret_cast<typename Halves::Vector>(vcvt_f16_f32(r.v))};
#endif
  return narrow_half_lanes(r);
}

#if ROPEWALK_X86
// The conversion instruction takes subnormal floats for zero; everything else it rounds as we do.
ROPEWALK_INLINE bool any_subnormal(const Register<float, 16>& a, const Register<float, 16>& b) {
  constexpr int denormal = 0x20;
  const __mmask16 in_a = _mm512_fpclass_ps_mask(a.v, denormal);
  const __mmask16 in_b = _mm512_fpclass_ps_mask(b.v, denormal);
  return __builtin_expect(_mm512_kortestz(in_a, in_b) == 0, 0);
}
#endif

/// Whether any lane of a or b is NaN. One comparison and a branch are cheaper than putting every
/// NaN right; intrinsics, because -ffinite-math-only decides a comparison of vectors by itself.
template <int Count>
ROPEWALK_INLINE bool may_have_nan(const Register<float, Count>& a,
                                  const Register<float, Count>& b) {
#if ROPEWALK_X86
  int found = 0;
  if constexpr (Count == 16) {
    found = _mm512_cmp_ps_mask(a.v, b.v, _CMP_UNORD_Q);
  } else if constexpr (Count == 8) {
    found = _mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_UNORD_Q));
  } else if constexpr (Count == 4) {
    found = _mm_movemask_ps(_mm_cmpunord_ps(a.v, b.v));
  } else {
    found = 1;
  }
  return __builtin_expect(found != 0, 0);
#else
  static_cast<void>(a);
  static_cast<void>(b);
  return true;
#endif
}

template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> join_upper_halves(
    const Register<std::uint32_t, Count>& a, const Register<std::uint32_t, Count>& b) {
  return {(a.v >> 16) | (b.v & 0xffff0000u)};
}

/// (a0, b0, a1, b1, ...) rounded to bfloat16.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_bfloat16(const Register<float, Count>& a,
                                                             const Register<float, Count>& b) {
#if ROPEWALK_X86
  if constexpr (has_bf16 && Count == 16) {
    if (!any_subnormal(a, b)) {
      const Register<std::uint16_t, 32> order{{0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                               21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                               11, 27, 12, 28, 13, 29, 14, 30, 15, 31}};
      const __m512i halves =
          _mm512_permutexvar_epi16(reinterpret_cast<__m512i>(order.v),
                                   reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b.v, a.v)));
      return {reinterpret_cast<typename Register<std::uint32_t, Count>::Vector>(halves)};
    }
    return join_upper_halves(bfloat16_of_any(a), bfloat16_of_any(b));
  }
#endif
  if (may_have_nan(a, b)) return join_upper_halves(bfloat16_of_any(a), bfloat16_of_any(b));
  return join_upper_halves(bfloat16_of_numbers(a), bfloat16_of_numbers(b));
}

template <int Count>
ROPEWALK_INLINE Register<std::uint16_t, Count> narrow_bfloat16s(const Register<float, Count>& r) {
#if ROPEWALK_X86
  if constexpr (has_bf16 && Count == 16) {
    if (!any_subnormal(r, r)) {
      return {reinterpret_cast<typename Register<std::uint16_t, Count>::Vector>(
          _mm512_cvtneps_pbh(r.v))};
    }
  }
#endif
  const auto rounded = may_have_nan(r, r) ? bfloat16_of_any(r) : bfloat16_of_numbers(r);
  return convert_lanes<std::uint16_t>(Register<std::uint32_t, Count>{rounded.v >> 16});
}
