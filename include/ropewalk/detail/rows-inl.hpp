// The rows of the fused form, written once for every instruction set that has vector registers.
//
// Included by detail/dispatch.hpp inside a target region, once per instruction set, with
//   ROPEWALK_ISA        its name, which becomes the namespace
//   ROPEWALK_ISA_BYTES  the width of its registers
// No include guard and no includes: what stands here is compiled for that instruction set only.

namespace ROPEWALK_ISA {

#include "ropewalk/detail/registers-inl.hpp"

#include "ropewalk/detail/formula-inl.hpp"

constexpr int register_bytes = ROPEWALK_ISA_BYTES;
constexpr bool has_f16c = Isa::ROPEWALK_ISA >= Isa::avx2;
constexpr bool has_bf16 = Isa::ROPEWALK_ISA == Isa::avx512bf16;

// The masked forms of conversions, with all lanes, are the same instructions; the plain ones make
// GCC 12 warn of the undefined operand in its own header.
constexpr std::uint16_t all_lanes = 0xffff;

// Conversions ---------------------------------------------------------------------------------------

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
  return __builtin_expect(_mm512_kor(in_a, in_b) != 0, 0);
}
#endif

/// (a0, b0, a1, b1, ...) rounded to bfloat16.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> pack_bfloat16(const Register<float, Count>& a,
                                                             const Register<float, Count>& b) {
#if ROPEWALK_X86
  if constexpr (has_bf16 && Count == 16) {
    if (!any_subnormal(a, b)) {
      const Register<std::uint16_t, 32> order{
          {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
           8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31}};
      const __m512i halves = _mm512_permutexvar_epi16(
          reinterpret_cast<__m512i>(order.v),
          reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b.v, a.v)));
      return {reinterpret_cast<typename Register<std::uint32_t, Count>::Vector>(halves)};
    }
  }
#endif
  return {(bfloat16_in_upper_half(a).v >> 16) | (bfloat16_in_upper_half(b).v & 0xffff0000u)};
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
  return convert_lanes<std::uint16_t>(
      Register<std::uint32_t, Count>{bfloat16_in_upper_half(r).v >> 16});
}

// Memory ---------------------------------------------------------------------------------------------

template <bool Stream, class S, int Count>
ROPEWALK_INLINE void put(void* to, const Register<S, Count>& r) {
#if ROPEWALK_X86
  if constexpr (Stream && sizeof(r) == 64) {
    _mm512_stream_si512(static_cast<__m512i*>(to), reinterpret_cast<__m512i>(r.v));
    return;
  } else if constexpr (Stream && sizeof(r) == 32) {
    _mm256_stream_si256(static_cast<__m256i*>(to), reinterpret_cast<__m256i>(r.v));
    return;
  } else if constexpr (Stream && sizeof(r) == 16) {
    _mm_stream_si128(static_cast<__m128i*>(to), reinterpret_cast<__m128i>(r.v));
    return;
  }
#endif
  store(to, r);
}

template <int Count, class T>
ROPEWALK_INLINE Register<Carrier<T>, Count> load_wide(const T* from) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    return widen_halves(load<std::uint16_t, Count>(from));
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    const auto bits = convert_lanes<std::uint32_t>(load<std::uint16_t, Count>(from));
    return as_bits<float>(Register<std::uint32_t, Count>{bits.v << 16});
  } else {
    return load<T, Count>(from);
  }
}

template <bool Stream, class T, int Count>
ROPEWALK_INLINE void store_narrow(T* to, const Register<Carrier<T>, Count>& r) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    put<Stream>(to, narrow_halves(r));
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    put<Stream>(to, narrow_bfloat16s(r));
  } else {
    put<Stream>(to, r);
  }
}

/// The features of pairs i, i + 1, ... of a row: first those that come first, then their partners.
template <Pairing In, int Count, class X>
ROPEWALK_INLINE void load_pairs(const X* x, Index i, Index pairs, Register<Carrier<X>, Count>& a,
                                Register<Carrier<X>, Count>& b) {
  if constexpr (In == Pairing::half) {
    a = load_wide<Count>(x + i);
    b = load_wide<Count>(x + pairs + i);
  } else if constexpr (std::is_same_v<X, Eigen::bfloat16>) {
    const auto both = load<std::uint32_t, Count>(x + 2 * i);
    a = as_bits<float>(Register<std::uint32_t, Count>{both.v << 16});
    b = as_bits<float>(Register<std::uint32_t, Count>{both.v & 0xffff0000u});
  } else {
    const auto low = load_wide<Count>(x + 2 * i);
    const auto high = load_wide<Count>(x + 2 * i + Count);
    split_lanes(low, high, a, b, std::make_integer_sequence<int, Count>{});
  }
}

template <Pairing To, bool Stream, int Count, class Out>
ROPEWALK_INLINE void store_pairs(Out* out, Index i, Index pairs,
                                 const Register<Carrier<Out>, Count>& a,
                                 const Register<Carrier<Out>, Count>& b) {
  if constexpr (To == Pairing::half) {
    store_narrow<Stream>(out + i, a);
    store_narrow<Stream>(out + pairs + i, b);
  } else if constexpr (std::is_same_v<Out, Eigen::bfloat16>) {
    put<Stream>(out + 2 * i, pack_bfloat16(a, b));
  } else {
    Register<Carrier<Out>, Count> low, high;
    join_lanes(a, b, low, high, std::make_integer_sequence<int, Count>{});
    store_narrow<Stream>(out + 2 * i, low);
    store_narrow<Stream>(out + 2 * i + Count, high);
  }
}

// Arithmetic -----------------------------------------------------------------------------------------

template <class To, class S, int Count>
ROPEWALK_INLINE Register<To, Count> in_carrier(const Register<S, Count>& r) {
  if constexpr (std::is_same_v<To, S>) {
    return r;
  } else {
    return convert_lanes<To>(r);
  }
}

/// Lanes whose arithmetic is in P.
template <class P, int Count>
struct Value {
  Register<Carrier<P>, Count> lanes;
};

template <class P, int Count>
ROPEWALK_INLINE Value<P, Count> rounded(const Register<Carrier<P>, Count>& r) {
  if constexpr (std::is_same_v<P, Eigen::half>) {
    return {widen_halves(narrow_halves(r))};
  } else if constexpr (std::is_same_v<P, Eigen::bfloat16>) {
    const Register<std::uint32_t, Count> upper{bfloat16_in_upper_half(r).v & 0xffff0000u};
    return {as_bits<float>(upper)};
  } else {
    return {r};
  }
}

template <class P, int Count>
ROPEWALK_INLINE Value<P, Count> product(const Value<P, Count>& a, const Value<P, Count>& b) {
  return rounded<P>(exact_product(a.lanes, b.lanes));
}

template <class P, int Count>
ROPEWALK_INLINE Value<P, Count> sum(const Value<P, Count>& a, const Value<P, Count>& b) {
  return rounded<P>(exact_sum(a.lanes, b.lanes));
}

template <class P, int Count>
ROPEWALK_INLINE Value<P, Count> difference(const Value<P, Count>& a, const Value<P, Count>& b) {
  return rounded<P>(exact_difference(a.lanes, b.lanes));
}

// The table ------------------------------------------------------------------------------------------

constexpr Index most_pairs = 256;

/// A token's coefficients in the carrier type, one after the other: the table's own memory where
/// it is like that, otherwise a copy made once for all heads.
template <class C>
struct WideLanes {
  const C* cos_a;
  const C* cos_b;
  const C* sin_a;
  const C* sin_b;
};

template <class C>
struct LaneScratch {
  alignas(64) C lanes[4][most_pairs];
};

template <int Count, class C, class Tab>
ROPEWALK_INLINE Index widen_steps(const Lanes<Tab>& from, Index i, Index pairs, C* to) {
  if (from.stride == 1) {
    for (; i + Count <= pairs; i += Count) {
      store(to + i, in_carrier<C>(load_wide<Count>(from.data + i)));
    }
  } else if (from.stride == 2) {
    // The last of the 2 * Count entries read may lie outside the table where i + Count == pairs.
    for (; i + Count < pairs; i += Count) {
      Register<Carrier<Tab>, Count> even, odd;
      load_pairs<Pairing::interleaved, Count>(from.data, i, pairs, even, odd);
      store(to + i, in_carrier<C>(even));
    }
  }
  return i;
}

template <class C, class Tab>
ROPEWALK_INLINE const C* widen_lanes(const Lanes<Tab>& from, Index first, Index pairs, C* scratch) {
  if constexpr (std::is_same_v<C, Tab>) {
    if (from.stride == 1) return from.data + first;
  }
  const Lanes<Tab> lanes{from.data + first * from.stride, from.stride};
  Index i = widen_steps<register_bytes / int{sizeof(C)}>(lanes, 0, pairs, scratch);
  i = widen_steps<16 / int{sizeof(C)}>(lanes, i, pairs, scratch);
  for (; i < pairs; ++i) scratch[i] = static_cast<C>(widen(lanes.data[i * lanes.stride]));
  return scratch;
}

template <class C, class Tab>
ROPEWALK_INLINE WideLanes<C> wide_lanes(const PairLanes<Tab>& from, Index offset, Index first,
                                        Index pairs, LaneScratch<C>& scratch) {
  const auto at = [&](const Lanes<Tab>& lanes) {
    return Lanes<Tab>{lanes.data + offset, lanes.stride};
  };
  WideLanes<C> wide;
  wide.cos_a = widen_lanes(at(from.cos_a), first, pairs, scratch.lanes[0]);
  wide.sin_a = widen_lanes(at(from.sin_a), first, pairs, scratch.lanes[1]);
  wide.cos_b = from.cos_b.data == from.cos_a.data
                   ? wide.cos_a
                   : widen_lanes(at(from.cos_b), first, pairs, scratch.lanes[2]);
  wide.sin_b = from.sin_b.data == from.sin_a.data
                   ? wide.sin_a
                   : widen_lanes(at(from.sin_b), first, pairs, scratch.lanes[3]);
  return wide;
}

// Rows -----------------------------------------------------------------------------------------------

/// One row of pairs [first, first + count) of `pairs`.
template <class P, class Out, class X>
struct Row {
  Out* out;
  const X* x;
  WideLanes<Carrier<P>> lanes;
  Index first, count, pairs;
};

template <class P, Pairing In, Pairing To, bool Stream, int Count, class Out, class X>
ROPEWALK_INLINE Index rotate_steps(const Row<P, Out, X>& row, Index i) {
  using C = Carrier<P>;
  for (; i + Count <= row.count; i += Count) {
    Register<Carrier<X>, Count> x_a, x_b;
    load_pairs<In>(row.x, row.first + i, row.pairs, x_a, x_b);
    const Value<P, Count> a{in_carrier<C>(x_a)}, b{in_carrier<C>(x_b)};
    const Value<P, Count> cos_a{load<C, Count>(row.lanes.cos_a + i)};
    const Value<P, Count> cos_b{load<C, Count>(row.lanes.cos_b + i)};
    const Value<P, Count> sin_a{load<C, Count>(row.lanes.sin_a + i)};
    const Value<P, Count> sin_b{load<C, Count>(row.lanes.sin_b + i)};
    store_pairs<To, Stream>(row.out, row.first + i, row.pairs,
                            in_carrier<Carrier<Out>>(rotated_first(a, b, cos_a, sin_a).lanes),
                            in_carrier<Carrier<Out>>(rotated_second(a, b, cos_b, sin_b).lanes));
  }
  return i;
}

/// The last pairs, fewer than the narrowest register has lanes, by way of a copy that has room.
template <class P, Pairing In, Pairing To, int Count, class Out, class X>
ROPEWALK_INLINE void rotate_tail(const Row<P, Out, X>& row, Index i) {
  const Index count = row.count - i;
  if (count == 0) return;
  X x[2 * Count];
  Out out[2 * Count];
  Carrier<P> lanes[4][Count];
  const Carrier<P>* sources[4] = {row.lanes.cos_a, row.lanes.cos_b, row.lanes.sin_a,
                                  row.lanes.sin_b};
  for (Index j = 0; j < Count; ++j) {
    const Index pair = j < count ? i + j : i;
    const Index at = row.first + pair;
    constexpr bool half_in = In == Pairing::half;
    x[half_in ? j : 2 * j] = row.x[half_in ? at : 2 * at];
    x[half_in ? Count + j : 2 * j + 1] = row.x[half_in ? row.pairs + at : 2 * at + 1];
    for (int k = 0; k < 4; ++k) lanes[k][j] = sources[k][pair];
  }
  const Row<P, Out, X> copy{out, x, {lanes[0], lanes[1], lanes[2], lanes[3]}, 0, Count, Count};
  rotate_steps<P, In, To, false, Count>(copy, 0);
  for (Index j = 0; j < count; ++j) {
    const Index at = row.first + i + j;
    constexpr bool half_out = To == Pairing::half;
    row.out[half_out ? at : 2 * at] = out[half_out ? j : 2 * j];
    row.out[half_out ? row.pairs + at : 2 * at + 1] = out[half_out ? Count + j : 2 * j + 1];
  }
}

template <class P, Pairing In, Pairing To, bool Stream, class Out, class X>
ROPEWALK_INLINE void rotate_row(const Row<P, Out, X>& row) {
  constexpr int lanes = register_bytes / int{sizeof(Carrier<P>)};
  constexpr int least = 16 / int{sizeof(Carrier<P>)};
  Index i = rotate_steps<P, In, To, Stream, lanes>(row, 0);
  if constexpr (lanes >= 4 * least) i = rotate_steps<P, In, To, false, lanes / 2>(row, i);
  if constexpr (lanes >= 2 * least) i = rotate_steps<P, In, To, false, least>(row, i);
  rotate_tail<P, In, To, least>(row, i);
}

/// Streaming stores need aligned addresses; rows that are not aligned are stored as usual.
template <class Out, class X, class Tab>
ROPEWALK_INLINE bool can_stream(const RowBatch<Out, X, Tab>& batch) {
  const auto bytes = [](Index count) {
    return static_cast<std::uintptr_t>(count) * sizeof(Out);
  };
  return batch.stream && (reinterpret_cast<std::uintptr_t>(batch.out) | bytes(batch.out_stride) |
                          bytes(batch.pairs)) % register_bytes == 0;
}

template <class P, Pairing In, Pairing To, class Out, class X, class Tab>
void rotate_rows(const RowBatch<Out, X, Tab>& batch) {
  using C = Carrier<P>;
  const bool stream = can_stream(batch);
  LaneScratch<C> scratch;
  for (Index first = 0; first < batch.pairs; first += most_pairs) {
    const Index left = batch.pairs - first;
    const Index count = left < most_pairs ? left : most_pairs;
    WideLanes<C> lanes{};
    for (Index r = 0; r < batch.rows; ++r) {
      if (r == 0 || batch.lane_stride != 0) {
        lanes = wide_lanes(batch.lanes, r * batch.lane_stride, first, count, scratch);
      }
      const Row<P, Out, X> row{batch.out + r * batch.out_stride, batch.x + r * batch.x_stride,
                               lanes, first, count, batch.pairs};
      if (stream) {
        rotate_row<P, In, To, true>(row);
      } else {
        rotate_row<P, In, To, false>(row);
      }
    }
  }
}

}  // namespace ROPEWALK_ISA
