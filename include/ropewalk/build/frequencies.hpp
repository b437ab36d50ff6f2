// The lists of frequencies: theta and a scaling rule, LTX's own, or the caller's.
#ifndef ROPEWALK_BUILD_FREQUENCIES_HPP
#define ROPEWALK_BUILD_FREQUENCIES_HPP

#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/scaling.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/build/term_rules.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Entry j of `count` numbers evenly from 0 to 1 in float, as torch.linspace makes them: counted
/// from the nearer end, each rounded once, for which a double has room.
inline float fraction(Index j, Index count, float) {
  const double step = rounded_quotient(1.0f, static_cast<float>(count - 1));
  const bool is_lower = j < count / 2;
  const double from_end = rounded_product(step, as_double(is_lower ? j : count - 1 - j));
  return rounded_to_float(is_lower ? from_end : rounded_difference(1.0, from_end));
}

/// The same in double, as numpy.linspace makes them.
inline double fraction(Index j, Index count, double) {
  if (j == count - 1) return 1;
  return rounded_product(rounded_quotient(1.0, as_double(count - 1)), as_double(j));
}

template <class Real>
List<Real> increasing(Index count, double theta) {
  const Real base = checked_positive<Real>({"increasing_frequencies", "the axis"}, "theta", theta);
  List<Real> values;
  values.reserve(static_cast<std::size_t>(count));
  for (Index j = 0; j < count; ++j) {
    const Real exponent = count == 1 ? 0 : fraction(j, count, Real());
    const Real power = rounded_power(base, exponent);
    values.push_back(rounded_product(power, static_cast<Real>(pi / 2)));
  }
  return values;
}

/// LTX's increasing frequencies: theta^(j / (count - 1)) * pi / 2, from pi / 2 to theta * pi / 2.
inline Frequencies increasing_frequencies(Index count, double theta,
                                          AngleSteps steps = AngleSteps::f64) {
  const Place place{"increasing_frequencies", "the axis"};
  check_not_negative(place, "count", count);
  check_at_most(place, "count", count, largest_count);
  return steps == AngleSteps::f32 ? as_list(increasing<float>(count, theta))
                                  : as_list(increasing<double>(count, theta));
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

inline Frequencies frequencies(Index rotary_dim, double theta, const Scaling& scaling,
                               const FrequencyOptions& options) {
  const detail::Place place{"frequencies", "the rope"};
  detail::check_not_negative(place, "rotary_dim", rotary_dim);
  detail::check_even(place, "rotary_dim", rotary_dim);
  detail::check_at_most(place, "rotary_dim", rotary_dim, detail::largest_count);
  detail::check_positive(place, "theta", theta);
  detail::check_not_negative(place, "length", options.length);
  const detail::Rope rope{rotary_dim, theta, options.length};
  const auto scaled = [&](const auto& rule) {
    return options.steps == AngleSteps::f32 ? detail::scaled<float>(rule, rope)
                                            : detail::scaled<double>(rule, rope);
  };
  Frequencies result = detail::with_rule(scaling, scaled);
  detail::check_finite(place, "attention_factor", result.attention_factor);
  for (const Term& term : result.terms) detail::check_finite(place, "a frequency", term.frequency);
  return result;
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// Axis after axis, each with theta^(-2i / dim) of its own width.
inline Frequencies axial_frequencies(const List<Index>& dims, double theta,
                                     AngleSteps steps = AngleSteps::f64) {
  List<Frequencies> lists;
  for (const Index dim : dims) {
    lists.push_back(frequencies(dim, theta, Unscaled{}, {0, steps}));
  }
  return arrange(lists, TermRule::axis_after_axis);
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

inline Frequencies own_frequencies(const List<double>& values, double attention_factor) {
  return detail::as_list(values, attention_factor);
}

inline Frequencies own_frequencies(Index axes, Index heads, Index pairs, const List<double>& values,
                                   double attention_factor) {
  const detail::Place place{"own_frequencies", "the values"};
  detail::check_not_negative(place, "axes", axes);
  detail::check_not_negative(place, "heads", heads);
  detail::check_not_negative(place, "pairs", pairs);
  const Index of_axis = detail::checked_count(place, "pairs of all heads", heads, pairs);
  detail::check_equal(place, "length", static_cast<Index>(values.size()),
                      detail::checked_count(place, "size", axes, of_axis));
  Frequencies all{axes, heads, pairs, {}, attention_factor};
  all.terms.reserve(values.size());
  for (Index axis = 0; axis < axes; ++axis) {
    for (Index pair = 0; pair < of_axis; ++pair) {
      all.terms.push_back({pair, axis, values[static_cast<std::size_t>(axis * of_axis + pair)]});
    }
  }
  return all;
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_FREQUENCIES_HPP
