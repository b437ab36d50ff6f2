// Positions: where every token stands on every axis; 1-D, ids, grids, packed sequences.
#ifndef ROPEWALK_POSITIONS_HPP
#define ROPEWALK_POSITIONS_HPP

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/detail/real.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The positions on one axis, each distinct one once: that of token i is values[index[i]]. Tokens
/// share few positions, and a table then takes cos and sin of each only once.
struct AxisPositions {
  std::vector<double> values;
  std::vector<Index> index;
};

/// Where every token stands: one entry of `axes` an axis, over the tokens [batch, seq].
///
/// Shapes   every axis has batch * seq entries in `index`; batch is 1 where all samples agree
/// Units    whatever the frequencies are radians per
struct Positions {
  Index batch = 1;
  Index seq = 0;
  std::vector<AxisPositions> axes;

  double at(Index axis, Index b, Index s) const {
    const AxisPositions& along = axes[static_cast<std::size_t>(axis)];
    return along
        .values[static_cast<std::size_t>(along.index[static_cast<std::size_t>(b * seq + s)])];
  }
};

/// Cells along each axis of a grid, the outermost first: Grid{frames, rows, columns}.
struct Grid {
  std::vector<Index> sizes;
  Grid(std::initializer_list<Index> list) : sizes(list) {}
  explicit Grid(std::vector<Index> list) : sizes(std::move(list)) {}
};

namespace detail {

/// The product of the sizes.
inline Index cells_of(const Place& place, const Grid& grid) {
  for (const Index size : grid.sizes) check_not_negative(place, "a size", size);
  if (std::find(grid.sizes.begin(), grid.sizes.end(), 0) != grid.sizes.end()) return 0;
  Index cells = 1;
  for (const Index size : grid.sizes) cells = checked_count(place, "size", cells, size);
  return cells;
}

/// The id as a double that equals it; -0 becomes 0.
template <class Id>
double checked_position(const Place& place, Id id) {
  static_assert(std::is_arithmetic_v<Id>, "ropewalk: position ids must be arithmetic");
  const double position = static_cast<double>(id);
  if constexpr (std::is_integral_v<Id>) {
    // Of the integer: as a double, 2^53 + 1 would already be 2^53.
    constexpr auto exact = std::uint64_t{1} << 53;
    const auto bits = static_cast<std::uint64_t>(id);
    if (id > 0 ? bits > exact : 0 - bits > exact) {
      fail_real(place, "a position", position, "at most 2^53 in magnitude");
    }
  } else {
    check_finite(place, "a position", position);
  }
  return position == 0 ? 0.0 : position;
}

/// The distinct values, and which of them each entry is.
inline AxisPositions dictionary(std::vector<double> positions) {
  AxisPositions axis;
  axis.values = positions;
  std::sort(axis.values.begin(), axis.values.end());
  axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
  axis.index.reserve(positions.size());
  for (const double position : positions) {
    const auto found = std::lower_bound(axis.values.begin(), axis.values.end(), position);
    axis.index.push_back(found - axis.values.begin());
  }
  return axis;
}

}  // namespace detail

// Positions along one axis of a grid ------------------------------------------------------------

/// first, first + step, ...: integer cells by default; fractions and offsets of any kind.
inline std::vector<double> range(Index count, double first = 0, double step = 1) {
  const detail::Place place{"range", "the axis"};
  detail::check_not_negative(place, "count", count);
  detail::check_at_most(place, "count", count, detail::largest_count);
  detail::check_finite(place, "first", first);
  detail::check_finite(place, "step", step);
  std::vector<double> positions(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const double offset = detail::rounded_product(static_cast<double>(i), step);
    positions[static_cast<std::size_t>(i)] = detail::rounded_sum(first, offset);
  }
  return positions;
}

/// Integers around 0: -(count - count / 2) up to count / 2 - 1 (Qwen-Image's scale_rope).
inline std::vector<double> centred(Index count) {
  return range(count, -static_cast<double>(count - count / 2));
}

/// The middles of `count` equal cells from `low` to `high`: DINOv3 -1 and 1, Mochi +-extent / 2.
inline std::vector<double> cell_centres(Index count, double low, double high) {
  const detail::Place place{"cell_centres", "the axis"};
  detail::check_finite(place, "low", low);
  detail::check_finite(place, "high", high);
  std::vector<double> positions = range(count, 0.5);
  for (double& position : positions) {
    position = detail::rounded_quotient(position, static_cast<double>(count));
    position = detail::rounded_sum(low, detail::rounded_product(position, high - low));
  }
  return positions;
}

/// `count` positions evenly from `first` to `last`, both included; one position is `first`.
inline std::vector<double> linspace(Index count, double first, double last) {
  detail::check_finite({"linspace", "the axis"}, "last", last);
  const double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
  std::vector<double> positions = range(count, first, step);
  if (count > 1) positions.back() = last;
  return positions;
}

// Positions of tokens ---------------------------------------------------------------------------

/// One axis: first, first + 1, ...; `first` is the number of tokens that came before (decode).
///
/// Errors   std::invalid_argument: seq negative, or a position that is not finite
inline Positions sequence_positions(Index seq, double first = 0) {
  detail::check_not_negative({"sequence_positions", "the sequence"}, "seq", seq);
  return {1, seq, {detail::dictionary(range(seq, first))}};
}

/// One axis of explicit ids: integers or real numbers, negative, fractional, repeated, unordered.
///
/// Shapes   ids [seq], `stride` elements apart: an axis of [seq, axes] has stride axes
/// Errors   std::invalid_argument: null ids, not finite, integers beyond 2^53 (a double's limit)
template <class Id>
Positions id_positions(const Id* ids, Index seq, Index stride = 1) {
  const detail::Place place{"id_positions", "ids"};
  detail::check_not_negative(place, "seq", seq);
  detail::check_not_negative(place, "stride", stride);
  if (seq > 0) detail::check_not_null(place, ids);
  std::vector<double> positions;
  positions.reserve(static_cast<std::size_t>(seq));
  for (Index s = 0; s < seq; ++s) {
    positions.push_back(detail::checked_position(place, ids[s * stride]));
  }
  return {1, seq, {detail::dictionary(std::move(positions))}};
}

template <class Id>
Positions id_positions(const std::vector<Id>& ids) {
  return id_positions(ids.data(), static_cast<Index>(ids.size()));
}

/// Every cell of a grid, row-major (the last axis runs fastest): one list of positions an axis.
///
/// Shapes   lists: one entry a cell along that axis; seq is the product of their lengths
/// Errors   std::invalid_argument: no axis, sizes that overflow, a position that is not finite
inline Positions grid_positions(const std::vector<std::vector<double>>& lists) {
  const detail::Place place{"grid_positions", "the grid"};
  if (lists.empty()) detail::fail_value(place, "axes", 0, "1 or more");
  std::vector<Index> sizes;
  for (const auto& list : lists) sizes.push_back(static_cast<Index>(list.size()));
  Positions grid{1, detail::cells_of(place, Grid(sizes)), {}};
  Index outer = 1;  // how often the cells of this axis come round
  for (const auto& list : lists) {
    AxisPositions axis;
    for (const double position : list) {
      axis.values.push_back(detail::checked_position(place, position));
    }
    axis.index.reserve(static_cast<std::size_t>(grid.seq));
    const auto size = static_cast<Index>(list.size());
    const Index inner = grid.seq == 0 ? 0 : grid.seq / (outer * size);
    for (Index i = 0; i < outer && inner > 0; ++i) {
      for (Index cell = 0; cell < size; ++cell) {
        axis.index.insert(axis.index.end(), static_cast<std::size_t>(inner), cell);
      }
    }
    outer *= grid.seq == 0 ? 1 : size;
    grid.axes.push_back(std::move(axis));
  }
  return grid;
}

/// The grid whose cells have integer positions from 0.
inline Positions grid_positions(const Grid& grid) {
  detail::cells_of({"grid_positions", "the grid"}, grid);
  std::vector<std::vector<double>> lists;
  for (const Index size : grid.sizes) lists.push_back(range(size));
  return grid_positions(lists);
}

/// Packed sequences: one axis, 0, 1, ... from the start of every sequence.
///
/// Shapes   cu_seqlens [sequences + 1]: 0, then where each sequence ends; the last entry is seq
/// Errors   std::invalid_argument: empty, a first entry that is not 0, entries that decrease
template <class Id>
Positions packed_positions(const std::vector<Id>& cu_seqlens) {
  static_assert(std::is_integral_v<Id>, "ropewalk: cu_seqlens must be integers");
  const detail::Place place{"packed_positions", "cu_seqlens"};
  if (cu_seqlens.empty()) detail::fail_value(place, "length", 0, "1 or more");
  detail::check_equal(place, "first entry", static_cast<Index>(cu_seqlens.front()), 0);
  std::vector<double> positions;
  // At once, so that a length beyond all memory fails before any of it is filled.
  positions.reserve(static_cast<std::size_t>(std::max<Index>(0, cu_seqlens.back())));
  for (std::size_t i = 1; i < cu_seqlens.size(); ++i) {
    const auto begin = static_cast<Index>(cu_seqlens[i - 1]);
    const auto end = static_cast<Index>(cu_seqlens[i]);
    if (end < begin) {
      detail::fail_value(place, "an entry", end, "at least " + std::to_string(begin));
    }
    for (Index s = begin; s < end; ++s) positions.push_back(static_cast<double>(s - begin));
  }
  const auto seq = static_cast<Index>(positions.size());
  return {1, seq, {detail::dictionary(std::move(positions))}};
}

// Positions from positions ----------------------------------------------------------------------

/// The same tokens on more axes: the axes of all parts, in their order (M-RoPE's rows t, h, w).
///
/// Errors   std::invalid_argument: no part, parts that differ in batch or seq
inline Positions zip_axes(const std::vector<Positions>& parts) {
  const detail::Place place{"zip_axes", "a part"};
  if (parts.empty()) detail::fail_value({"zip_axes", "parts"}, "length", 0, "1 or more");
  Positions all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    detail::check_equal(place, "batch", parts[i].batch, all.batch);
    detail::check_equal(place, "seq", parts[i].seq, all.seq);
    all.axes.insert(all.axes.end(), parts[i].axes.begin(), parts[i].axes.end());
  }
  return all;
}

namespace detail {

inline Positions joined(const Place& place, const std::vector<Positions>& parts) {
  Positions all;
  for (const Positions& part : parts) {
    const std::size_t axes = parts.front().axes.size();
    check_equal(place, "axes", static_cast<Index>(part.axes.size()), static_cast<Index>(axes));
    all.axes.resize(axes);
    for (std::size_t axis = 0; axis < axes; ++axis) {
      AxisPositions& to = all.axes[axis];
      const AxisPositions& from = part.axes[axis];
      const auto base = static_cast<Index>(to.values.size());
      to.values.insert(to.values.end(), from.values.begin(), from.values.end());
      for (const Index index : from.index) to.index.push_back(base + index);
    }
  }
  return all;
}

}  // namespace detail

/// Tokens after tokens: text and image, or history and chunk, in one sequence.
///
/// Errors   std::invalid_argument: parts that differ in axes, or a batch that is not 1
inline Positions concatenate(const std::vector<Positions>& parts) {
  const detail::Place place{"concatenate", "a part"};
  Positions all = detail::joined(place, parts);
  for (const Positions& part : parts) {
    detail::check_equal(place, "batch", part.batch, 1);
    all.seq += part.seq;
  }
  return all;
}

/// Samples with positions of their own: a table with one batch entry a part.
///
/// Errors   std::invalid_argument: no part, parts that differ in axes or seq, a batch that is not 1
inline Positions stack(const std::vector<Positions>& parts) {
  const detail::Place place{"stack", "a part"};
  if (parts.empty()) detail::fail_value({"stack", "parts"}, "length", 0, "1 or more");
  Positions all = detail::joined(place, parts);
  for (const Positions& part : parts) {
    detail::check_equal(place, "batch", part.batch, 1);
    detail::check_equal(place, "seq", part.seq, parts.front().seq);
  }
  all.batch = static_cast<Index>(parts.size());
  all.seq = parts.front().seq;
  return all;
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_POSITIONS_HPP
