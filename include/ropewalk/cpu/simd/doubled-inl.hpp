// Interleaved rows whose lanes stay where they are.
//
// With every feature doubled, which a load does on the way, no lane changes its place:
//   (out_a, out_b) = (a, a) * (cos_a, sin_b) + (b, b) * (-sin_a, cos_b)
// Half precision must be widened after the load, and then neighbours are swapped instead:
//   (out_a, out_b) = (a, b) * (cos_a, cos_b) + (b, a) * (-sin_a, sin_b)
// The same products and sums as in the formula, to the bit: x + -y is x - y, and a number and its
// negative are rounded alike. By a table of half, in cache, on a Zen 4, ns a KiB: by AVX-512 126 ->
// 108, by AVX2 156 -> 110. The table stays in registers while the heads go by.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether rows of X, with arithmetic in Arithmetic, take this way.
template <class Arithmetic, class X>
constexpr bool can_double = std::is_same_v<X, Eigen::half>
                                ? std::is_same_v<Arithmetic, float> ||
                                      (std::is_same_v<Arithmetic, X> && !has_fp16)
                                : std::is_same_v<Arithmetic, X> &&
                                      !std::is_same_v<X, Eigen::bfloat16>;

template <class C, int Count>
struct DoubledLanes {
  Register<C, Count> first, second;
};

template <class C, int Count, int... I>
ROPEWALK_INLINE DoubledLanes<C, Count> doubled(const C* x, std::integer_sequence<int, I...>) {
#if ROPEWALK_X86 && !ROPEWALK_CLANG
  // From memory these two cost no shuffle; GCC would pick ones that do.
  if constexpr (std::is_same_v<C, float> && Count >= 8) {
    const auto& memory = *reinterpret_cast<const typename Unaligned<C, Count>::Vector*>(x);
    DoubledLanes<C, Count> lanes;
    show_read<C, Count>(x);
    asm("vmovsldup {%1, %0|%0, %1}" : "=v"(lanes.first.v) : "m"(memory));
    asm("vmovshdup {%1, %0|%0, %1}" : "=v"(lanes.second.v) : "m"(memory));
    return lanes;
  }
#endif
  const auto r = load<C, Count>(x);
  return {{__builtin_shufflevector(r.v, r.v, (I / 2 * 2)...)},
          {__builtin_shufflevector(r.v, r.v, (I / 2 * 2 + 1)...)}};
}

/// Lanes 1, 0, 3, 2, ...
template <class C, int Count, int... I>
ROPEWALK_INLINE Register<C, Count> swapped_neighbours(const Register<C, Count>& r,
                                                      std::integer_sequence<int, I...>) {
#if ROPEWALK_X86 && !ROPEWALK_CLANG
  // Within 128 bits; GCC would pick the shuffles of three cycles that cross them.
  if constexpr (Count >= 8) {
    Register<C, Count> swapped;
    asm("vpermilps {$0xb1, %1, %0|%0, %1, 0xb1}" : "=v"(swapped.v) : "v"(r.v));
    return swapped;
  }
#endif
  return {__builtin_shufflevector(r.v, r.v, (I ^ 1)...)};
}

template <class C, int Count, int... I>
ROPEWALK_INLINE DoubledLanes<C, Count> doubled(const Eigen::half* x,
                                               std::integer_sequence<int, I...> order) {
  const auto r = load_wide<Count>(x);
  const auto swapped = swapped_neighbours(r, order);
  return {{r.v}, {swapped.v}};
}

template <class X, class C, int Count>
ROPEWALK_INLINE void doubled_table(const WidenedRow<C>& coefficients, Index i,
                                   DoubledLanes<C, Count> (&table)[2]) {
  constexpr auto order = std::make_integer_sequence<int, Count>{};
  constexpr bool swaps = std::is_same_v<X, Eigen::half>;
  const auto cos_b = load<C, Count>(coefficients.cos_b + i),
             sin_b = load<C, Count>(coefficients.sin_b + i);
  const Register<C, Count> negative{-load<C, Count>(coefficients.sin_a + i).v};
  join_lanes(load<C, Count>(coefficients.cos_a + i), swaps ? cos_b : sin_b, table[0].first,
             table[1].first, order);
  join_lanes(negative, swaps ? sin_b : cos_b, table[0].second, table[1].second, order);
}

/// Whether the second cache is asked for such rows line by line.
constexpr bool doubled_by_lines = register_bytes >= 32;

/// Rotates `Group` steps of every row of the batch, from pair i of the part on; see walk_group.
template <class Arithmetic, int Group, int Count, class X>
ROPEWALK_INLINE Index walk_doubled_group(const RowBatch& batch,
                                         const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                         const RowPart& part, Index i) {
  using C = Carrier<Arithmetic>;
  using Lanes = Value<Arithmetic, Count>;
  constexpr auto order = std::make_integer_sequence<int, Count>{};
  constexpr Index count = Count;
  const RowPart turned = part_of(part, i, Group * count);
  DoubledLanes<C, Count> table[std::size_t{Group}][2];
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) doubled_table<X>(coefficients, i + g * count, table[g]);
  const RowLayout& layout = batch.layout;
  const Index first = turned.first;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
    X* out = moved(static_cast<X*>(batch.out), r * layout.out_stride);
    prefetch_features_l1(batch.prefetch, x, out, first, Group * count);
    if constexpr (!doubled_by_lines) {
      prefetch_features_l2(batch.prefetch, x, first, Group * count);
    }
    const X* from = steps_from(x + 2 * first);
    X* to = steps_from(out + 2 * first);
#pragma GCC unroll 8
    for (int g = 0; g < 2 * Group; ++g) {
      const DoubledLanes<C, Count> features = doubled<C, Count>(from + g * count, order);
      const auto& with = table[g / 2][g % 2];
      store_narrow(to + g * count, sum(product(Lanes{features.first}, Lanes{with.first}),
                                       product(Lanes{features.second}, Lanes{with.second})));
      const PrefetchedStep<Pairing::interleaved, Count / 2, X> prefetched{
          x, first + g * count / 2, layout.pairs, batch.prefetch.x_l2};
      if (doubled_by_lines && prefetched.begins_line(g)) prefetched.prefetch_l2(0);
    }
    end_part<Pairing::interleaved>(batch, batch.prefetch, layout.pairs, turned, r, x, out);
  }
  return i + Group * count;
}
