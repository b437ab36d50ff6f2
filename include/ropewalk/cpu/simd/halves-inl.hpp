// Rows of half that share a row of a table of half, or one row alone, where the processor itself
// computes in half: its products and sums are the rounded ones, with no way to float and back.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether rows take this way.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
constexpr bool has_half_steps = (From == To) && (has_fp16) &&
                                std::is_same_v<Arithmetic, Eigen::half>&& std::is_same_v<
                                    X, Eigen::half>&& std::is_same_v<Out, X>;

template <int Count>
struct HalfLanes {
  Register<std::uint16_t, Count> bits;
};

#if ROPEWALK_X86
#define ROPEWALK_HALF_STEP(name, instruction)                                                    \
  template <int Count>                                                                           \
  ROPEWALK_INLINE HalfLanes<Count> name(const HalfLanes<Count>& a, const HalfLanes<Count>& b) {  \
    HalfLanes<Count> r;                                                                          \
    asm(instruction " {%2, %1, %0|%0, %1, %2}" : "=v"(r.bits.v) : "v"(a.bits.v), "v"(b.bits.v)); \
    return r;                                                                                    \
  }
ROPEWALK_HALF_STEP(product, "vmulph")
ROPEWALK_HALF_STEP(sum, "vaddph")
ROPEWALK_HALF_STEP(difference, "vsubph")
#undef ROPEWALK_HALF_STEP
#endif

/// The coefficients of the pairs whose features fill a step: those of feature 2 i and of 2 i + 1
/// next to each other for interleaved pairs; each for itself for half pairs.
template <int Count>
struct HalfCoefficients {
  HalfLanes<Count> cos_a, cos_b, sin_a, sin_b;
};

/// Floats that are halves, as halves: the lanes of low, and behind them those of high. By way of
/// memory two stores and one load of both would wait for each other.
template <int Count, int... I>
ROPEWALK_INLINE HalfLanes<2 * Count> half_lanes(const Register<float, Count>& low,
                                                const Register<float, Count>& high,
                                                std::integer_sequence<int, I...>) {
  return {{__builtin_shufflevector(narrow_halves(low).v, narrow_halves(high).v, I...)}};
}

/// `Count` coefficients that are halves, as floats in memory.
template <int Count>
ROPEWALK_INLINE HalfLanes<Count> half_lanes(const float* from) {
  if constexpr (Count == 32) {
    return half_lanes(load<float, 16>(from), load<float, 16>(from + 16),
                      std::make_integer_sequence<int, 32>{});
  } else {
    return {narrow_halves(load<float, Count>(from))};
  }
}

/// `Count / 2` of each, from two arrays by turns.
template <int Count>
ROPEWALK_INLINE HalfLanes<Count> half_lanes_by_turns(const float* first, const float* second) {
  constexpr int half = Count / 2;
  Register<float, half> low, high;
  join_lanes(load<float, half>(first), load<float, half>(second), low, high,
             std::make_integer_sequence<int, half>{});
  return half_lanes(low, high, std::make_integer_sequence<int, Count>{});
}

template <Pairing Of, int Count>
ROPEWALK_INLINE HalfCoefficients<Count> half_coefficients(const WidenedRow<float>& from, Index i) {
  if constexpr (Of == Pairing::half) {
    return {half_lanes<Count>(from.cos_a + i), half_lanes<Count>(from.cos_b + i),
            half_lanes<Count>(from.sin_a + i), half_lanes<Count>(from.sin_b + i)};
  } else {
    const auto cos = half_lanes_by_turns<Count>(from.cos_a + i, from.cos_b + i);
    auto sin = half_lanes_by_turns<Count>(from.sin_a + i, from.sin_b + i);
    // The first of a pair is a difference: of its product the sign changes, and nothing else.
    sin.bits = as_bits<std::uint16_t>(
        Register<std::uint32_t, Count / 2>{as_bits<std::uint32_t>(sin.bits).v ^ 0x8000u});
    return {cos, cos, sin, sin};
  }
}

/// Turns the pairs of `Count` lanes, or of twice as many for half pairs, from pair `at` on.
template <Pairing Of, int Count, class Step>
ROPEWALK_INLINE void rotate_halves(Eigen::half* out, const Eigen::half* x, Index at, Index pairs,
                                   const HalfCoefficients<Count>& with, const Step& prefetched) {
  prefetched.prefetch_l2(0);
  const Index first = first_feature(Of, at);
  const HalfLanes<Count> a{load<std::uint16_t, Count>(x + first)};
  if constexpr (Of == Pairing::half) {
    const HalfLanes<Count> b{load<std::uint16_t, Count>(x + pairs + first)};
    store(out + first, rotated_first(a, b, with.cos_a, with.sin_a).bits);
    prefetched.prefetch_l2(1);
    store(out + pairs + first, rotated_second(a, b, with.cos_b, with.sin_b).bits);
  } else {
    const auto both = as_bits<std::uint32_t>(a.bits);
    const HalfLanes<Count> swapped{as_bits<std::uint16_t>(
        Register<std::uint32_t, Count / 2>{(both.v << 16) | (both.v >> 16)})};
    store(out + first, rotated_second(swapped, a, with.cos_b, with.sin_b).bits);
  }
}

/// Rotates `Group` steps of `Count` lanes of every row of the batch, from pair i of the part on;
/// see walk_group.
template <Pairing Of, int Group, int Count>
ROPEWALK_INLINE Index walk_half_group(const RowBatch& batch, const WidenedRow<float>& coefficients,
                                      const RowPart& part, Index i) {
  constexpr Index count = Of == Pairing::half ? Count : Count / 2;
  const RowLayout layout = batch.layout;
  const PrefetchDistances distances = batch.prefetch;
  const RowPart turned = part_of(part, i, Group * count);
  HalfCoefficients<Count> table[std::size_t{Group}];
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) {
    table[g] = half_coefficients<Of, Count>(coefficients, i + g * count);
  }
  const Index first = turned.first;
  for (Index r = 0; r < batch.rows; ++r) {
    const auto* x = moved(static_cast<const Eigen::half*>(batch.x), r * layout.x_stride);
    auto* out = moved(static_cast<Eigen::half*>(batch.out), r * layout.out_stride);
    prefetch_features_l1(distances, x, out, first, Group * count);
    const auto* from = steps_from(x + first_feature(Of, first));
    auto* to = steps_from(out + first_feature(Of, first));
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      const PrefetchedStep<Of, int{count}, Eigen::half> prefetched{x, first + g * count,
                                                                   layout.pairs, distances.x_l2};
      rotate_halves<Of>(to, from, g * count, layout.pairs, table[g], prefetched);
    }
    end_part<Of>(batch, distances, layout.pairs, turned, r, x, out);
  }
  return i + Group * count;
}

/// Rotates pairs [i, result) of the part of every row; see walk_groups.
template <Pairing Of, int Count>
ROPEWALK_INLINE Index walk_half_groups(const RowBatch& batch, const WidenedRow<float>& coefficients,
                                       const RowPart& part, Index i) {
  constexpr Index count = Of == Pairing::half ? Count : Count / 2;
  if constexpr (Count == 32) {
    constexpr int most = Of == Pairing::half ? 2 : 4;
    while (part.pairs - i >= most * count) {
      i = walk_half_group<Of, most, Count>(batch, coefficients, part, i);
    }
  }
  while (part.pairs - i >= count) {
    i = walk_half_group<Of, 1, Count>(batch, coefficients, part, i);
  }
  if constexpr (Count > 8) return walk_half_groups<Of, Count / 2>(batch, coefficients, part, i);
  return i;
}
