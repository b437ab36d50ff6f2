// Sums of squares in the order of norm/torch_sum.hpp, and the neighbours that they are made of.
//
// A row has 32 sums, that of lane l of accumulator k at 8 * k + l. Registers of any width hold
// neighbours of these, so that the bits do not depend on it.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

constexpr int sums_of_row = 32, sum_lanes = 8;
constexpr Index groups_of_level = 16;  // of sums_of_row features

/// a + b as it stands in a chain of sums: not taken apart by -ffast-math. Fence, which knows the
/// unit's flags and not the region's, would let it be fused.
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

/// Levels above the first, in memory.
struct SumLevels {
  static constexpr int levels = 3;
  float sums[levels][sums_of_row] = {};

  ROPEWALK_INLINE void add(float* to, const float* from) {
    for (int i = 0; i < sums_of_row; i += 4) {
      store(to + i, ordered_sum(load<float, 4>(to + i), load<float, 4>(from + i)));
    }
  }
  ROPEWALK_INLINE void clear(int level) {
    for (int i = 0; i < sums_of_row; i += 4) store(sums[level] + i, broadcast<float, 4>(0.0f));
  }

  /// Takes the sums of the first level after so many groups, a multiple of 16.
  ROPEWALK_INLINE void take(const float* first, Index groups) {
    constexpr Index of_second = groups_of_level * groups_of_level;
    add(sums[0], first);
    if (groups % of_second != 0) return;
    add(sums[1], sums[0]);
    clear(0);
    if (groups % (groups_of_level * of_second) != 0) return;
    add(sums[2], sums[1]);
    clear(1);
  }

  ROPEWALK_INLINE void give(float* first) {
    for (int level = 0; level < levels; ++level) add(first, sums[level]);
  }
};

/// The 32 sums of a row while they are in registers, each the neighbours of load_neighbours.
template <int Count>
struct RowSums {
  static constexpr int parts = sums_of_row / (2 * Count);
  Neighbours<Count> part[std::size_t{parts}];

  ROPEWALK_INLINE void clear() {
    for (auto& each : part) each.a = each.b = broadcast<float, Count>(0.0f);
  }

  template <class X>
  ROPEWALK_INLINE void add_group(const X* x) {
    for (int p = 0; p < parts; ++p) {
      const auto features = load_neighbours<Count>(x);
      part[p].a = ordered_sum(part[p].a, square(features.a));
      part[p].b = ordered_sum(part[p].b, square(features.b));
      x += Index{2} * Count;
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
      store(to, low);
      store(to + Count, high);
      to += Index{2} * Count;
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
    for (int i = lane + sum_lanes; i < sums_of_row; i += sum_lanes) {
      sum = ordered_sum(sum, load<float, width>(sums + i));
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

/// Of rows of up to 512 features, which have no levels.
struct NoLevels {
  ROPEWALK_INLINE void take(const float*, Index) {}
  ROPEWALK_INLINE void give(float*) {}
};

/// The sum of the squares of `rows` rows of `features` taken as one; of several, features is a
/// multiple of 32. There are 8 or more.
template <class Levels, class X>
ROPEWALK_INLINE float sum_of_squares_by(const X* x, Index rows, Index stride, Index features) {
  const Index groups_of_row = features / sums_of_row;
  RowSums<register_bytes / int{sizeof(float)}> sums;
  sums.clear();
  alignas(64) float flat[sums_of_row];
  Levels levels;
  Index groups = 0;
  for (Index r = 0; r < rows; ++r) {
    const X* row = moved(x, r * stride);
    for (Index g = 0; g < groups_of_row; ++g) {
      sums.add_group(row + g * sums_of_row);
      if (std::is_same_v<Levels, SumLevels> && ++groups % groups_of_level == 0) {
        sums.template flatten<X>(flat);
        levels.take(flat, groups);
        sums.clear();
      }
    }
  }
  sums.template flatten<X>(flat);
  levels.give(flat);
  return end_sum(flat, x + groups_of_row * sums_of_row, features - groups_of_row * sums_of_row);
}

template <class X>
ROPEWALK_INLINE float sum_of_squares(const X* x, Index rows, Index stride, Index features) {
  constexpr Index most_without_levels = groups_of_level * sums_of_row;
  return rows * features > most_without_levels
             ? sum_of_squares_by<SumLevels>(x, rows, stride, features)
             : sum_of_squares_by<NoLevels>(x, rows, stride, features);
}
