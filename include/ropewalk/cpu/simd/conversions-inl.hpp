// half and bfloat16 to float and back, by the instructions that a region has.
//
// On x86-64 by their names, not by intrinsics: <immintrin.h> takes half as long to compile as
// Eigen/Core. Both of the assembler's dialects, since users may choose either.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// The halves in memory as floats.
template <int Count>
ROPEWALK_INLINE Register<float, Count> load_halves(const void* from) {
#if ROPEWALK_X86
  if constexpr (has_f16c && Count >= 4) {
    using Halves = typename Unaligned<std::uint16_t, Count>::Vector;
    Register<float, Count> r;
    show_read<std::uint16_t, Count>(from);
    asm("vcvtph2ps {%1, %0|%0, %1}" : "=v"(r.v) : "m"(*static_cast<const Halves*>(from)));
    return r;
  }
#elif ROPEWALK_NEON
  if constexpr (Count == 4) {
    const auto halves = load<std::uint16_t, Count>(from);
    return {vcvt_f32_f16(reinterpret_cast<float16x4_t>(halves.v))};
  }
#endif
  return widen_half_lanes(load<std::uint16_t, Count>(from));
}

template <int Count>
ROPEWALK_INLINE Register<std::uint16_t, Count> narrow_halves(const Register<float, Count>& r) {
#if ROPEWALK_X86
  if constexpr (has_f16c && Count >= 8) {
    Register<std::uint16_t, Count> halves;
    asm("vcvtps2ph {$0, %1, %0|%0, %1, 0}" : "=v"(halves.v) : "v"(r.v));
    return halves;
  } else if constexpr (has_f16c && Count == 4) {
    Register<std::uint16_t, 8> halves;
    asm("vcvtps2ph {$0, %1, %0|%0, %1, 0}" : "=v"(halves.v) : "v"(r.v));
    return {__builtin_shufflevector(halves.v, halves.v, 0, 1, 2, 3)};
  }
#elif ROPEWALK_NEON
  if constexpr (Count == 4) {
    using Halves = typename Register<std::uint16_t, Count>::Vector;
    return {reinterpret_cast<Halves>(vcvt_f16_f32(r.v))};
  }
#endif
  return narrow_half_lanes(r);
}

template <int Count>
ROPEWALK_INLINE void store_halves(void* to, const Register<float, Count>& r) {
#if ROPEWALK_X86 && !ROPEWALK_MEMORY_IS_WATCHED
  if constexpr (has_f16c && Count >= 4) {
    using Halves = typename Unaligned<std::uint16_t, Count>::Vector;
    asm("vcvtps2ph {$0, %1, %0|%0, %1, 0}" : "=m"(*static_cast<Halves*>(to)) : "v"(r.v));
    return;
  }
#endif
  store(to, narrow_halves(r));
}

/// The floats rounded to half, as floats.
template <int Count>
ROPEWALK_INLINE Register<float, Count> rounded_to_half(const Register<float, Count>& r) {
  const Register<std::uint16_t, Count> halves = narrow_halves(r);
#if ROPEWALK_X86
  if constexpr (has_f16c && Count >= 8) {
    Register<float, Count> rounded;
    asm("vcvtph2ps {%1, %0|%0, %1}" : "=v"(rounded.v) : "v"(halves.v));
    return rounded;
  } else if constexpr (has_f16c && Count == 4) {
    const Register<std::uint16_t, 8> lower{
        __builtin_shufflevector(halves.v, halves.v, 0, 1, 2, 3, -1, -1, -1, -1)};
    Register<float, Count> rounded;
    asm("vcvtph2ps {%1, %0|%0, %1}" : "=v"(rounded.v) : "v"(lower.v));
    return rounded;
  }
#elif ROPEWALK_NEON
  if constexpr (Count == 4) return {vcvt_f32_f16(reinterpret_cast<float16x4_t>(halves.v))};
#endif
  return widen_half_lanes(halves);
}

#if ROPEWALK_X86
/// The conversion to bfloat16 takes subnormal floats for zero; everything else it rounds as we do.
template <int Count>
ROPEWALK_INLINE bool any_subnormal(const Register<float, Count>& a,
                                   const Register<float, Count>& b) {
  std::uint16_t in_a, in_b;
  int none;
  asm("vfpclassps {$0x20, %3, %0|%0, %3, 0x20}\n\t"
      "vfpclassps {$0x20, %4, %1|%1, %4, 0x20}\n\t"
      "kortestw {%1, %0|%0, %1}"
      : "=&Yk"(in_a), "=&Yk"(in_b), "=@ccz"(none)
      : "v"(a.v), "v"(b.v));
  return __builtin_expect(none == 0, 0);
}
#endif

/// Whether any lane of a or b is NaN. One comparison and a branch are cheaper than putting every
/// NaN right; not by the compiler's comparison of vectors, which -ffinite-math-only decides itself.
template <int Count>
ROPEWALK_INLINE bool may_have_nan(const Register<float, Count>& a,
                                  const Register<float, Count>& b) {
#if ROPEWALK_X86
  if constexpr (Count == 16) {
    std::uint16_t unordered;
    int none;
    asm("vcmpps {$3, %3, %2, %0|%0, %2, %3, 3}\n\t"
        "kortestw {%0, %0|%0, %0}"
        : "=&Yk"(unordered), "=@ccz"(none)
        : "v"(a.v), "v"(b.v));
    return __builtin_expect(none == 0, 0);
  }
  Register<float, Count> unordered = a;
  int found = 0;
  if constexpr (has_f16c && (Count == 8 || Count == 4)) {
    asm("vcmpps {$3, %2, %1, %0|%0, %1, %2, 3}" : "=x"(unordered.v) : "x"(a.v), "x"(b.v));
    asm("vmovmskps {%1, %0|%0, %1}" : "=r"(found) : "x"(unordered.v));
  } else if constexpr (Count == 4) {
    asm("cmpps {$3, %1, %0|%0, %1, 3}" : "+x"(unordered.v) : "x"(b.v));
    asm("movmskps {%1, %0|%0, %1}" : "=r"(found) : "x"(unordered.v));
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

/// The floats rounded to bfloat16, as floats; no NaNs but with a lower half of zero.
template <int Count>
ROPEWALK_INLINE Register<float, Count> rounded_to_bfloat16(const Register<float, Count>& r) {
#if ROPEWALK_X86
  if constexpr (Count == 16) {
    // A mask for what is odd takes one operation less.
    const auto bits = as_bits<std::uint32_t>(r);
    Register<std::uint32_t, Count> sum{bits.v + 0x7fffu};
    std::uint16_t odd;
    asm("vptestmd {%2, %1, %0|%0, %1, %2}"
        : "=Yk"(odd)
        : "v"(bits.v), "v"(broadcast<std::uint32_t, Count>(0x10000u).v));
    asm("vpaddd {%3, %2, %0%{%1%}|%0%{%1%}, %2, %3}"
        : "+v"(sum.v)
        : "Yk"(odd), "v"(bits.v), "v"(broadcast<std::uint32_t, Count>(0x8000u).v));
    return as_bits<float>(Register<std::uint32_t, Count>{sum.v & 0xffff0000u});
  }
#endif
  const Register<std::uint32_t, Count> upper{bfloat16_of_numbers(r).v & 0xffff0000u};
  return as_bits<float>(upper);
}

/// Lanes 0, 2, 4, ... of even and 1, 3, 5, ... of odd.
template <class S, int Count, int... I>
ROPEWALK_INLINE Register<S, Count> blend_lanes(const Register<S, Count>& even,
                                               const Register<S, Count>& odd,
                                               std::integer_sequence<int, I...>) {
  return {__builtin_shufflevector(even.v, odd.v, (I + I % 2 * Count)...)};
}

/// (a0, b0, a1, b1, ...) rounded to bfloat16; no NaNs but with a lower half of zero.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_numbers(const Register<float, Count>& a,
                                                            const Register<float, Count>& b) {
  if constexpr (this_isa == Isa::avx2) {
    // What is cut off is compared with a half, or, where what is left is odd, with a bit less: of
    // both numbers at once, 9 operations where adding to each and joining them takes 11.
    constexpr auto order = std::make_integer_sequence<int, 2 * Count>{};
    const auto bits_a = as_bits<std::uint32_t>(a), bits_b = as_bits<std::uint32_t>(b);
    const Register<std::uint32_t, Count> upper_a{bits_a.v >> 16}, lower_b{bits_b.v << 16};
    const auto upper =
        blend_lanes(as_bits<std::uint16_t>(upper_a), as_bits<std::uint16_t>(bits_b), order);
    const auto lower =
        blend_lanes(as_bits<std::uint16_t>(bits_a), as_bits<std::uint16_t>(lower_b), order);
    const Register<std::uint16_t, 2 * Count> above{lower.v ^ 0x8000}, last_bit{upper.v << 15};
    const Register<std::int16_t, 2 * Count> odd{as_bits<std::int16_t>(last_bit).v >> 15};
    const Register<std::int16_t, 2 * Count> up{as_bits<std::int16_t>(above).v > odd.v};
    return as_bits<std::uint32_t>(
        Register<std::uint16_t, 2 * Count>{upper.v - as_bits<std::uint16_t>(up).v});
  }
  return join_upper_halves(bfloat16_of_numbers(a), bfloat16_of_numbers(b));
}

#if ROPEWALK_X86
/// The same of any that are not subnormal, by the conversion to bfloat16.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_by_conversion(const Register<float, Count>& a,
                                                                  const Register<float, Count>& b) {
  Register<std::uint16_t, 2 * Count> halves;  // of a, then of b
  asm("vcvtne2ps2bf16 {%1, %2, %0|%0, %2, %1}" : "=v"(halves.v) : "v"(a.v), "v"(b.v));
  return as_bits<std::uint32_t>(Register<std::uint16_t, 2 * Count>{__builtin_shufflevector(
      halves.v, halves.v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10,
      26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)});
}

/// Takes from `all` the bits of those words of 16 bits that have none of `bits`, given twice. Each
/// time by a new mask: one that goes on waits for the time before, 16 cycles on a Zen 4.
template <int Count>
ROPEWALK_INLINE void take_without(std::uint32_t& all, const Register<std::uint32_t, Count>& words,
                                  std::uint32_t bits) {
  std::uint32_t some;
  asm("vptestmw {%2, %1, %0|%0, %1, %2}"
      : "=Yk"(some)
      : "v"(words.v), "v"(broadcast<std::uint32_t, Count>(bits).v));
  all &= some;
}

/// Takes from `all` the bits of those bfloat16s that are zero.
template <int Count>
ROPEWALK_INLINE void take_zeros(std::uint32_t& all, const Register<std::uint32_t, Count>& words) {
  take_without(all, words, 0x7fff7fffu);
}
#endif

/// (a0, b0, a1, b1, ...) rounded to bfloat16.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_bfloat16(const Register<float, Count>& a,
                                                             const Register<float, Count>& b) {
#if ROPEWALK_X86
  if constexpr (has_bf16 && Count == 16) {
    if (any_subnormal(a, b)) return join_upper_halves(bfloat16_of_any(a), bfloat16_of_any(b));
    return pack_by_conversion(a, b);
  }
#endif
  if (may_have_nan(a, b)) return join_upper_halves(bfloat16_of_any(a), bfloat16_of_any(b));
  return pack_numbers(a, b);
}

template <int Count>
ROPEWALK_INLINE Register<std::uint16_t, Count> narrow_bfloat16s(const Register<float, Count>& r) {
#if ROPEWALK_X86
  if constexpr (has_bf16 && Count == 16) {
    if (!any_subnormal(r, r)) {
      Register<std::uint16_t, Count> halves;
      asm("vcvtneps2bf16 {%1, %0|%0, %1}" : "=v"(halves.v) : "v"(r.v));
      return halves;
    }
  }
#endif
  const auto rounded = may_have_nan(r, r) ? bfloat16_of_any(r) : bfloat16_of_numbers(r);
  return convert_lanes<std::uint16_t>(Register<std::uint32_t, Count>{rounded.v >> 16});
}
