// How positions are made, joined and checked.
#ifndef ROPEWALK_BUILD_POSITIONS_HPP
#define ROPEWALK_BUILD_POSITIONS_HPP

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/position_types.hpp"
#include "ropewalk/build/steps.hpp"

ROPEWALK_BEGIN_NESTED(detail)

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
  const auto position = static_cast<double>(id);
  if constexpr (std::is_integral_v<Id>) {
    // Of the integer: as a double, 2^53 + 1 would already be 2^53.
    constexpr auto exact = std::uint64_t{1} << 53;
    const auto bits = static_cast<std::uint64_t>(id);
    if (id > 0 ? bits > exact : 0 - bits > exact) {
      fail(place, "a position", "is %.9g, must be at most 2^53 in magnitude", position);
    }
  } else {
    check_finite(place, "a position", position);
  }
  return is_zero(position) ? 0.0 : position;
}

/// A position, and the token that stands there.
struct TokenAt {
  double position;
  Index token;
};

/// The distinct values, and which of them each entry is.
inline Positions::Axis dictionary(const List<double>& positions) {
  List<TokenAt> tokens;
  tokens.reserve(positions.size());
  for (const double position : positions) {
    tokens.push_back({position, static_cast<Index>(tokens.size())});
  }
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const TokenAt& a, const TokenAt& b) { return a.position < b.position; });
  Positions::Axis axis;
  axis.index.resize(positions.size());
  for (const TokenAt& at : tokens) {
    if (axis.values.empty() || axis.values.back() < at.position) axis.values.push_back(at.position);
    axis.index[static_cast<std::size_t>(at.token)] = static_cast<Index>(axis.values.size()) - 1;
  }
  return axis;
}

inline Positions joined(const Place& place, const List<Positions>& parts) {
  Positions all;
  for (const Positions& part : parts) {
    const std::size_t axes = parts.front().axes.size();
    check_equal(place, "axes", static_cast<Index>(part.axes.size()), static_cast<Index>(axes));
    all.axes.resize(axes);
    for (std::size_t axis = 0; axis < axes; ++axis) {
      Positions::Axis& to = all.axes[axis];
      const Positions::Axis& from = part.axes[axis];
      const auto base = static_cast<Index>(to.values.size());
      to.values.insert(to.values.end(), from.values.begin(), from.values.end());
      for (const Index index : from.index) {
        check_range(place, "an index", index, 1, static_cast<Index>(from.values.size()));
        to.index.push_back(base + index);
      }
    }
  }
  return all;
}

/// Positions that a caller may have made of any numbers.
inline void check_positions(const Place& place, const Positions& positions) {
  check_not_negative(place, "batch", positions.batch);
  check_not_negative(place, "seq", positions.seq);
  const Index tokens = checked_count(place, "tokens", positions.batch, positions.seq);
  for (const Positions::Axis& axis : positions.axes) {
    check_equal(place, "tokens on an axis", static_cast<Index>(axis.index.size()), tokens);
    for (const double value : axis.values) check_finite(place, "a value", value);
    const auto distinct = static_cast<Index>(axis.values.size());
    for (const Index index : axis.index) check_entry(place, "an index", index, distinct);
  }
}

/// The tokens of each sample, and of an axis' values those alone at which one stands.
inline Positions::Axis selected(const Positions& positions, const Positions::Axis& axis,
                                const List<Index>& tokens) {
  Positions::Axis some;
  List<Index> kept_as(axis.values.size(), -1);
  for (Index b = 0; b < positions.batch; ++b) {
    for (const Index token : tokens) {
      const Index index = axis.index[static_cast<std::size_t>(b * positions.seq + token)];
      Index& kept = kept_as[static_cast<std::size_t>(index)];
      if (kept < 0) {
        kept = static_cast<Index>(some.values.size());
        some.values.push_back(axis.values[static_cast<std::size_t>(index)]);
      }
      some.index.push_back(kept);
    }
  }
  return some;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

inline List<double> range(Index count, double first, double step) {
  const detail::Place place{"range", "the axis"};
  detail::check_not_negative(place, "count", count);
  detail::check_at_most(place, "count", count, detail::largest_count);
  detail::check_finite(place, "first", first);
  detail::check_finite(place, "step", step);
  List<double> positions(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const double offset = detail::rounded_product(detail::as_double(i), step);
    positions[static_cast<std::size_t>(i)] = detail::rounded_sum(first, offset);
  }
  return positions;
}

inline List<double> cell_centres(Index count, double low, double high) {
  const detail::Place place{"cell_centres", "the axis"};
  detail::check_finite(place, "low", low);
  detail::check_finite(place, "high", high);
  List<double> positions = range(count, 0.5, 1);
  const double extent = detail::rounded_difference(high, low);
  for (double& position : positions) {
    position = detail::rounded_quotient(position, detail::as_double(count));
    position = detail::rounded_sum(low, detail::rounded_product(position, extent));
  }
  return positions;
}

inline List<double> linspace(Index count, double first, double last) {
  detail::check_finite({"linspace", "the axis"}, "last", last);
  double step = 0;
  if (count > 1) {
    const double extent = detail::rounded_difference(last, first);
    step = detail::rounded_quotient(extent, detail::as_double(count - 1));
  }
  List<double> positions = range(count, first, step);
  if (count > 1) positions.back() = last;
  return positions;
}

inline Positions sequence_positions(Index seq, double first) {
  detail::check_not_negative({"sequence_positions", "the sequence"}, "seq", seq);
  return {1, seq, {detail::dictionary(range(seq, first, 1))}};
}

template <class Id>
Positions id_positions(const Id* ids, Index seq, Index stride) {
  const detail::Place place{"id_positions", "ids"};
  detail::check_not_negative(place, "seq", seq);
  detail::check_not_negative(place, "stride", stride);
  detail::check_at_most(place, "seq", seq, detail::largest_count);
  if (seq > 0) detail::check_not_null(place, ids);
  List<double> positions;
  positions.reserve(static_cast<std::size_t>(seq));
  for (Index s = 0; s < seq; ++s) {
    positions.push_back(detail::checked_position(place, ids[s * stride]));
  }
  return {1, seq, {detail::dictionary(positions)}};
}

inline Positions grid_positions(const List<List<double>>& lists) {
  const detail::Place place{"grid_positions", "the grid"};
  if (lists.empty()) detail::fail(place, "axes", "is 0, must be 1 or more");
  List<Index> sizes;
  sizes.reserve(lists.size());
  for (const auto& list : lists) sizes.push_back(static_cast<Index>(list.size()));
  Positions grid{1, detail::cells_of(place, Grid(sizes)), {}};
  Index outer = 1;  // how often the cells of this axis come round
  for (const auto& list : lists) {
    Positions::Axis axis;
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

inline Positions grid_positions(const Grid& grid) {
  detail::cells_of({"grid_positions", "the grid"}, grid);
  List<List<double>> lists;
  for (const Index size : grid.sizes) lists.push_back(range(size, 0, 1));
  return grid_positions(lists);
}

template <class Ends>
Positions packed_positions(const Ends& cu_seqlens) {
  const auto* ends = cu_seqlens.data();
  static_assert(std::is_integral_v<std::remove_reference_t<decltype(*ends)>>,
                "ropewalk: cu_seqlens must be integers");
  const detail::Place place{"packed_positions", "cu_seqlens"};
  const auto count = static_cast<Index>(cu_seqlens.size());
  if (count == 0) detail::fail(place, "length", "is 0, must be 1 or more");
  detail::check_equal(place, "first entry", static_cast<Index>(ends[0]), 0);
  for (Index i = 1; i < count; ++i) {
    const auto begin = static_cast<Index>(ends[i - 1]);
    const auto end = static_cast<Index>(ends[i]);
    if (end < begin) {
      detail::fail(place, "an entry", "is %" PRId64 ", must be at least %" PRId64, end, begin);
    }
  }
  const auto seq = static_cast<Index>(ends[count - 1]);
  detail::check_at_most(place, "last entry", seq, detail::largest_count);
  List<double> positions;
  // At once, so that a length beyond all memory fails before any of it is filled.
  positions.reserve(static_cast<std::size_t>(seq));
  for (Index i = 1; i < count; ++i) {
    const auto length = static_cast<Index>(ends[i]) - static_cast<Index>(ends[i - 1]);
    for (Index s = 0; s < length; ++s) positions.push_back(detail::as_double(s));
  }
  return {1, seq, {detail::dictionary(positions)}};
}

inline Positions zip_axes(const List<Positions>& parts) {
  const detail::Place place{"zip_axes", "a part"};
  if (parts.empty()) detail::fail({"zip_axes", "parts"}, "length", "is 0, must be 1 or more");
  Positions all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    detail::check_equal(place, "batch", parts[i].batch, all.batch);
    detail::check_equal(place, "seq", parts[i].seq, all.seq);
    all.axes.insert(all.axes.end(), parts[i].axes.begin(), parts[i].axes.end());
  }
  return all;
}

inline Positions concatenate(const List<Positions>& parts) {
  const detail::Place place{"concatenate", "a part"};
  Positions all = detail::joined(place, parts);
  for (const Positions& part : parts) {
    detail::check_equal(place, "batch", part.batch, 1);
    detail::check_not_negative(place, "seq", part.seq);
    detail::check_at_most(place, "seq", part.seq, detail::largest_count - all.seq);
    all.seq += part.seq;
  }
  return all;
}

inline Positions stack(const List<Positions>& parts) {
  const detail::Place place{"stack", "a part"};
  if (parts.empty()) detail::fail({"stack", "parts"}, "length", "is 0, must be 1 or more");
  Positions all = detail::joined(place, parts);
  for (const Positions& part : parts) {
    detail::check_equal(place, "batch", part.batch, 1);
    detail::check_equal(place, "seq", part.seq, parts.front().seq);
  }
  all.batch = static_cast<Index>(parts.size());
  all.seq = parts.front().seq;
  return all;
}

inline Positions select_tokens(const Positions& positions, const List<Index>& tokens) {
  const detail::Place place{"select_tokens", "tokens"};
  detail::check_positions({place.function, "positions"}, positions);
  for (const Index token : tokens) detail::check_entry(place, "an entry", token, positions.seq);
  Positions some{positions.batch, static_cast<Index>(tokens.size()), {}};
  detail::checked_count(place, "length", some.batch, some.seq);
  some.axes.resize(positions.axes.size());
  for (std::size_t i = 0; i < some.axes.size() && some.seq > 0; ++i) {
    some.axes[i] = detail::selected(positions, positions.axes[i], tokens);
  }
  return some;
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_POSITIONS_HPP
