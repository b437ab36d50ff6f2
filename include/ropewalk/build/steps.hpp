// Numbers for tables and norms: checks, and steps that no compiler flag changes.
#ifndef ROPEWALK_BUILD_STEPS_HPP
#define ROPEWALK_BUILD_STEPS_HPP

#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"

ROPEWALK_BEGIN_NESTED(detail)

constexpr double pi = 3.14159265358979323846;

// Each step is a call of its own: nothing is fused, reassociated, turned into a product with a
// reciprocal, folded at compile time or replaced by a vector version of libm, whatever the flags.
// Every number that ends in a table is computed by these. (noinline is not enough: g++ -Ofast
// clones a quotient for a constant divisor, as a product.)
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
ROPEWALK_OPAQUE inline float rounded_to_float(double value) { return static_cast<float>(value); }

// The double functions of libm serve float too: rounded once, they are right but for a few values
// in a hundred million, where float functions differ from one libm to the next. In a call of its
// own each stays a double function: -Ofast makes (float)pow((double)x, (double)y) a powf.
ROPEWALK_OPAQUE inline double power(double base, double exponent) {
  return std::pow(base, exponent);
}
ROPEWALK_OPAQUE inline double square_root(double value) { return std::sqrt(value); }
ROPEWALK_OPAQUE inline double logarithm(double value) { return std::log(value); }
ROPEWALK_OPAQUE inline double cosine(double angle) { return std::cos(angle); }
ROPEWALK_OPAQUE inline double sine(double angle) { return std::sin(angle); }

template <class Real>
Real rounded_power(Real base, Real exponent) {
  return static_cast<Real>(power(static_cast<double>(base), static_cast<double>(exponent)));
}

/// A count as a number; counts are below 2^53.
inline double as_double(Index count) { return static_cast<double>(count); }

/// 0 or -0. -fno-signed-zeros lets a compiler turn `is_zero(x) ? 0.0 : x` into x, and clang++ 22
/// does so even where the bits are compared; it can't where the comparison is a call of its own.
ROPEWALK_OPAQUE inline bool is_zero(double value) {
  return bit_copy<std::uint64_t>(value) << 1 == 0;
}

/// The same number; of finite ones.
inline bool are_equal(double a, double b) { return !(a < b) && !(b < a); }

/// Neither infinite nor NaN, told from the bits: -ffinite-math-only folds std::isfinite to true.
inline bool is_finite(double value) {
  constexpr std::uint64_t exponent = 0x7ff0000000000000u;
  return (bit_copy<std::uint64_t>(value) & exponent) != exponent;
}

inline void check_finite(const Place& place, const char* property, double value) {
  if (!is_finite(value)) fail(place, property, "is %.9g, must be finite", value);
}

inline void check_positive(const Place& place, const char* property, double value) {
  if (!is_finite(value) || !(value > 0)) {
    fail(place, property, "is %.9g, must be finite and more than 0", value);
  }
}

/// The value in the type of the steps, in whose range it must be.
template <class Real>
Real checked_positive(const Place& place, const char* property, double value) {
  check_positive(place, property, value);
  constexpr auto least = static_cast<double>(std::numeric_limits<Real>::min());
  constexpr auto most = static_cast<double>(std::numeric_limits<Real>::max());
  if (value < least || value > most) {
    fail(place, property, "is %.9g, must be in the range of the type in which steps are taken",
         value);
  }
  return static_cast<Real>(value);
}

inline void check_more_than_one(const Place& place, const char* property, double value) {
  if (!is_finite(value) || !(value > 1)) {
    fail(place, property, "is %.9g, must be finite and more than 1", value);
  }
}

/// As many entries of 8 bytes as an array may have.
constexpr Index largest_count = std::numeric_limits<Index>::max() / 16;

inline Index checked_count(const Place& place, const char* property, Index a, Index b) {
  const Index count = saturating_product(a, b);
  if (count > largest_count) {
    fail(place, property, "is %" PRId64 " * %" PRId64 ", overflows, must fit memory", a, b);
  }
  return count;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BUILD_STEPS_HPP
