// Sums of squares in the order of norm/torch_sum.hpp.
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

/// Whether the square of an X is exact in float, so that adding it by one fused instruction gives
/// the same bits: that of a half has 22 bits and is far from both ends of the range.
template <class X>
constexpr bool has_exact_squares = std::is_same_v<X, Eigen::half>&& register_bytes == 64;

/// sum + x * x
template <class X, bool AreModerate, int Count>
ROPEWALK_INLINE void add_square(Register<float, Count>& sum, const Register<float, Count>& x) {
#if ROPEWALK_X86
  if constexpr (has_exact_squares<X> || AreModerate) {
    asm("vfmadd231ps {%1, %1, %0|%0, %1, %1}" : "+v"(sum.v) : "v"(x.v));
    return;
  }
#endif
  sum = ordered_sum(sum, square(x));
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

  /// Takes from `all` the bits of features that may not be moderate.
  template <bool Watches, class X>
  ROPEWALK_INLINE void add_group(const X* x, [[maybe_unused]] std::uint32_t& all) {
    constexpr bool watched = are_watched<X, Watches>;
    for (int p = 0; p < parts; ++p) {
#if ROPEWALK_X86
      if constexpr (watched) take_without(all, load<std::uint32_t, Count>(x), 0x60006000u);
#endif
      const auto features = load_neighbours<Count>(x);
      add_square<X, watched>(part[p].a, features.a);
      add_square<X, watched>(part[p].b, features.b);
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

/// Rows whose sums end together, so that one waits for its root while others are added up.
constexpr Index rows_together = 64;
constexpr Index rows_abreast = register_bytes == 16 ? 4 : 8;  // in a register

/// What the sums of rows end with: the lanes of each, to be added in order to what is there of its
/// total.
struct SumsOfLanes {
  alignas(64) float lanes[std::size_t{rows_together}][std::size_t{sum_lanes}];
  alignas(64) float totals[std::size_t{rows_together}];
  bool are_moderate;  ///< what was added up, if it was watched

  /// Takes note of a row of whose features add_group has left some bits of `all` out.
  template <bool Watches, class X>
  ROPEWALK_INLINE void watch([[maybe_unused]] const X* x, [[maybe_unused]] Index features,
                             [[maybe_unused]] std::uint32_t all) {
    if constexpr (are_watched<X, Watches>) {
      const bool is_usual = __builtin_expect(all == ~std::uint32_t{0}, 1);
      if (!is_usual && !has_moderate_row(x, features)) are_moderate = false;
    }
  }

  /// Of such rows, and those that share a register with them: with a total of their own these do
  /// not divide by 0, which a caller may trap.
  ROPEWALK_INLINE void clear(Index rows) {
    are_moderate = true;
    const auto zeros = broadcast<float, rows_abreast>(0.0f);
    for (Index r = 0; r < rows; r += rows_abreast) {
      store(totals + r, broadcast<float, rows_abreast>(1.0f));
      for (Index of_row = r; of_row < r + rows_abreast; ++of_row) {
        for (Index at = 0; at < sum_lanes; at += rows_abreast) store(lanes[of_row] + at, zeros);
      }
    }
  }
};

/// Adds vectors that are left over, and the accumulators, into the lanes, and features that are
/// left over into the total.
template <class X>
ROPEWALK_INLINE void gather_sums(float* sums, const X* x, Index features, float* lanes,
                                 float& total) {
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
    store(lanes + lane, sum);
  }
  total = 0;
  for (; at < features; ++at) {
    const float feature = widen(x[at]);
    const Register<float, 4> one{feature, feature, feature, feature};
    total = ordered_sum(total, square(one).v[0]);
  }
}

/// The totals of rows, from `first` on: their lanes added to what is there, the rows side by side.
ROPEWALK_INLINE Register<float, rows_abreast> total_sums(const SumsOfLanes& sums, Index first) {
  constexpr int count = rows_abreast;
  auto total = load<float, count>(sums.totals + first);
#pragma GCC unroll 2
  for (int lane = 0; lane < sum_lanes; lane += count) {
    Register<float, count> lanes[std::size_t{count}];
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) lanes[i] = load<float, count>(sums.lanes[first + i] + lane);
    transpose<count / 2>(lanes, std::make_integer_sequence<int, count>{});
#pragma GCC unroll 8
    for (const auto& each : lanes) total = ordered_sum(total, each);
  }
  return total;
}

constexpr Index most_without_levels = groups_of_level * sums_of_row;

/// The squares of each of some rows, of 8 to 512 features, summed up to its lanes.
template <bool Watches, class X>
[[gnu::noinline]] void sum_short_rows(const X* x, Index rows, Index stride, Index features,
                                      SumsOfLanes& sums) {
  const Index groups = features / sums_of_row, grouped = groups * sums_of_row;
  for (Index r = 0; r < rows; ++r, x = moved(x, stride)) {
    RowSums<register_bytes / int{sizeof(float)}> of_row;
    of_row.clear();
    std::uint32_t all = ~std::uint32_t{0};
#pragma GCC unroll 4
    for (Index g = 0; g < groups; ++g) {
      of_row.template add_group<Watches>(x + g * sums_of_row, all);
    }
    sums.template watch<Watches>(x, features, all);
    alignas(64) float flat[sums_of_row];
    of_row.template flatten<X>(flat);
    gather_sums(flat, x + grouped, features - grouped, sums.lanes[r], sums.totals[r]);
  }
}

/// The same of `rows` rows of `features` taken as one, however many; of several, features is a
/// multiple of 32.
template <bool Watches, class X>
[[gnu::noinline]] void sum_long_row(const X* x, Index rows, Index stride, Index features,
                                    SumsOfLanes& all_sums, Index at) {
  const Index groups_of_row = features / sums_of_row;
  RowSums<register_bytes / int{sizeof(float)}> sums;
  sums.clear();
  alignas(64) float flat[sums_of_row];
  SumLevels levels;
  Index groups = 0;
  for (Index r = 0; r < rows; ++r) {
    const X* row = moved(x, r * stride);
    std::uint32_t all = ~std::uint32_t{0};
    for (Index g = 0; g < groups_of_row; ++g) {
      sums.template add_group<Watches>(row + g * sums_of_row, all);
      if (++groups % groups_of_level == 0) {
        sums.template flatten<X>(flat);
        levels.take(flat, groups);
        sums.clear();
      }
    }
    all_sums.template watch<Watches>(row, features, all);
  }
  sums.template flatten<X>(flat);
  levels.give(flat);
  gather_sums(flat, x + groups_of_row * sums_of_row, features - groups_of_row * sums_of_row,
              all_sums.lanes[at], all_sums.totals[at]);
}

/// The sums of rows by themselves.
template <bool Watches, class X>
ROPEWALK_INLINE void sum_rows(const X* x, Index rows, Index stride, Index features,
                              SumsOfLanes& sums) {
  sums.clear(rows);
  if (features >= sum_lanes && features <= most_without_levels) {
    return sum_short_rows<Watches>(x, rows, stride, features, sums);
  }
  for (Index r = 0; r < rows; ++r, x = moved(x, stride)) {
    if (features < sum_lanes) {
      sums.totals[r] = torch_sum_of_squares(x, 1, 0, features);
    } else {
      sum_long_row<Watches>(x, 1, 0, features, sums, r);
    }
  }
}

/// The sum of rows taken as one, by registers where no vector is of two rows.
template <bool Watches, class X>
ROPEWALK_INLINE void sum_rows_as_one(const X* x, Index rows, Index stride, Index features,
                                     SumsOfLanes& sums) {
  const bool is_dense = stride == features * static_cast<Index>(sizeof(X));
  if (rows == 1 || is_dense) return sum_rows<Watches>(x, 1, 0, rows * features, sums);
  sums.clear(1);
  if (features % sums_of_row == 0) {
    sum_long_row<Watches>(x, rows, stride, features, sums, 0);
  } else {
    sums.totals[0] = torch_sum_of_squares(x, rows, stride, features);
  }
}
