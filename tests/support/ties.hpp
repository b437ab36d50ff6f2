// Where rounding to 16 bits is decided: every value, every midpoint, and their neighbours.
#ifndef ROPEWALK_TESTS_SUPPORT_TIES_HPP
#define ROPEWALK_TESTS_SUPPORT_TIES_HPP

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "reference.hpp"

namespace ropewalk_test {

/// The value of a magnitude pattern, exactly; the pattern of infinity stands for the power of two
/// that would come next, so that the last tie is the one between numbers and infinity.
template <class To>
double value_or_next_power(Bits magnitude) {
  constexpr Dtype dtype = dtype_of<To>();
  if (magnitude == format_of(dtype).infinity()) return std::ldexp(1.0, format_of(dtype).bias() + 1);
  return from_bits<double>(convert(dtype, Dtype::f64, magnitude));
}

/// As From, with both signs: every number of the 16-bit type To, the midpoints between them, the
/// neighbours in From of each of these, those in float as well where From is double (a double next
/// to a tie rounds to the tie on its way), infinities and NaN. The count is a multiple of 256.
template <class To, class From>
std::vector<From> ties_and_neighbours() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<From> all;
  const auto add = [&](From value) {
    all.push_back(value);
    all.push_back(from_bits<From>(negated(dtype_of<From>(), to_bits(value))));
  };
  const auto add_near = [&](double value) {
    const auto narrow = static_cast<float>(value);
    for (const double way : {-infinity, infinity}) {
      add(std::nextafter(static_cast<From>(value), static_cast<From>(way)));
      if (std::is_same_v<From, double>) {
        const auto next = static_cast<From>(std::nextafter(narrow, static_cast<float>(way)));
        add(next);
        add(std::nextafter(next, static_cast<From>(value)));
      }
    }
    add(static_cast<From>(value));
  };
  for (Bits bits = 0; bits < format_of(dtype_of<To>()).infinity(); ++bits) {
    const double value = value_or_next_power<To>(bits);
    add_near(value);
    add_near(value / 2 + value_or_next_power<To>(bits + 1) / 2);
  }
  add(static_cast<From>(infinity));
  // NaN with its payload only in the bits that rounding drops, and in all bits.
  add(from_bits<From>(format_of(dtype_of<From>()).infinity() + 1));
  add(from_bits<From>(format_of(dtype_of<From>()).sign() - 1));
  while (all.size() % 256 != 0) add(std::numeric_limits<From>::denorm_min());
  return all;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_TIES_HPP
