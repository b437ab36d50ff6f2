// How a model made its frequencies: the builder inputs of a golden case as rules of the library.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_HPP

#include <algorithm>
#include <functional>  // for std::greater
#include <variant>
#include <vector>

#include "pack.hpp"
#include "recipe_keys.hpp"
#include "recipe_values.hpp"
#include "ropewalk/frequencies.hpp"

namespace ropewalk_test {

/// theta^(-2i / dim), scaled: of one axis, or shared by all.
struct ListRule {
  Index dim;
  double theta;
  ropewalk::Scaling scaling;
};

struct AxisLists {
  std::vector<ListRule> lists;  // one an axis, or a single one that all share
  TermRule terms;
  std::vector<Index> counts;     // pairs of each axis, or sections
  std::vector<Index> term_axes;  // the axis that stands for each; empty: in their order

  ropewalk::Frequencies arrange(const std::vector<ropewalk::Frequencies>& made) const {
    ropewalk::Frequencies arranged = ropewalk::arrange(made, terms, counts);
    if (term_axes.empty()) return arranged;
    for (auto& term : arranged.terms) term.axis = term_axes.at(static_cast<std::size_t>(term.axis));
    return arranged;
  }
};

/// LTX: as many frequencies as fit, dealt to the axes in turn, identity pairs in front.
struct Increasing {
  Index axes, heads, pairs;
  double theta;
};

/// The third: learned, as they stand.
using FrequencyRule = std::variant<AxisLists, Increasing, ropewalk::Frequencies>;

struct MakeFrequencies {
  ropewalk::FrequencyOptions options;

  ropewalk::Frequencies list(const ListRule& rule) const {
    return ropewalk::frequencies(rule.dim, rule.theta, rule.scaling, options);
  }
  ropewalk::Frequencies operator()(const AxisLists& rule) const {
    std::vector<ropewalk::Frequencies> made;
    for (const ListRule& one : rule.lists) made.push_back(list(one));
    return rule.arrange(made);
  }
  ropewalk::Frequencies operator()(const Increasing& rule) const {
    const Index pairs = rule.heads * rule.pairs;
    const Index count = pairs / rule.axes;
    const auto one = ropewalk::detail::increasing_frequencies(count, rule.theta, options.steps);
    const std::vector<Index> counts(static_cast<std::size_t>(rule.axes), count);
    const auto turning = ropewalk::arrange({one}, TermRule::alternating, counts);
    return ropewalk::detail::split_heads(
        rule.heads, ropewalk::detail::with_identity_pairs(pairs - turning.pairs, turning));
  }
  ropewalk::Frequencies operator()(const ropewalk::Frequencies& learned) const { return learned; }
};

/// What the builders would take as an error of their caller.
inline void check_terms(const Inputs& inputs, const AxisLists& rule) {
  const auto axes = static_cast<Index>(rule.counts.size());
  const auto& counts = rule.counts;
  const bool unequal =
      std::any_of(counts.begin(), counts.end(), [&](Index count) { return count != counts[0]; });
  if (rule.terms == TermRule::alternating && unequal) {
    throw NoRecipe("case " + inputs.name + ": axes of unequal widths that alternate");
  }
  std::vector<Index> sorted = rule.term_axes;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (static_cast<Index>(sorted.size()) == axes && sorted[i] == static_cast<Index>(i)) continue;
    throw NoRecipe("case " + inputs.name + ": term_axes do not name every axis once");
  }
}

/// The rule for a table whose tokens have `axes` positions and whose rows `heads` heads.
inline FrequencyRule frequency_rule(const Inputs& inputs, Index axes, Index heads) {
  if (const Tensor* learned = inputs.learned) {
    return ropewalk::own_frequencies(learned->shape.at(0), learned->shape.at(1),
                                     learned->shape.at(2), numbers(*learned));
  }
  const Index dim = inputs.rotary_dim;
  if (!inputs.theta) throw NoRecipe("no theta");
  const double theta = *inputs.theta;
  if (inputs.increasing) return Increasing{axes, heads, dim / 2, theta};
  AxisLists rule{{{dim, theta, inputs.scaling}}, inputs.terms, inputs.sections, inputs.term_axes};
  if (!inputs.sections.empty()) return rule;  // one list for all
  if (inputs.axes_dim.empty()) {
    rule.lists[0].dim = dim / axes;
    rule.counts.assign(static_cast<std::size_t>(axes), dim / axes / 2);
  } else {
    rule.lists.clear();
  }
  for (const Index axis_dim : inputs.axes_dim) {
    const std::vector<double>& scales = inputs.rope_scale;
    const double scale = scales.size() == 1 ? scales[0] : scales.at(rule.counts.size());
    rule.counts.push_back(axis_dim / 2);
    rule.lists.push_back({axis_dim, theta, inputs.scaling});
    if (scale != 1) rule.lists.back().scaling = ropewalk::StaticNtk{scale};
  }
  check_terms(inputs, rule);
  return rule;
}

/// The frequencies of a tensor in the order of the pairs. Ernie-VL keeps them section after section
/// (h, w, t), which does not decrease.
inline std::vector<double> in_order_of_pairs(const Inputs& inputs, const Tensor& tensor) {
  const std::vector<double> stored = numbers(tensor);
  const bool decreases = std::is_sorted(stored.begin(), stored.end(), std::greater<>());
  if (inputs.terms != TermRule::alternating_sections ||
      !inputs.inv_freq_by_section.value_or(!decreases)) {
    return stored;
  }
  const auto rows = static_cast<std::size_t>(inputs.sections.at(0));
  const auto turns = rows + static_cast<std::size_t>(inputs.sections.at(1));
  std::vector<double> ordered = stored;
  for (std::size_t i = 0; i < turns; ++i) ordered.at(i) = stored.at(i / 2 + (i % 2) * rows);
  return ordered;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_HPP
