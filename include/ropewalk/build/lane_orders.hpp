// The lane orders of the models, and the frequencies that they make.
#ifndef ROPEWALK_BUILD_LANE_ORDERS_HPP
#define ROPEWALK_BUILD_LANE_ORDERS_HPP

#include <algorithm>
#include <cinttypes>
#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/scaling.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/list.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// Checks that the values are as many as the shape says, and that all are finite.
inline void check_frequencies(const Place& place, const Frequencies& frequencies) {
  check_not_negative(place, "axes", frequencies.axes);
  check_not_negative(place, "heads", frequencies.heads);
  check_not_negative(place, "pairs", frequencies.pairs);
  const Index lanes = checked_count(place, "lanes", frequencies.heads, frequencies.pairs);
  const Index wanted = checked_count(place, "size", frequencies.axes, lanes);
  check_equal(place, "length of values", static_cast<Index>(frequencies.values.size()), wanted);
  for (const double value : frequencies.values) check_finite(place, "a value", value);
  check_finite(place, "attention_factor", frequencies.attention_factor);
}

/// How many lanes the sections have together.
inline Index sum_of(const Place& place, const char* property, const List<Index>& counts) {
  Index sum = 0;
  for (const Index count : counts) {
    check_not_negative(place, property, count);
    if (__builtin_add_overflow(sum, count, &sum) || sum > largest_count) {
      fail(place, property, "overflows: the sum must fit memory");
    }
  }
  return sum;
}

/// Without lanes as yet, but with room for all, so that a size beyond all memory fails before any
/// of it is filled.
inline LaneOrder order_of(const List<Index>& sections, Index lanes) {
  LaneOrder order{static_cast<Index>(sections.size()), {}};
  order.lanes.reserve(static_cast<std::size_t>(lanes));
  return order;
}

/// Checks lists and lanes: every lane finds its frequency, and no list has more than are used.
inline void check_arrangement(const List<Frequencies>& lists, const LaneOrder& order) {
  const Place place{"arrange", "a list"};
  check_one_or_equal({"arrange", "lists"}, "length", static_cast<Index>(lists.size()), order.axes);
  List<Index> used(lists.size(), 0);
  for (const Lane& lane : order.lanes) {
    if (lane.axis < 0 || lane.axis >= order.axes) {
      fail({"arrange", "a lane"}, "axis",
           "is %" PRId64 ", must be 0 or more and less than %" PRId64, lane.axis, order.axes);
    }
    check_not_negative({"arrange", "a lane"}, "frequency", lane.frequency);
    check_at_most({"arrange", "a lane"}, "frequency", lane.frequency, largest_count);
    Index& most = used[lists.size() == 1 ? 0 : static_cast<std::size_t>(lane.axis)];
    most = std::max(most, lane.frequency + 1);
  }
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Frequencies& list = lists[i];
    check_equal(place, "axes", list.axes, 1);
    check_equal(place, "heads", list.heads, 1);
    check_frequencies(place, list);
    if (list.pairs != used[i]) {
      fail(place, "pairs", "is %" PRId64 ", must be %" PRId64 ", as its lanes use", list.pairs,
           used[i]);
    }
    if (!are_equal(list.attention_factor, lists.front().attention_factor)) {
      fail(place, "attention_factor", "is %.9g, must be that of the first list",
           list.attention_factor);
    }
  }
}

}  // namespace detail

inline LaneOrder axis_after_axis(const List<Index>& counts) {
  const Index lanes = detail::sum_of({"axis_after_axis", "counts"}, "a count", counts);
  LaneOrder order = detail::order_of(counts, lanes);
  for (Index axis = 0; axis < order.axes; ++axis) {
    const Index count = counts[static_cast<std::size_t>(axis)];
    for (Index i = 0; i < count; ++i) order.lanes.push_back({axis, i});
  }
  return order;
}

inline LaneOrder alternating(Index axes, Index count) {
  const detail::Place place{"alternating", "the lanes"};
  detail::check_not_negative(place, "axes", axes);
  detail::check_not_negative(place, "count", count);
  const Index lanes = detail::checked_count(place, "lanes", axes, count);
  LaneOrder order{axes, {}};
  order.lanes.reserve(static_cast<std::size_t>(lanes));
  for (Index i = 0; i < lanes; ++i) order.lanes.push_back({i % axes, i / axes});
  return order;
}

inline LaneOrder contiguous_sections(const List<Index>& sections) {
  LaneOrder order = axis_after_axis(sections);
  for (std::size_t i = 0; i < order.lanes.size(); ++i) {
    order.lanes[i].frequency = static_cast<Index>(i);
  }
  return order;
}

inline LaneOrder interleaved_sections(const List<Index>& sections) {
  const detail::Place place{"interleaved_sections", "sections"};
  const Index pairs = detail::sum_of(place, "a section", sections);
  LaneOrder order = detail::order_of(sections, pairs);
  for (Index i = 0; i < pairs; ++i) order.lanes.push_back({0, i});
  for (Index axis = 1; axis < order.axes; ++axis) {
    const Index section = sections[static_cast<std::size_t>(axis)];
    const Index room =
        (pairs - axis + order.axes - 1) / order.axes;  // lanes axis, axis + axes, ...
    detail::check_at_most(place, "a section", section, room);
    for (Index i = 0; i < section; ++i) {
      order.lanes[static_cast<std::size_t>(axis + order.axes * i)].axis = axis;
    }
  }
  return order;
}

inline LaneOrder alternating_sections(const List<Index>& sections_hwt) {
  const detail::Place place{"alternating_sections", "sections"};
  detail::check_equal(place, "length", static_cast<Index>(sections_hwt.size()), 3);
  const Index pairs = detail::sum_of(place, "a section", sections_hwt);
  detail::check_equal(place, "entry w", sections_hwt[1], sections_hwt[0]);
  LaneOrder order = detail::order_of(sections_hwt, pairs);
  for (Index i = 0; i < pairs; ++i) {
    const bool spatial = i < 2 * sections_hwt[0];
    order.lanes.push_back({spatial ? 1 + i % 2 : 0, i});
  }
  return order;
}

inline Frequencies arrange(const List<Frequencies>& lists, const LaneOrder& order) {
  detail::check_arrangement(lists, order);
  const auto pairs = static_cast<Index>(order.lanes.size());
  const Index size = detail::checked_count({"arrange", "the result"}, "size", order.axes, pairs);
  Frequencies all{order.axes, 1, pairs, {}, lists.empty() ? 1 : lists.front().attention_factor};
  all.values = List<double>(static_cast<std::size_t>(size));
  for (Index i = 0; i < pairs; ++i) {
    const Lane lane = order.lanes[static_cast<std::size_t>(i)];
    const Frequencies& list = lists[lists.size() == 1 ? 0 : static_cast<std::size_t>(lane.axis)];
    all.values[static_cast<std::size_t>(lane.axis * pairs + i)] = list.at(0, 0, lane.frequency);
  }
  return all;
}

inline Frequencies with_identity_lanes(Index count, const Frequencies& frequencies) {
  const detail::Place place{"with_identity_lanes", "frequencies"};
  detail::check_not_negative({"with_identity_lanes", "the lanes"}, "count", count);
  detail::check_equal(place, "heads", frequencies.heads, 1);
  detail::check_frequencies(place, frequencies);
  detail::check_at_most({"with_identity_lanes", "the lanes"}, "count", count,
                        detail::largest_count - frequencies.pairs);
  Frequencies wider = frequencies;
  wider.pairs += count;
  detail::checked_count({"with_identity_lanes", "the result"}, "size", wider.axes, wider.pairs);
  wider.values = List<double>(static_cast<std::size_t>(wider.axes * wider.pairs));
  for (Index axis = 0; axis < frequencies.axes; ++axis) {
    const auto from = frequencies.values.begin() + axis * frequencies.pairs;
    std::copy(from, from + frequencies.pairs, wider.values.begin() + axis * wider.pairs + count);
  }
  return wider;
}

inline Frequencies split_heads(Index heads, Frequencies frequencies) {
  const detail::Place place{"split_heads", "frequencies"};
  detail::check_at_least({"split_heads", "the split"}, "heads", heads, 1);
  detail::check_equal(place, "heads", frequencies.heads, 1);
  detail::check_frequencies(place, frequencies);
  if (frequencies.pairs % heads != 0) {
    detail::fail(place, "pairs", "is %" PRId64 ", must be a multiple of %" PRId64,
                 frequencies.pairs, heads);
  }
  frequencies.heads = heads;
  frequencies.pairs /= heads;
  return frequencies;
}

inline Frequencies axial_frequencies(const Axes& axes, double theta, AngleSteps steps) {
  List<Frequencies> lists;
  List<Index> counts;
  for (const Index dim : axes.dims) {
    lists.push_back(frequencies(dim, theta, Unscaled{}, {0, steps}));
    counts.push_back(dim / 2);
  }
  return arrange(lists, axis_after_axis(counts));
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_LANE_ORDERS_HPP
