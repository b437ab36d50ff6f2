// Rows normalised, then rotated where they are: once for every instruction set.
//
// Included by norm/kernels.hpp inside a target region and the namespace of cpu/simd/rows-inl.hpp.
// No include guard.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

// The order of a sum ------------------------------------------------------------------------------
//
// torch_sum.hpp says which: 32 sums, lane l of accumulator k at 8 * k + l. Registers of any width
// hold neighbours of these, so that the bits do not depend on it.

constexpr int sums_of_row = 32, sum_lanes = 8;

/// a + b as it stands in a chain of sums: not taken apart by -ffast-math.
template <int Count>
ROPEWALK_INLINE Register<float, Count> ordered_sum(const Register<float, Count>& a,
                                                   const Register<float, Count>& b) {
  ROPEWALK_EXACT_SCOPE
  Register<float, Count> r{ROPEWALK_CLANG_FENCE(a.v + b.v)};
#if ROPEWALK_ASM_FENCE && defined(ROPEWALK_FP_REGISTER)
  asm("" : "+" ROPEWALK_FP_REGISTER(r.v));
#endif
  return r;
}

/// The same of two numbers.
ROPEWALK_INLINE float ordered_sum(float a, float b) {
  ROPEWALK_EXACT_SCOPE
  float r = ROPEWALK_CLANG_FENCE(a + b);
#if ROPEWALK_ASM_FENCE && defined(ROPEWALK_FP_REGISTER)
  asm("" : "+" ROPEWALK_FP_REGISTER(r));
#endif
  return r;
}

template <int Count>
ROPEWALK_INLINE Register<float, Count> square(const Register<float, Count>& x) {
  return exact_product(x, x);
}

/// Neighbours in two registers: of bfloat16 the even ones and the odd ones, which take an operation
/// each, otherwise the first half and the second.
template <int Count>
struct Neighbours {
  Register<float, Count> a, b;
};

template <class X>
constexpr bool are_words = std::is_same_v<X, Eigen::bfloat16>;

template <int Count, class X>
ROPEWALK_INLINE Neighbours<Count> load_neighbours(const X* x) {
  Neighbours<Count> r;
  if constexpr (are_words<X>) {
    load_pairs<Pairing::interleaved>(x, 0, Count, r.a, r.b);
  } else {
    r.a = load_wide<Count>(x);
    r.b = load_wide<Count>(x + Count);
  }
  return r;
}

template <int Count, class X>
ROPEWALK_INLINE void store_neighbours(X* x, const Neighbours<Count>& r) {
  if constexpr (are_words<X>) {
    store(x, pack_bfloat16(r.a, r.b));
  } else {
    store_narrow(x, r.a);
    store_narrow(x + Count, r.b);
  }
}

/// Levels above the first, in memory: only rows of 512 features and more have any.
struct SumLevels {
  float sums[3][sums_of_row];

  ROPEWALK_INLINE void add(float* to, const float* from) {
    for (int i = 0; i < sums_of_row; i += 4) {
      store(to + i, ordered_sum(load<float, 4>(to + i), load<float, 4>(from + i)));
    }
  }
  ROPEWALK_INLINE void clear(float* sums_of_level) {
    for (int i = 0; i < sums_of_row; i += 4) store(sums_of_level + i, broadcast<float, 4>(0.0f));
  }

  /// Takes the sums of the first level after so many groups, a multiple of 16.
  void take(const float* first, Index groups) {
    constexpr Index carry = 16;
    if (groups == carry) {
      for (float* level : {sums[0], sums[1], sums[2]}) clear(level);
    }
    add(sums[0], first);
    if (groups % (carry * carry) != 0) return;
    add(sums[1], sums[0]);
    clear(sums[0]);
    if (groups % (carry * carry * carry) != 0) return;
    add(sums[2], sums[1]);
    clear(sums[1]);
  }

  void give(float* first) {
    for (const float* level : {sums[0], sums[1], sums[2]}) add(first, level);
  }
};

/// The 32 sums of a row while they are in registers, each the neighbours of load_neighbours.
template <int Count>
struct RowSums {
  static constexpr int parts = sums_of_row / (2 * Count);
  Neighbours<Count> part[parts];

  ROPEWALK_INLINE void clear() {
    for (auto& each : part) each.a = each.b = broadcast<float, Count>(0.0f);
  }

  template <class X>
  ROPEWALK_INLINE void add_group(const X* x) {
    for (int p = 0; p < parts; ++p) {
      const auto features = load_neighbours<Count>(x + 2 * p * Count);
      part[p].a = ordered_sum(part[p].a, square(features.a));
      part[p].b = ordered_sum(part[p].b, square(features.b));
    }
  }

  /// In the order of features.
  template <class X>
  ROPEWALK_INLINE void flatten(float* to) const {
    for (int p = 0; p < parts; ++p) {
      Register<float, Count> low = part[p].a, high = part[p].b;
      if constexpr (are_words<X>) {
        join_lanes(part[p].a, part[p].b, low, high, std::make_integer_sequence<int, Count>{});
      }
      store(to + 2 * p * Count, low);
      store(to + (2 * p + 1) * Count, high);
    }
  }
};

/// The end of a sum: vectors that are left over, the accumulators, features that are left over, and
/// the lanes.
template <class X>
ROPEWALK_INLINE float end_sum(float* sums, const X* x, Index features) {
  constexpr int count = register_bytes / int{sizeof(float)};
  constexpr int width = count < sum_lanes ? count : sum_lanes;
  Index at = 0;
  for (; at + sum_lanes <= features; at += sum_lanes) {
    for (int lane = 0; lane < sum_lanes; lane += width) {
      const auto sum = load<float, width>(sums + lane);
      store(sums + lane, ordered_sum(sum, square(load_wide<width>(x + at + lane))));
    }
  }
  for (int lane = 0; lane < sum_lanes; lane += width) {
    auto sum = load<float, width>(sums + lane);
    for (int a = 1; a < sums_of_row / sum_lanes; ++a) {
      sum = ordered_sum(sum, load<float, width>(sums + a * sum_lanes + lane));
    }
    store(sums + lane, sum);
  }
  float total = 0;
  for (; at < features; ++at) {
    const float feature = widen(x[at]);
    const Register<float, 4> one{feature, feature, feature, feature};
    total = ordered_sum(total, square(one).v[0]);
  }
  for (int lane = 0; lane < sum_lanes; ++lane) total = ordered_sum(total, sums[lane]);
  return total;
}

/// The sum of the squares of `rows` rows of `features` taken as one; of several, features is a
/// multiple of 32. There are 8 or more.
template <class X>
ROPEWALK_INLINE float sum_of_squares(const X* x, Index rows, Index stride, Index features) {
  constexpr Index groups_of_level = 16;
  const Index groups_of_row = features / sums_of_row;
  const bool has_levels = rows * groups_of_row > groups_of_level;
  RowSums<register_bytes / int{sizeof(float)}> sums;
  sums.clear();
  alignas(64) float flat[sums_of_row];
  SumLevels levels;
  Index groups = 0;
  for (Index r = 0; r < rows; ++r) {
    const X* row = moved(x, r * stride);
    for (Index g = 0; g < groups_of_row; ++g) {
      sums.add_group(row + g * sums_of_row);
      if (has_levels && ++groups % groups_of_level == 0) {
        sums.template flatten<X>(flat);
        levels.take(flat, groups);
        sums.clear();
      }
    }
  }
  sums.template flatten<X>(flat);
  if (has_levels) levels.give(flat);
  return end_sum(flat, x + groups_of_row * sums_of_row, features - groups_of_row * sums_of_row);
}

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
  for (; at + 2 * Count <= features; at += 2 * Count) {
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

/// Sums of all rows, or of each of up to rows_together.
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
  return scalar::sum_of_squares(x, rows, stride, features);
}

template <class X, class W>
void normalise_rows(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  const RowLayout& layout = batch.layout;
  const Index features = norm.features;
  const auto x_row = [&](Index r) {
    return moved(static_cast<const X*>(batch.x), r * layout.x_stride);
  };
  const float size = static_cast<float>(norm.over_token ? batch.rows * features : features);
  const W* weight = static_cast<const W*>(norm.weight);
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
        prefetch_features(batch.prefetch, x_row(r),
                          moved(static_cast<X*>(batch.out), r * layout.out_stride), 0,
                          features / 2);
        reciprocals[r - first] = row_sum(x_row(r), 1, 0, features);
      }
      take_reciprocal_rms(reciprocals, size, norm.eps);
    }
    for (Index r = first; r < end; ++r) {
      const W* of_row = weight == nullptr || !norm.over_token ? weight : weight + r * features;
      normalise_row(norm.finish, moved(static_cast<X*>(batch.out), r * layout.out_stride), x_row(r),
                    of_row, reciprocals[norm.over_token ? 0 : r - first], features);
    }
  }
}
