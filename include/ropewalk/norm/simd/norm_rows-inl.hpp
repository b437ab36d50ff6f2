// Rows normalised, once for every instruction set.
//
// Included by norm/kernels.hpp inside a target region and the namespace of cpu/simd/rows-inl.hpp.
// No include guard.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

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

constexpr Index rows_together = 8;  // whose roots and divisions are taken at once

/// Of sums of squares, in their place.
ROPEWALK_INLINE void take_reciprocal_rms(float* sums, float size, float eps) {
  constexpr int count = register_bytes == 16 ? 4 : 8;
  for (Index r = 0; r < rows_together; r += count) {
    const auto mean = quotient(load<float, count>(sums + r), broadcast<float, count>(size));
    const auto rms = root(ordered_sum(mean, broadcast<float, count>(eps)));
    store(sums + r, quotient(broadcast<float, count>(1.0f), rms));
  }
}

// The features ------------------------------------------------------------------------------------

template <NormFinish Finish, class X, int Count>
ROPEWALK_INLINE Register<float, Count> normalised(const Register<float, Count>& x,
                                                  const Register<float, Count>& weight,
                                                  const Register<float, Count>& reciprocal) {
  const auto y = exact_product(x, reciprocal);
  if constexpr (Finish == NormFinish::one_plus_weight) {
    return exact_product(y, ordered_sum(broadcast<float, Count>(1.0f), weight));
  } else if constexpr (Finish == NormFinish::round_then_weight) {
    // A NaN is that of a bfloat16 or the machine's own, whose lower halves are zero.
    return exact_product(rounded<X>(y).lanes, weight);
  } else {
    return exact_product(y, weight);
  }
}

/// The weights of such neighbours of an X.
template <class X, int Count, class W>
ROPEWALK_INLINE Neighbours<Count> load_weights(const W* weight) {
  if (weight == nullptr) return {broadcast<float, Count>(1.0f), broadcast<float, Count>(1.0f)};
  if constexpr (are_words<X> == are_words<W>) {
    return load_neighbours<Count>(weight);
  } else {
    Neighbours<Count> r;
    split_lanes(load_wide<Count>(weight), load_wide<Count>(weight + Count), r.a, r.b,
                std::make_integer_sequence<int, Count>{});
    return r;
  }
}

/// Features [at, result) of a row by two registers of Count at a time.
template <NormFinish Finish, int Count, class X, class W>
ROPEWALK_INLINE Index normalise_steps(X* out, const X* x, const W* weight, float reciprocal,
                                      Index at, Index features) {
  const auto by = broadcast<float, Count>(reciprocal);
  constexpr Index step = Index{2} * Count;
  for (; at + step <= features; at += step) {
    const auto w = load_weights<X, Count>(weight == nullptr ? nullptr : weight + at);
    const auto from = load_neighbours<Count>(x + at);
    store_neighbours(out + at, Neighbours<Count>{normalised<Finish, X>(from.a, w.a, by),
                                                 normalised<Finish, X>(from.b, w.b, by)});
  }
  return at;
}

template <NormFinish Finish, class X, class W>
ROPEWALK_INLINE void normalise_row(X* out, const X* x, const W* weight, float reciprocal,
                                   Index features) {
  constexpr int count = register_bytes / int{sizeof(float)}, least = 4;
  Index at = normalise_steps<Finish, count>(out, x, weight, reciprocal, 0, features);
  if constexpr (count > least) {
    at = normalise_steps<Finish, least>(out, x, weight, reciprocal, at, features);
  }
  const Normalised<X> rest{{}, reciprocal, Finish};
  for (; at < features; ++at) {
    out[at] = rest(x[at], weight == nullptr ? 1.0f : widen(weight[at]));
  }
}

template <class X, class W>
ROPEWALK_INLINE void normalise_row(NormFinish finish, X* out, const X* x, const W* weight,
                                   float reciprocal, Index features) {
  switch (finish) {
    case NormFinish::round_then_weight:
      return normalise_row<NormFinish::round_then_weight>(out, x, weight, reciprocal, features);
    case NormFinish::one_plus_weight:
      return normalise_row<NormFinish::one_plus_weight>(out, x, weight, reciprocal, features);
    case NormFinish::one_rounding:
    default:
      return normalise_row<NormFinish::one_rounding>(out, x, weight, reciprocal, features);
  }
}

/// The sum of the squares of rows taken as one, by registers where there is a vector, and no vector
/// of two rows.
template <class X>
ROPEWALK_INLINE float row_sum(const X* x, Index rows, Index stride, Index features) {
  const bool is_dense = stride == features * static_cast<Index>(sizeof(X));
  if (rows > 1 && is_dense) {
    features *= rows;
    rows = 1;
  }
  if (rows * features >= sum_lanes && (rows == 1 || features % sums_of_row == 0)) {
    return sum_of_squares(x, rows, stride, features);
  }
  return torch_sum_of_squares(x, rows, stride, features);
}

template <class X, class W>
void normalise_rows(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  const RowLayout& layout = batch.layout;
  const Index features = norm.features;
  const auto x_row = [&](Index r) {
    return moved(static_cast<const X*>(batch.x), r * layout.x_stride);
  };
  const auto prefetch_row = [&](Index r) {
    prefetch_features(batch.prefetch, x_row(r),
                      moved(static_cast<X*>(batch.out), r * layout.out_stride), 0, features / 2);
  };
  const auto size = static_cast<float>(norm.over_token ? batch.rows * features : features);
  const auto* weight = static_cast<const W*>(norm.weight);
  float reciprocals[rows_together];
  for (float& r : reciprocals) r = 1;
  if (norm.over_token) {
    reciprocals[0] = row_sum(x_row(0), batch.rows, layout.x_stride, features);
    take_reciprocal_rms(reciprocals, size, norm.eps);
  }
  for (Index first = 0; first < batch.rows; first += rows_together) {
    const Index end = batch.rows - first < rows_together ? batch.rows : first + rows_together;
    if (!norm.over_token) {
      for (Index r = first; r < end; ++r) {
        prefetch_row(r);
        reciprocals[r - first] = row_sum(x_row(r), 1, 0, features);
      }
      take_reciprocal_rms(reciprocals, size, norm.eps);
    }
    for (Index r = first; r < end; ++r) {
      if (norm.over_token) prefetch_row(r);
      const W* of_row = weight == nullptr || !norm.over_token ? weight : weight + r * features;
      normalise_row(norm.finish, moved(static_cast<X*>(batch.out), r * layout.out_stride), x_row(r),
                    of_row, reciprocals[norm.over_token ? 0 : r - first], features);
    }
  }
}
