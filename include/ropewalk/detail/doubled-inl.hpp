// Interleaved rows of float or double without shuffles.
//
// With every feature doubled, which a load does on the way, no lane changes its place:
//   (out_a, out_b) = (a, a) * (cos_a, sin_b) + (b, b) * (-sin_a, cos_b)
// The same products and sums as in the formula, to the bit: x + -y is x - y. The doubled table
// stays in registers while the heads go by.
//
// Stands in every target region: see detail/dispatch.hpp.

template <class C>
constexpr bool can_double = std::is_same_v<C, float> || std::is_same_v<C, double>;

template <class C, int Count>
struct DoubledLanes {
  Register<C, Count> first, second;
};

template <class C, int Count, int... I>
ROPEWALK_INLINE DoubledLanes<C, Count> doubled_lanes(const C* x, std::integer_sequence<int, I...>) {
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

template <class C, int Count>
ROPEWALK_INLINE void doubled_table(const WideLanes<C>& lanes, Index i,
                                   DoubledLanes<C, Count> (&doubled)[2]) {
  constexpr auto order = std::make_integer_sequence<int, Count>{};
  const auto sin_a = load<C, Count>(lanes.sin_a + i);
  const Register<C, Count> negative{-sin_a.v};
  join_lanes(load<C, Count>(lanes.cos_a + i), load<C, Count>(lanes.sin_b + i), doubled[0].first,
             doubled[1].first, order);
  join_lanes(negative, load<C, Count>(lanes.cos_b + i), doubled[0].second, doubled[1].second,
             order);
}

/// Rotates pairs [0, result) of every row of the batch.
template <bool Stream, class C, class Tab>
ROPEWALK_INLINE Index rotate_doubled(const RowBatch<C, C, Tab>& batch, const WideLanes<C>& lanes,
                                     Index first, Index pairs) {
  constexpr int count = register_bytes / int{sizeof(C)};
  constexpr int group = 8;
  Index i = 0;
  for (; i + group / 2 * count <= pairs; i += group / 2 * count) {
    DoubledLanes<C, count> table[group / 2][2];
#pragma GCC unroll 4
    for (int g = 0; g < group / 2; ++g) doubled_table(lanes, i + g * count, table[g]);
    for (Index r = 0; r < batch.rows; ++r) {
      const C* x = batch.x + r * batch.x_stride;
      C* out = batch.out + r * batch.out_stride;
      fetch_ahead(batch, x, out, first + i, group / 2 * count);
#pragma GCC unroll 8
      for (int g = 0; g < group; ++g) {
        const auto features = doubled_lanes<C, count>(x + 2 * (first + i) + g * count,
                                                      std::make_integer_sequence<int, count>{});
        const auto& with = table[g / 2][g % 2];
        put<Stream>(out + 2 * (first + i) + g * count,
                    exact_sum(exact_product(features.first, with.first),
                              exact_product(features.second, with.second)));
      }
    }
  }
  return i;
}
