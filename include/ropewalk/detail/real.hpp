// Numbers for the table builders: checks, and steps that no compiler flag changes.
#ifndef ROPEWALK_DETAIL_REAL_HPP
#define ROPEWALK_DETAIL_REAL_HPP

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/dtype.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

constexpr double pi = 3.14159265358979323846;

// Each step is a call of its own: nothing is fused, reassociated, turned into a product with a
// reciprocal, folded at compile time or replaced by a vector version of libm, whatever the flags.
// (noinline is not enough: g++ -Ofast clones a quotient for a constant divisor, as a product.)
template <class Real>
ROPEWALK_OPAQUE Real rounded_sum(Real a, Real b) {
  return a + b;
}
template <class Real>
ROPEWALK_OPAQUE Real rounded_difference(Real a, Real b) {
  return a - b;
}
template <class Real>
ROPEWALK_OPAQUE Real rounded_product(Real a, Real b) {
  return a * b;
}
template <class Real>
ROPEWALK_OPAQUE Real rounded_quotient(Real a, Real b) {
  return a / b;
}

// The double functions of libm serve float too: rounded once, they are right but for a few values
// in a hundred million, where float functions differ from one libm to the next. In a call of its
// own each stays a double function: -Ofast makes (float)pow((double)x, (double)y) a powf.
ROPEWALK_OPAQUE inline double power(double base, double exponent) {
  return std::pow(base, exponent);
}
ROPEWALK_OPAQUE inline double cosine(double angle) { return std::cos(angle); }
ROPEWALK_OPAQUE inline double sine(double angle) { return std::sin(angle); }

template <class Real>
Real rounded_power(Real base, Real exponent) {
  return static_cast<Real>(power(static_cast<double>(base), static_cast<double>(exponent)));
}

/// Neither infinite nor NaN, told from the bits: -ffinite-math-only folds std::isfinite to true.
inline bool is_finite(double value) {
  constexpr std::uint64_t exponent = 0x7ff0000000000000u;
  return (bit_copy<std::uint64_t>(value) & exponent) != exponent;
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_real(const Place& place,
                                                             const char* property, double got,
                                                             const char* wanted) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", got);
  fail(place, property, std::string("is ") + text + ", must be " + wanted);
}

inline void check_finite(const Place& place, const char* property, double value) {
  if (!is_finite(value)) fail_real(place, property, value, "finite");
}

inline void check_positive(const Place& place, const char* property, double value) {
  if (!is_finite(value) || !(value > 0)) {
    fail_real(place, property, value, "finite and more than 0");
  }
}

/// The value in the type of the steps, in whose range it must be.
template <class Real>
Real checked_positive(const Place& place, const char* property, double value) {
  check_positive(place, property, value);
  using Limits = std::numeric_limits<Real>;
  if (value < static_cast<double>(Limits::min()) || value > static_cast<double>(Limits::max())) {
    fail_real(place, property, value, "in the range of the type in which steps are taken");
  }
  return static_cast<Real>(value);
}

inline void check_more_than_one(const Place& place, const char* property, double value) {
  if (!is_finite(value) || !(value > 1)) {
    fail_real(place, property, value, "finite and more than 1");
  }
}

/// As many entries of 8 bytes as an array may have.
constexpr Index largest_count = std::numeric_limits<Index>::max() / 16;

inline Index checked_count(const Place& place, const char* property, Index a, Index b) {
  const Index count = saturating_product(a, b);
  if (count > largest_count) {
    fail(place, property,
         "is " + std::to_string(a) + " * " + std::to_string(b) + ", overflows, must fit memory");
  }
  return count;
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_DETAIL_REAL_HPP
