// Interleaved rows whose lanes stay where they are.
//
// With every feature doubled, which a load does on the way, no lane changes its place:
//   (out_a, out_b) = (a, a) * (cos_a, sin_b) + (b, b) * (-sin_a, cos_b)
// Half precision must be widened after the load, and then neighbours are swapped instead:
//   (out_a, out_b) = (a, b) * (cos_a, cos_b) + (b, a) * (-sin_a, sin_b)
// The same products and sums as in the formula, to the bit: x + -y is x - y. The table stays in
// registers while the heads go by.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether rows of X, with arithmetic in Arithmetic, take this way.
template <class Arithmetic, class X>
constexpr bool can_double =
    std::is_same_v<Arithmetic, X>
        ? std::is_same_v<X, float> || std::is_same_v<X, double>
        : std::is_same_v<X, Eigen::half>&& std::is_same_v<Arithmetic, float>;

template <class C, int Count>
struct DoubledLanes {
  Register<C, Count> first, second;
};

template <class C, int Count, int... I>
ROPEWALK_INLINE DoubledLanes<C, Count> doubled(const C* x, std::integer_sequence<int, I...>) {
  const auto r = load<C, Count>(x);
#if ROPEWALK_X86
  // From memory these two cost no shuffle; GCC would pick ones that do.
  if constexpr (std::is_same_v<C, float> && Count == 16) {
    return {{_mm512_maskz_moveldup_ps(all_lanes, r.v)}, {_mm512_maskz_movehdup_ps(all_lanes, r.v)}};
  } else if constexpr (std::is_same_v<C, float> && Count == 8) {
    return {{_mm256_moveldup_ps(r.v)}, {_mm256_movehdup_ps(r.v)}};
  }
#endif
  return {{__builtin_shufflevector(r.v, r.v, (I / 2 * 2)...)},
          {__builtin_shufflevector(r.v, r.v, (I / 2 * 2 + 1)...)}};
}

template <class C, int Count, int... I>
ROPEWALK_INLINE DoubledLanes<C, Count> doubled(const Eigen::half* x,
                                               std::integer_sequence<int, I...>) {
  const auto r = load_wide<Count>(x);
#if ROPEWALK_X86
  // Within 128 bits; GCC would pick the shuffles of three cycles that cross them. (r.v, because GCC
  // sends a whole Register that is copied through memory.)
  if constexpr (Count == 16) return {{r.v}, {_mm512_maskz_permute_ps(all_lanes, r.v, 0xb1)}};
  if constexpr (Count == 8) return {{r.v}, {_mm256_permute_ps(r.v, 0xb1)}};
#endif
  return {{r.v}, {__builtin_shufflevector(r.v, r.v, (I ^ 1)...)}};
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

/// Rotates `Group` steps of every row of the batch, from pair i of the part on; see walk_group.
template <bool Nontemporal, int Group, class C, class X, class Tab>
ROPEWALK_INLINE Index walk_doubled_group(const RowBatch<X, X, Tab>& batch,
                                         const WidenedRow<C>& coefficients, const RowPart& part,
                                         Index i) {
  constexpr Index count = register_bytes / int{sizeof(C)};
  constexpr auto order = std::make_integer_sequence<int, static_cast<int>(count)>{};
  const Index end = i + Group * count;
  const Index rest = end == part.pairs ? part.rest : 0;
  DoubledLanes<C, count> table[std::size_t{Group}][2];
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) doubled_table<X>(coefficients, i + g * count, table[g]);
  const RowLayout& layout = batch.layout;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = batch.x + r * layout.x_stride;
    X* out = batch.out + r * layout.out_stride;
    prefetch_features(batch.prefetch, x, out, part.first + i, Group * count);
#pragma GCC unroll 8
    for (int g = 0; g < 2 * Group; ++g) {
      const Index at = 2 * (part.first + i) + g * count;
      const DoubledLanes<C, count> features = doubled<C, count>(x + at, order);
      const auto& with = table[g / 2][g % 2];
      store_narrow<Nontemporal>(out + at, exact_sum(exact_product(features.first, with.first),
                                                    exact_product(features.second, with.second)));
    }
    if (rest != 0) copy_rest<Nontemporal>(batch.prefetch, x, out, 2 * layout.pairs, rest);
  }
  return end;
}

/// Rotates pairs [0, result) of the part of every row; see walk_groups.
template <bool Nontemporal, class C, class X, class Tab>
ROPEWALK_INLINE Index walk_doubled_groups(const RowBatch<X, X, Tab>& batch,
                                          const WidenedRow<C>& coefficients, const RowPart& part) {
  constexpr Index count = register_bytes / int{sizeof(C)};
  Index i = 0;
  while (part.pairs - i >= 4 * count) {
    i = walk_doubled_group<Nontemporal, 4>(batch, coefficients, part, i);
  }
  if constexpr (!Nontemporal) {
    switch ((part.pairs - i) / count) {
      case 3:
        return walk_doubled_group<Nontemporal, 3>(batch, coefficients, part, i);
      case 2:
        return walk_doubled_group<Nontemporal, 2>(batch, coefficients, part, i);
      case 1:
        return walk_doubled_group<Nontemporal, 1>(batch, coefficients, part, i);
      default:
        break;
    }
  }
  return i;
}
