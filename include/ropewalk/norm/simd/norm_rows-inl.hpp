// Rows normalised, once for every instruction set.
//
// Included by norm/kernels.hpp inside a target region and the namespace of cpu/simd/rows-inl.hpp.
// No include guard.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

// In this order.
#include "ropewalk/norm/simd/neighbours-inl.hpp"
#include "ropewalk/norm/simd/sums-inl.hpp"

// 1 / rms -----------------------------------------------------------------------------------------

// Division and root by name: -ffast-math makes estimates of the compiler's.
template <int Count>
ROPEWALK_INLINE Register<float, Count> quotient(const Register<float, Count>& a,
                                                const Register<float, Count>& b) {
  Register<float, Count> r = a;
#if ROPEWALK_X86
  if constexpr (register_bytes == 16) {
    asm("divps {%1, %0|%0, %1}" : "+x"(r.v) : "x"(b.v));
  } else {
    asm("vdivps {%2, %1, %0|%0, %1, %2}" : "=x"(r.v) : "x"(a.v), "x"(b.v));
  }
#elif ROPEWALK_NEON
  asm("fdiv %0.4s, %1.4s, %2.4s" : "=w"(r.v) : "w"(a.v), "w"(b.v));
#endif
  return r;
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> root(const Register<float, Count>& a) {
  Register<float, Count> r;
#if ROPEWALK_X86
  if constexpr (register_bytes == 16) {
    asm("sqrtps {%1, %0|%0, %1}" : "=x"(r.v) : "x"(a.v));
  } else {
    asm("vsqrtps {%1, %0|%0, %1}" : "=x"(r.v) : "x"(a.v));
  }
#elif ROPEWALK_NEON
  asm("fsqrt %0.4s, %1.4s" : "=w"(r.v) : "w"(a.v));
#endif
  return r;
}

/// 1 / rms of rows of `size` features in the place of their totals.
ROPEWALK_INLINE void take_reciprocal_rms(SumsOfLanes& sums, Index rows, Index size, float eps) {
  constexpr int count = rows_abreast;
  for (Index r = 0; r < rows; r += count) {
    const auto mean =
        quotient(total_sums(sums, r), broadcast<float, count>(static_cast<float>(size)));
    const auto rms = root(ordered_sum(mean, broadcast<float, count>(eps)));
    store(sums.totals + r, quotient(broadcast<float, count>(1.0f), rms));
  }
}

// The features ------------------------------------------------------------------------------------

/// The weights of such neighbours of an X, in float; with one added where the model adds it.
template <class X, int Count, class W>
ROPEWALK_INLINE Neighbours<Count> load_weights(const W* weight, bool adds_one) {
  const auto one = broadcast<float, Count>(1.0f);
  if (weight == nullptr) return {one, one};
  Neighbours<Count> r;
  if constexpr (are_words<X> == are_words<W>) {
    r = load_neighbours<Count>(weight);
  } else {
    split_lanes(load_wide<Count>(weight), load_wide<Count>(weight + Count), r.a, r.b,
                std::make_integer_sequence<int, Count>{});
  }
  if (adds_one) {
    r.a = ordered_sum(one, r.a);
    r.b = ordered_sum(one, r.b);
  }
  return r;
}

template <bool Rounds, class X, int Count>
ROPEWALK_INLINE Register<float, Count> normalised(const Register<float, Count>& x,
                                                  const Register<float, Count>& weight,
                                                  const Register<float, Count>& reciprocal) {
  const auto y = exact_product(x, reciprocal);
  if constexpr (Rounds) {
    // A NaN is that of a bfloat16 or the machine's own, whose lower halves are zero.
    return exact_product(rounded<X>(y).lanes, weight);
  } else {
    return exact_product(y, weight);
  }
}

/// Features from `at` on of every row, by `Group` steps of two registers, their weights in
/// registers while the rows go by. Returns the feature behind them.
template <bool Rounds, int Group, int Count, class X, class W>
ROPEWALK_INLINE Index normalise_group(const RowBatch& rows, const W* weight,
                                      const float* reciprocals, Index at) {
  constexpr Index step = Index{2} * Count;
  const bool adds_one = rows.layout.norm->finish == NormFinish::one_plus_weight;
  Neighbours<Count> weights[std::size_t{Group}];
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) {
    weights[g] =
        load_weights<X, Count>(weight == nullptr ? nullptr : weight + at + g * step, adds_one);
  }
  const X* x = static_cast<const X*>(rows.x) + at;
  X* out = static_cast<X*>(rows.out) + at;
  for (Index r = 0; r < rows.rows; ++r) {
    prefetch_features_l1(rows.prefetch, x, out, 0, Group * step / 2);
    prefetch_features_l2(rows.prefetch, x, 0, Group * step / 2);
    const auto by = broadcast<float, Count>(reciprocals[r]);
    Neighbours<Count> y[std::size_t{Group}];
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      const auto from = load_neighbours<Count>(x + g * step);
      y[g] = {normalised<Rounds, X>(from.a, weights[g].a, by),
              normalised<Rounds, X>(from.b, weights[g].b, by)};
    }
    store_group<Group>(out, y);
    x = moved(x, rows.layout.x_stride);
    out = moved(out, rows.layout.out_stride);
  }
  return at + Group * step;
}

/// Rows that have the same weights. By value: through a pointer its fields would be loaded again
/// after every store.
template <bool Rounds, class X, class W>
[[gnu::noinline]] void normalise_by_groups(RowBatch rows, const W* weight, const float* reciprocals,
                                           Index features) {
  constexpr int count = register_bytes / int{sizeof(float)}, least = 4;
  constexpr int most = register_bytes == 64 ? 4 : 2;
  constexpr Index step = Index{2} * count;
  Index at = 0;
  while (features - at >= most * step) {
    at = normalise_group<Rounds, most, count, X>(rows, weight, reciprocals, at);
  }
  while (features - at >= step) {
    at = normalise_group<Rounds, 1, count, X>(rows, weight, reciprocals, at);
  }
  if constexpr (count > least) {
    while (features - at >= Index{2} * least) {
      at = normalise_group<Rounds, 1, least, X>(rows, weight, reciprocals, at);
    }
  }
  for (Index r = 0; at < features && r < rows.rows; ++r) {
    const Normalised<X> rest{{}, reciprocals[r], rows.layout.norm->finish};
    const X* x = moved(static_cast<const X*>(rows.x), r * rows.layout.x_stride);
    X* out = moved(static_cast<X*>(rows.out), r * rows.layout.out_stride);
    for (Index i = at; i < features; ++i) {
      out[i] = rest(x[i], weight == nullptr ? 1.0f : widen(weight[i]));
    }
  }
}

template <class X, class W>
ROPEWALK_INLINE void normalise(const RowBatch& rows, const W* weight, const float* reciprocals,
                               Index features) {
  if (rows.layout.norm->finish == NormFinish::round_then_weight) {
    normalise_by_groups<true, X>(rows, weight, reciprocals, features);
  } else {
    normalise_by_groups<false, X>(rows, weight, reciprocals, features);
  }
}

/// `count` rows of a batch, from `first` on.
ROPEWALK_INLINE RowBatch rows_of(const RowBatch& batch, Index first, Index count) {
  RowBatch rows = batch;
  rows.x = moved(batch.x, first * batch.layout.x_stride);
  rows.out = moved(batch.out, first * batch.layout.out_stride);
  rows.rows = count;
  return rows;
}

template <class X, class W>
void normalise_rows(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  const RowLayout& layout = batch.layout;
  const Index features = norm.features;
  const auto* weight = static_cast<const W*>(norm.weight);
  SumsOfLanes sums;
  if (norm.over_token) {
    const Index size = batch.rows * features;
    sum_rows_as_one<false>(static_cast<const X*>(batch.x), batch.rows, layout.x_stride, features,
                           sums);
    take_reciprocal_rms(sums, 1, size, norm.eps);
    if (layout.x_stride == norm.row_bytes && layout.out_stride == norm.row_bytes) {
      return normalise<X>(rows_of(batch, 0, 1), weight, sums.totals, size);
    }
    for (Index r = 0; r < batch.rows; ++r) {
      const W* of_row = weight == nullptr ? nullptr : weight + r * features;
      normalise<X>(rows_of(batch, r, 1), of_row, sums.totals, features);
    }
    return;
  }
  for (Index first = 0; first < batch.rows; first += rows_together) {
    const Index left = batch.rows - first;
    const RowBatch rows = rows_of(batch, first, left < rows_together ? left : rows_together);
    sum_rows<false>(static_cast<const X*>(rows.x), rows.rows, layout.x_stride, features, sums);
    take_reciprocal_rms(sums, rows.rows, features, norm.eps);
    normalise<X>(rows, weight, sums.totals, features);
  }
}
