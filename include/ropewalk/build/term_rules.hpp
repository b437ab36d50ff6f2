// The rules by which models deal terms to their pairs, and the frequencies that follow.
#ifndef ROPEWALK_BUILD_TERM_RULES_HPP
#define ROPEWALK_BUILD_TERM_RULES_HPP

#include <algorithm>
#include <cinttypes>
#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/steps.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Checks that every term is one of a pair and an axis that there are, and is finite.
inline void check_frequencies(const Place& place, const Frequencies& frequencies) {
  check_not_negative(place, "axes", frequencies.axes);
  check_not_negative(place, "heads", frequencies.heads);
  check_not_negative(place, "pairs", frequencies.pairs);
  const Index pairs =
      checked_count(place, "pairs of all heads", frequencies.heads, frequencies.pairs);
  for (const Term& term : frequencies.terms) {
    check_entry(place, "pair of a term", term.pair, pairs);
    check_entry(place, "axis of a term", term.axis, frequencies.axes);
    check_finite(place, "frequency of a term", term.frequency);
  }
  check_finite(place, "attention_factor", frequencies.attention_factor);
}

/// Where the term of a pair comes from: an entry of the list of its axis.
struct TermSource {
  Index axis;
  Index frequency;
};

/// The source of each pair's term, pair by pair, and how many axes there are.
struct TermOrder {
  Index axes;
  List<TermSource> sources;
};

/// How many pairs the axes have together.
inline Index sum_of(const List<Index>& counts) {
  const Place place{"arrange", "counts"};
  Index sum = 0;
  for (const Index count : counts) {
    check_not_negative(place, "a count", count);
    if (__builtin_add_overflow(sum, count, &sum) || sum > largest_count) {
      fail(place, "a count", "overflows: the sum must fit memory");
    }
  }
  return sum;
}

/// Without sources as yet, but with room for all, so that a size beyond all memory fails before any
/// of it is filled.
inline TermOrder order_of(Index axes, Index pairs) {
  TermOrder order{axes, {}};
  order.sources.reserve(static_cast<std::size_t>(pairs));
  return order;
}

/// Checks the lists: as many as the axes, each with as many entries as are used.
inline void check_arrangement(const List<Frequencies>& lists, const TermOrder& order) {
  const Place place{"arrange", "a list"};
  check_one_or_equal({"arrange", "lists"}, "length", static_cast<Index>(lists.size()), order.axes);
  List<Index> used(lists.size(), 0);
  for (const TermSource& source : order.sources) {
    Index& most = used[lists.size() == 1 ? 0 : static_cast<std::size_t>(source.axis)];
    most = std::max(most, source.frequency + 1);
  }
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Frequencies& list = lists[i];
    check_equal(place, "axes", list.axes, 1);
    check_equal(place, "heads", list.heads, 1);
    check_frequencies(place, list);
    if (list.pairs != used[i]) {
      fail(place, "pairs", "is %" PRId64 ", must be %" PRId64 ", as the counts say", list.pairs,
           used[i]);
    }
    if (!are_equal(list.attention_factor, lists.front().attention_factor)) {
      fail(place, "attention_factor", "is %.9g, must be that of the first list",
           list.attention_factor);
    }
  }
}

/// The terms of each pair of a list: those of pair i are [begin[i], begin[i + 1]) of `terms`, in
/// the order that they had.
struct SortedTerms {
  List<Term> terms;
  List<Index> begin;
};

inline SortedTerms sorted_by_pair(const Frequencies& frequencies) {
  const auto pairs = static_cast<std::size_t>(frequencies.heads * frequencies.pairs);
  SortedTerms sorted{List<Term>(frequencies.terms.size()), List<Index>(pairs + 1, 0)};
  for (const Term& term : frequencies.terms) {
    ++sorted.begin[static_cast<std::size_t>(term.pair) + 1];
  }
  for (std::size_t i = 0; i < pairs; ++i) sorted.begin[i + 1] += sorted.begin[i];
  List<Index> next = sorted.begin;
  for (const Term& term : frequencies.terms) {
    sorted.terms[static_cast<std::size_t>(next[static_cast<std::size_t>(term.pair)]++)] = term;
  }
  return sorted;
}

inline TermOrder axis_after_axis(const List<Index>& counts) {
  TermOrder order = order_of(static_cast<Index>(counts.size()), sum_of(counts));
  for (Index axis = 0; axis < order.axes; ++axis) {
    const Index count = counts[static_cast<std::size_t>(axis)];
    for (Index i = 0; i < count; ++i) order.sources.push_back({axis, i});
  }
  return order;
}

inline TermOrder alternating(const List<Index>& counts) {
  for (const Index count : counts) {
    check_equal({"arrange", "alternating axes"}, "a count", count, counts.front());
  }
  const Index pairs = sum_of(counts);
  TermOrder order = order_of(static_cast<Index>(counts.size()), pairs);
  for (Index i = 0; i < pairs; ++i) order.sources.push_back({i % order.axes, i / order.axes});
  return order;
}

inline TermOrder contiguous_sections(const List<Index>& sections) {
  TermOrder order = axis_after_axis(sections);
  for (std::size_t i = 0; i < order.sources.size(); ++i) {
    order.sources[i].frequency = static_cast<Index>(i);
  }
  return order;
}

inline TermOrder interleaved_sections(const List<Index>& sections) {
  const Index pairs = sum_of(sections);
  TermOrder order = order_of(static_cast<Index>(sections.size()), pairs);
  for (Index i = 0; i < pairs; ++i) order.sources.push_back({0, i});
  for (Index axis = 1; axis < order.axes; ++axis) {
    const Index section = sections[static_cast<std::size_t>(axis)];
    const Index room =
        (pairs - axis + order.axes - 1) / order.axes;  // pairs axis, axis + axes, ...
    check_at_most({"arrange", "interleaved sections"}, "a count", section, room);
    for (Index i = 0; i < section; ++i) {
      order.sources[static_cast<std::size_t>(axis + order.axes * i)].axis = axis;
    }
  }
  return order;
}

inline TermOrder alternating_sections(const List<Index>& sections_hwt) {
  const Place place{"arrange", "alternating sections"};
  check_equal(place, "length", static_cast<Index>(sections_hwt.size()), 3);
  check_equal(place, "count of w", sections_hwt[1], sections_hwt[0]);
  const Index pairs = sum_of(sections_hwt);
  TermOrder order = order_of(3, pairs);
  for (Index i = 0; i < pairs; ++i) {
    const bool spatial = i < 2 * sections_hwt[0];
    order.sources.push_back({spatial ? 1 + i % 2 : 0, i});
  }
  return order;
}

inline TermOrder term_order(TermRule rule, const List<Index>& counts) {
  switch (rule) {
    case TermRule::alternating:
      return alternating(counts);
    case TermRule::contiguous_sections:
      return contiguous_sections(counts);
    case TermRule::interleaved_sections:
      return interleaved_sections(counts);
    case TermRule::alternating_sections:
      return alternating_sections(counts);
    case TermRule::axis_after_axis:
    default:
      return axis_after_axis(counts);
  }
}

inline Frequencies arranged(const List<Frequencies>& lists, const TermOrder& order) {
  check_arrangement(lists, order);
  const auto pairs = static_cast<Index>(order.sources.size());
  List<SortedTerms> sorted;
  for (const Frequencies& list : lists) sorted.push_back(sorted_by_pair(list));
  Frequencies all{order.axes, 1, pairs, {}, lists.empty() ? 1 : lists.front().attention_factor};
  all.terms.reserve(order.sources.size());
  for (Index i = 0; i < pairs; ++i) {
    const TermSource source = order.sources[static_cast<std::size_t>(i)];
    const SortedTerms& list = sorted[lists.size() == 1 ? 0 : static_cast<std::size_t>(source.axis)];
    const auto entry = static_cast<std::size_t>(source.frequency);
    for (Index t = list.begin[entry]; t < list.begin[entry + 1]; ++t) {
      all.terms.push_back({i, source.axis, list.terms[static_cast<std::size_t>(t)].frequency});
    }
  }
  return all;
}

/// The same with `count` identity pairs (cos 1, sin 0) in front: LTX fills up its width so.
inline Frequencies with_identity_pairs(Index count, Frequencies frequencies) {
  const Place place{"with_identity_pairs", "frequencies"};
  check_not_negative({"with_identity_pairs", "the pairs"}, "count", count);
  check_equal(place, "heads", frequencies.heads, 1);
  check_frequencies(place, frequencies);
  check_at_most({"with_identity_pairs", "the pairs"}, "count", count,
                largest_count - frequencies.pairs);
  frequencies.pairs += count;
  for (Term& term : frequencies.terms) term.pair += count;
  return frequencies;
}

/// The same pairs dealt out to heads: heads * pairs of one become pairs of each.
inline Frequencies split_heads(Index heads, Frequencies frequencies) {
  const Place place{"split_heads", "frequencies"};
  check_at_least({"split_heads", "the split"}, "heads", heads, 1);
  check_equal(place, "heads", frequencies.heads, 1);
  check_frequencies(place, frequencies);
  if (frequencies.pairs % heads != 0) {
    fail(place, "pairs", "is %" PRId64 ", must be a multiple of %" PRId64, frequencies.pairs,
         heads);
  }
  frequencies.heads = heads;
  frequencies.pairs /= heads;
  return frequencies;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

inline Frequencies arrange(const List<Frequencies>& lists, TermRule rule,
                           const List<Index>& counts) {
  return detail::arranged(lists, detail::term_order(rule, counts));
}

inline Frequencies arrange(const List<Frequencies>& lists, TermRule rule) {
  List<Index> counts;
  for (const Frequencies& list : lists) counts.push_back(list.pairs);
  return arrange(lists, rule, counts);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_TERM_RULES_HPP
