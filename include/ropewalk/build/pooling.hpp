// Steps on tables as data: zeroing, padding and pooling rows.
#ifndef ROPEWALK_BUILD_POOLING_HPP
#define ROPEWALK_BUILD_POOLING_HPP

#include <algorithm>
#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/build/position_types.hpp"
#include "ropewalk/build/positions.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/table.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// How many windows each axis of the grid has, the last perhaps not full.
inline Grid windows_of(const char* function, const Grid& grid, const Grid& window, Index seq) {
  check_equal({function, "window"}, "length", static_cast<Index>(window.sizes.size()),
              static_cast<Index>(grid.sizes.size()));
  check_equal({function, "table"}, "seq", seq, cells_of({function, "the grid"}, grid));
  List<Index> windows;
  for (std::size_t axis = 0; axis < grid.sizes.size(); ++axis) {
    const Index size = window.sizes[axis];
    check_at_least({function, "window"}, "a size", size, 1);
    windows.push_back(grid.sizes[axis] / size + (grid.sizes[axis] % size != 0));
  }
  return Grid(windows);
}

inline Grid times(const Place& place, const Grid& a, const Grid& b) {
  List<Index> sizes;
  for (std::size_t axis = 0; axis < a.sizes.size(); ++axis) {
    sizes.push_back(checked_count(place, "size", a.sizes[axis], b.sizes[axis]));
  }
  return Grid(sizes);
}

/// Steps to the next cell, row-major; false after the last, when it is back at the first.
inline bool next_cell(List<Index>& cell, const Grid& grid) {
  for (std::size_t axis = grid.sizes.size(); axis-- > 0;) {
    if (++cell[axis] < grid.sizes[axis]) return true;
    cell[axis] = 0;
  }
  return false;
}

/// The token of a cell; beyond the end of an axis, that of its last cell.
inline Index token_of(const List<Index>& cell, const Grid& grid) {
  Index token = 0;
  for (std::size_t axis = 0; axis < cell.size(); ++axis) {
    token = token * grid.sizes[axis] + std::min(cell[axis], grid.sizes[axis] - 1);
  }
  return token;
}

/// The tokens of one window, its first cell being `window * size`.
inline List<Index> tokens_of(const List<Index>& cell, const Grid& grid, const Grid& window) {
  List<Index> tokens;
  // At once, so that a window beyond all memory fails before any of it is filled.
  tokens.reserve(static_cast<std::size_t>(cells_of({"average_pool", "the window"}, window)));
  List<Index> inside(cell.size(), 0);
  do {
    List<Index> at(cell.size());
    for (std::size_t axis = 0; axis < cell.size(); ++axis) {
      at[axis] = cell[axis] * window.sizes[axis] + inside[axis];
    }
    tokens.push_back(token_of(at, grid));
  } while (next_cell(inside, window));
  return tokens;
}

/// The mean of the rows of some tokens, of all heads; sums in the carrier, as avg_pool3d takes
/// them.
template <class T>
void mean_rows(const Table<T>& table, Index b, const List<Index>& tokens, T* mean) {
  const Index width = table.heads() * 2 * table.pairs();
  List<Carrier<T>> sums(static_cast<std::size_t>(width), 0);
  for (const Index token : tokens) {
    const T* row = table.cos(b, token);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = rounded_sum(sums[i], widen(row[i]));
  }
  const auto count = static_cast<Carrier<T>>(tokens.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    mean[i] = narrow<T>(rounded_quotient(sums[i], count));
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class T>
void zero_rows(Table<T>& table, Index batch, Index first, Index count) {
  const detail::Place place{"zero_rows", "the rows"};
  detail::check_range(place, "batch", batch, 1, table.batch());
  detail::check_range(place, "seq", first, count, table.seq());
  detail::zero_numbers(table.cos(batch, first),
                       detail::numbers_in({1, count, table.heads(), table.pairs()}));
}

template <class T>
Table<T> replicate_pad(const Table<T>& table, const Grid& grid, const Grid& window) {
  const detail::Place place{"replicate_pad", "the padded grid"};
  const Grid windows = detail::windows_of("replicate_pad", grid, window, table.seq());
  const Grid padded = detail::times(place, windows, window);
  const Index seq = detail::cells_of(place, padded);
  Table<T> result({table.batch(), seq, table.heads(), table.pairs()}, typename Table<T>::Unset{});
  const Index width = table.heads() * 2 * table.pairs();
  List<Index> cell(grid.sizes.size(), 0);
  for (Index s = 0; s < seq; ++s, detail::next_cell(cell, padded)) {
    const Index token = detail::token_of(cell, grid);
    for (Index b = 0; b < table.batch(); ++b) {
      std::copy_n(table.cos(b, token), width, result.cos(b, s));
    }
  }
  return result;
}

template <class T>
Table<T> average_pool(const Table<T>& table, const Grid& grid, const Grid& window) {
  const detail::Place place{"average_pool", "the pooled grid"};
  const Grid windows = detail::windows_of("average_pool", grid, window, table.seq());
  detail::times(place, windows, window);  // for its check: the padded sizes must not overflow
  const Index seq = detail::cells_of(place, windows);
  Table<T> result({table.batch(), seq, table.heads(), table.pairs()}, typename Table<T>::Unset{});
  List<Index> cell(grid.sizes.size(), 0);
  for (Index s = 0; s < seq; ++s, detail::next_cell(cell, windows)) {
    const List<Index> tokens = detail::tokens_of(cell, grid, window);
    for (Index b = 0; b < table.batch(); ++b) {
      detail::mean_rows(table, b, tokens, result.cos(b, s));
    }
  }
  return result;
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_POOLING_HPP
