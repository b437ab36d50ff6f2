// The arithmetic of the scaling rules, in double or in the float steps of PyTorch.
#ifndef ROPEWALK_BUILD_SCALING_HPP
#define ROPEWALK_BUILD_SCALING_HPP

#include <algorithm>
#include <cmath>  // for floor and ceil
#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/steps.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// What every rule starts from.
struct Rope {
  Index dim;
  double theta;
  Index length;
};

inline Place rule_place(const char* rule) { return {"frequencies", rule}; }

inline void check_length(const Place& place, const char* property, Index length) {
  check_at_least(place, property, length, 1);
}

/// theta^(2i / dim): the frequencies are their reciprocals.
template <class Real>
List<Real> wavelengths(const Rope& rope) {
  const Real theta = checked_positive<Real>({"frequencies", "the rope"}, "theta", rope.theta);
  List<Real> result;
  // At once, so that a size beyond all memory fails before any of it is filled.
  result.reserve(static_cast<std::size_t>(rope.dim / 2));
  for (Index i = 0; i < rope.dim / 2; ++i) {
    const Real exponent = rounded_quotient(static_cast<Real>(2 * i), static_cast<Real>(rope.dim));
    result.push_back(rounded_power(theta, exponent));
  }
  return result;
}

template <class Real>
List<Real> unscaled(const Rope& rope) {
  List<Real> result = wavelengths<Real>(rope);
  for (Real& value : result) value = rounded_quotient(Real(1), value);
  return result;
}

template <class Real>
Frequencies as_list(const List<Real>& values, double attention_factor = 1) {
  Frequencies list{1, 1, static_cast<Index>(values.size()), {}, attention_factor};
  list.terms.reserve(values.size());
  for (const Real value : values) {
    list.terms.push_back({static_cast<Index>(list.terms.size()), 0, static_cast<double>(value)});
  }
  return list;
}

template <class Real>
Frequencies scaled(const Unscaled&, const Rope& rope) {
  return as_list(unscaled<Real>(rope));
}

template <class Real>
Frequencies scaled(const Linear& rule, const Rope& rope) {
  const Real factor = checked_positive<Real>(rule_place("Linear"), "factor", rule.factor);
  List<Real> values = unscaled<Real>(rope);
  for (Real& value : values) value = rounded_quotient(value, factor);
  return as_list(values);
}

/// With theta * factor^(dim / (dim - 2)).
inline Rope with_ntk_theta(const Place& place, Rope rope, double factor) {
  if (rope.dim == 2) fail(place, "rotary_dim", "is 2, must be more than 2");
  const double exponent = rounded_quotient(as_double(rope.dim), as_double(rope.dim - 2));
  rope.theta = rounded_product(rope.theta, power(factor, exponent));
  return rope;
}

template <class Real>
Frequencies scaled(const StaticNtk& rule, const Rope& rope) {
  const Place place = rule_place("StaticNtk");
  check_positive(place, "factor", rule.factor);
  return as_list(unscaled<Real>(with_ntk_theta(place, rope, rule.factor)));
}

template <class Real>
Frequencies scaled(const DynamicNtk& rule, const Rope& rope) {
  const Place place = rule_place("DynamicNtk");
  check_positive(place, "factor", rule.factor);
  check_length(place, "max_length", rule.max_length);
  const double length = as_double(std::max(rope.length, rule.max_length));
  const double ratio = rounded_quotient(length, as_double(rule.max_length));
  const double factor =
      rounded_difference(rounded_product(rule.factor, ratio), rounded_difference(rule.factor, 1.0));
  return as_list(unscaled<Real>(with_ntk_theta(place, rope, factor)));
}

/// The factor given, or else max_length / original_length.
inline double stretch(const Place& place, double factor, Index max_length, Index original_length) {
  check_length(place, "original_length", original_length);
  if (is_zero(factor) && max_length > 0) {
    factor = rounded_quotient(as_double(max_length), as_double(original_length));
  }
  check_positive(place, "factor", factor);
  return factor;
}

/// 1 for scales up to 1, then 1 + 0.1 * weight * ln(scale).
inline double yarn_magnitude(double scale, double weight = 1) {
  if (scale <= 1) return 1;
  return rounded_sum(1.0, rounded_product(rounded_product(0.1, weight), logarithm(scale)));
}

inline double yarn_attention_factor(const Yarn& rule, double factor) {
  if (!is_zero(rule.attention_factor)) return rule.attention_factor;
  if (is_zero(rule.mscale) || is_zero(rule.mscale_all_dim)) return yarn_magnitude(factor);
  return rounded_quotient(yarn_magnitude(factor, rule.mscale),
                          yarn_magnitude(factor, rule.mscale_all_dim));
}

/// The pairs between which YaRN goes over from kept to divided frequencies. (For a std::pair g++
/// notes on AArch64 that GCC 10 changed how it is passed.)
struct YarnRange {
  double low, high;
};

inline YarnRange yarn_range(const Yarn& rule, const Rope& rope) {
  const auto pair_of = [&](double rotations) {
    const double turns = rounded_product(rounded_product(rotations, 2.0), pi);
    const double wavelength = rounded_quotient(as_double(rule.original_length), turns);
    return rounded_quotient(rounded_product(as_double(rope.dim), logarithm(wavelength)),
                            rounded_product(2.0, logarithm(rope.theta)));
  };
  double low = pair_of(is_zero(rule.beta_fast) ? 32 : rule.beta_fast);
  double high = pair_of(is_zero(rule.beta_slow) ? 1 : rule.beta_slow);
  if (rule.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  const double last = as_double(rope.dim - 1);  // not dim / 2 - 1: so transformers has it
  if (low < 0) low = 0;
  if (high > last) high = last;
  return {low, are_equal(low, high) ? rounded_sum(high, 0.001) : high};
}

inline void check_yarn(const Place& place, const Yarn& rule, const Rope& rope) {
  if (are_equal(rope.theta, 1)) fail(place, "theta", "is 1, must be other than 1");
  for (const double beta : {rule.beta_fast, rule.beta_slow}) {
    if (!is_zero(beta)) check_positive(place, "a beta", beta);
  }
  check_finite(place, "mscale", rule.mscale);
  check_finite(place, "mscale_all_dim", rule.mscale_all_dim);
}

template <class Real>
Frequencies scaled(const Yarn& rule, const Rope& rope) {
  const Place place = rule_place("Yarn");
  const double factor = stretch(place, rule.factor, rule.max_length, rule.original_length);
  check_yarn(place, rule, rope);
  const auto [low, high] = yarn_range(rule, rope);
  const Real divisor = checked_positive<Real>(place, "factor", factor);
  const auto width = static_cast<Real>(rounded_difference(high, low));
  List<Real> values = wavelengths<Real>(rope);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Real kept = rounded_quotient(Real(1), values[i]);
    const Real divided = rounded_quotient(Real(1), rounded_product(divisor, values[i]));
    const Real beyond = rounded_difference(static_cast<Real>(i), static_cast<Real>(low));
    Real ramp = rounded_quotient(beyond, width);
    if (ramp < 0) ramp = 0;
    if (ramp > 1) ramp = 1;
    // The weights are 1 - (1 - ramp) and 1 - ramp, as in transformers: other bits than ramp itself.
    const Real weight = rounded_difference(Real(1), ramp);
    values[i] = rounded_sum(rounded_product(divided, rounded_difference(Real(1), weight)),
                            rounded_product(kept, weight));
  }
  return as_list(values, yarn_attention_factor(rule, factor));
}

inline double longrope_attention_factor(const LongRope& rule, double factor) {
  if (!is_zero(rule.attention_factor)) return rule.attention_factor;
  if (factor <= 1) return 1;
  const double original_length = as_double(rule.original_length);
  check_more_than_one(rule_place("LongRope"), "original_length", original_length);
  const double ratio = rounded_quotient(logarithm(factor), logarithm(original_length));
  return square_root(rounded_sum(1.0, ratio));
}

template <class Real>
Frequencies scaled(const LongRope& rule, const Rope& rope) {
  const Place place = rule_place("LongRope");
  const double factor = stretch(place, rule.factor, rule.max_length, rule.original_length);
  for (const auto* list : {&rule.short_factors, &rule.long_factors}) {
    const char* length =
        list == &rule.short_factors ? "length of short_factors" : "length of long_factors";
    check_equal(place, length, static_cast<Index>(list->size()), rope.dim / 2);
    for (const double entry : *list) check_positive(place, "an entry of the factors", entry);
  }
  const bool longer = rope.length > rule.original_length;
  const List<double>& factors = longer ? rule.long_factors : rule.short_factors;
  List<Real> values = wavelengths<Real>(rope);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Real factor_of_pair =
        checked_positive<Real>(place, "an entry of the factors", factors[i]);
    values[i] = rounded_quotient(Real(1), rounded_product(factor_of_pair, values[i]));
  }
  return as_list(values, longrope_attention_factor(rule, factor));
}

template <class Real>
void check_llama3(const Place& place, const Llama3& rule) {
  checked_positive<Real>(place, "low_frequency_factor", rule.low_frequency_factor);
  checked_positive<Real>(place, "high_frequency_factor", rule.high_frequency_factor);
  check_length(place, "original_length", rule.original_length);
}

template <class Real>
Frequencies scaled(const Llama3& rule, const Rope& rope) {
  const Place place = rule_place("Llama3");
  const Real factor = checked_positive<Real>(place, "factor", rule.factor);
  check_llama3<Real>(place, rule);
  const double original_length = as_double(rule.original_length);
  const Real longest =
      checked_positive<Real>(place, "original_length / low_frequency_factor",
                             rounded_quotient(original_length, rule.low_frequency_factor));
  const Real shortest =
      checked_positive<Real>(place, "original_length / high_frequency_factor",
                             rounded_quotient(original_length, rule.high_frequency_factor));
  const auto low = static_cast<Real>(rule.low_frequency_factor);
  const auto width =
      static_cast<Real>(rounded_difference(rule.high_frequency_factor, rule.low_frequency_factor));
  List<Real> values = unscaled<Real>(rope);
  // A number divided by a tensor is, in PyTorch, the number times the tensor's reciprocals.
  const auto divided = [](double number, Real by) {
    return rounded_product(rounded_quotient(Real(1), by), static_cast<Real>(number));
  };
  for (Real& value : values) {
    const Real wavelength = divided(2 * pi, value);
    if (wavelength > longest) {
      value = rounded_quotient(value, factor);
    } else if (shortest < longest && !(wavelength < shortest)) {
      const Real turns = divided(original_length, wavelength);
      const Real smooth = rounded_quotient(rounded_difference(turns, low), width);
      const Real rest = rounded_difference(Real(1), smooth);
      value = rounded_sum(rounded_quotient(rounded_product(rest, value), factor),
                          rounded_product(smooth, value));
    }
  }
  return as_list(values);
}

template <class Real>
Frequencies scaled(const Proportional& rule, const Rope& rope) {
  const Place place = rule_place("Proportional");
  const Real factor = checked_positive<Real>(place, "factor", rule.factor);
  const double share = rule.partial_rotary_factor;
  if (!is_finite(share) || share < 0 || share > 1) {
    fail(place, "partial_rotary_factor", "is %.9g, must be from 0 to 1", share);
  }
  List<Real> values = unscaled<Real>(rope);
  const auto rotated =
      static_cast<std::size_t>(rounded_quotient(rounded_product(share, as_double(rope.dim)), 2.0));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i < rotated ? rounded_quotient(values[i], factor) : 0;
  }
  return as_list(values);
}

/// Calls work(rule) with the rule that is meant, and returns its result.
template <class Work>
auto with_rule(const Scaling& scaling, const Work& work) {
  using Rule = Scaling::Rule;
  switch (scaling.rule) {
    case Rule::linear:
      return work(scaling.linear);
    case Rule::static_ntk:
      return work(scaling.static_ntk);
    case Rule::dynamic_ntk:
      return work(scaling.dynamic_ntk);
    case Rule::yarn:
      return work(scaling.yarn);
    case Rule::llama3:
      return work(scaling.llama3);
    case Rule::proportional:
      return work(scaling.proportional);
    case Rule::longrope:
      return work(scaling.longrope);
    case Rule::unscaled:
    default:
      return work(Unscaled{});
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BUILD_SCALING_HPP
