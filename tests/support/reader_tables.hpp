// Tables of every memory layout over one array, and padded arrays that start at any alignment.
#ifndef ROPEWALK_TESTS_SUPPORT_READER_TABLES_HPP
#define ROPEWALK_TESTS_SUPPORT_READER_TABLES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "forms.hpp"
#include "reference.hpp"
#include "ropewalk/table_view.hpp"

namespace ropewalk_test {

/// What a row of a table of P pairs holds, and how far apart the entries of a coefficient reader
/// are.
enum class Layout {
  half,     // cos[P] sin[P], 1 apart
  packed,   // cos[2P] sin[2P]: cos at even entries, sin at odd ones, 2 apart
  complex,  // (cos, sin)[P], 2 apart: the last entry is the row's last
  four,     // cos_a[P] cos_b[P] sin_a[P] sin_b[P], all different, 1 apart
  matrix,   // (cos_a, sin_a, sin_b, cos_b)[P], all different, 4 apart
  one,      // one cos and one sin for all pairs, 0 apart
};

inline Index row_width(Layout layout, Index pairs) {
  switch (layout) {
    case Layout::half:
    case Layout::complex:
      return 2 * pairs;
    case Layout::packed:
    case Layout::four:
    case Layout::matrix:
      return 4 * pairs;
    case Layout::one:
      return 2;
  }
  return 0;
}

template <class Tab>
ropewalk::PairReaders<Tab> first_row(const Tab* values, Layout layout, Index pairs) {
  // No step may be taken from null, which the values of no pairs may be.
  const auto at = [&](Index offset, Index stride) {
    return ropewalk::CoefficientReader<Tab>{values == nullptr ? values : values + offset, stride};
  };
  const auto rotation = [&](Index sin, Index stride) {
    return ropewalk::PairReaders<Tab>{at(0, stride), at(0, stride), at(sin, stride),
                                      at(sin, stride)};
  };
  switch (layout) {
    case Layout::half:
      return rotation(pairs, 1);
    case Layout::packed:
      return rotation(2 * pairs + 1, 2);
    case Layout::complex:
      return rotation(1, 2);
    case Layout::four:
      return {at(0, 1), at(pairs, 1), at(2 * pairs, 1), at(3 * pairs, 1)};
    case Layout::matrix:
      return {at(0, 4), at(3, 4), at(1, 4), at(2, 4)};
    case Layout::one:
      break;
  }
  return rotation(1, 0);
}

inline Index table_size(Layout layout, const ropewalk::TableShape& shape) {
  return shape.batch * shape.seq * shape.heads * row_width(layout, shape.pairs);
}

/// The table of rows [batch, seq, heads], one after the other from `values` on.
template <class Tab>
ropewalk::TableView<Tab> table_over(const Tab* values, Layout layout,
                                    const ropewalk::TableShape& shape) {
  const Index row = row_width(layout, shape.pairs);
  return {first_row(values, layout, shape.pairs), shape, shape.seq * shape.heads * row,
          shape.heads * row, row};
}

/// `count` values that begin `offset` values after an aligned address, among others that must stay.
template <class T>
class Padded {
 public:
  Padded(std::size_t count, Index offset)
      : count_(count), values_(count + 2 * padding, from_bits<T>(poison)) {
    const auto address = reinterpret_cast<std::uintptr_t>(values_.data());
    const std::size_t to_aligned = (alignment - address % alignment) % alignment / sizeof(T);
    first_ = static_cast<std::ptrdiff_t>(to_aligned + padding / 2) + offset;
  }

  T* data() { return values_.data() + first_; }
  std::size_t size() const { return count_; }

  bool surroundings_kept() const {
    const auto kept = [](const T& value) {
      return to_bits(value) == to_bits(from_bits<T>(poison));
    };
    const auto begin = values_.begin() + first_;
    return std::all_of(values_.begin(), begin, kept) &&
           std::all_of(begin + static_cast<std::ptrdiff_t>(count_), values_.end(), kept);
  }

 private:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t padding = 128;
  static constexpr Bits poison = 0x5aa55aa55aa55aa5;

  std::size_t count_;
  std::vector<T> values_;
  std::ptrdiff_t first_ = 0;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_READER_TABLES_HPP
