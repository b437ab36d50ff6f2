// Bits of arrays: comparing, hashing, and filling them alike on every platform.
#ifndef ROPEWALK_TESTS_SUPPORT_BITS_HPP
#define ROPEWALK_TESTS_SUPPORT_BITS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>  // for std::data and std::size
#include <string>
#include <utility>  // for std::declval
#include <vector>

// Programs that only hash or fill need no GoogleTest; same_bits does.
#if __has_include(<gtest/gtest.h>)
#include <gtest/gtest.h>
#define ROPEWALK_TESTS_HAVE_GTEST 1
#else
#define ROPEWALK_TESTS_HAVE_GTEST 0
#endif

#include "reference.hpp"

namespace ropewalk_test {

// Comparing ------------------------------------------------------------------------------------

/// "0x3f80", as many digits as the type has.
inline std::string hex(Dtype dtype, Bits bits) {
  const Format format = format_of(dtype);
  std::string text = "0x";
  for (int shift = format.exponent_bits + format.fraction_bits - 3; shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[(bits >> shift) & 15];
  }
  return text;
}

#if ROPEWALK_TESTS_HAVE_GTEST

namespace detail {

template <class T, class Same>
testing::AssertionResult compared(const T* a, const T* b, std::size_t count, Same same) {
  std::size_t different = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (same(to_bits(a[i]), to_bits(b[i]))) continue;
    if (different++ == 0) first = i;
  }
  if (different == 0) return testing::AssertionSuccess() << count << " values are the same";
  constexpr Dtype dtype = dtype_of<T>();
  return testing::AssertionFailure()
         << different << " of " << count << " values (" << name_of(dtype)
         << ") differ, first at index " << first << ": " << hex(dtype, to_bits(a[first])) << " and "
         << hex(dtype, to_bits(b[first]));
}

}  // namespace detail

/// The same bits, where any NaN equals any NaN; +0 and -0 differ. Reports the first difference.
template <class T>
testing::AssertionResult same_bits(const T* a, const T* b, std::size_t count) {
  constexpr Dtype dtype = dtype_of<T>();
  return detail::compared(a, b, count, [](Bits left, Bits right) {
    return canonical(dtype, left) == canonical(dtype, right);
  });
}

/// The same bits, payloads and signs of NaN included: what features that pass through must keep.
template <class T>
testing::AssertionResult same_bytes(const T* a, const T* b, std::size_t count) {
  return detail::compared(a, b, count, [](Bits left, Bits right) { return left == right; });
}

/// Of two containers (anything with data() and size()); sizes must agree too.
template <class A, class B>
testing::AssertionResult same_bits(const A& a, const B& b) {
  if (static_cast<std::size_t>(std::size(a)) != static_cast<std::size_t>(std::size(b))) {
    return testing::AssertionFailure() << "sizes differ: " << std::size(a) << ", " << std::size(b);
  }
  return same_bits(std::data(a), std::data(b), static_cast<std::size_t>(std::size(a)));
}

template <class A, class B>
testing::AssertionResult same_bytes(const A& a, const B& b) {
  if (static_cast<std::size_t>(std::size(a)) != static_cast<std::size_t>(std::size(b))) {
    return testing::AssertionFailure() << "sizes differ: " << std::size(a) << ", " << std::size(b);
  }
  return same_bytes(std::data(a), std::data(b), static_cast<std::size_t>(std::size(a)));
}

#endif  // ROPEWALK_TESTS_HAVE_GTEST

// Hashing --------------------------------------------------------------------------------------

/// Spreads every bit of the input over the whole output (the finaliser of splitmix64).
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/// A hash of values, their order and their type; all NaN hash alike. Pass the last hash as `seed`
/// to go on with the next array.
template <class T>
std::uint64_t hash_bits(const T* data, std::size_t count, std::uint64_t seed = 0) {
  constexpr Dtype dtype = dtype_of<T>();
  std::uint64_t hash = mixed(seed + 0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(dtype) + 1));
  for (std::size_t i = 0; i < count; ++i) {
    hash = mixed(hash + 0x9e3779b97f4a7c15u) ^ canonical(dtype, to_bits(data[i]));
  }
  return mixed(hash ^ count);
}

template <class A, class = decltype(std::data(std::declval<const A&>()))>
std::uint64_t hash_bits(const A& array, std::uint64_t seed = 0) {
  return hash_bits(std::data(array), static_cast<std::size_t>(std::size(array)), seed);
}

// Filling --------------------------------------------------------------------------------------

/// splitmix64: the same numbers everywhere, which the distributions of <random> do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    return mixed(state_);
  }

  /// 0 to limit - 1; limit is at least 1 and below 2^32.
  std::uint64_t below(std::uint64_t limit) { return ((next() >> 32) * limit) >> 32; }

 private:
  std::uint64_t state_;
};

enum class Values {
  uniform,  // -1 to 1, evenly, rounded to the type
  bounded,  // every exponent, subnormals too, up to about the root of the largest: a rotation of
            // such values by such coefficients of the same type is finite
  finite,   // every pattern that is a number
  any,      // every pattern, NaN included
  special,  // a quarter of them special magnitudes with either sign, the others uniform
};

/// Zero, the ends of subnormals and normals, neighbours of one, roots whose squares overflow or are
/// subnormal, infinity, quiet and signalling NaN with payloads; each to be had with both signs.
constexpr std::array<Bits, 24> special_magnitudes(Dtype dtype) {
  const Format format = format_of(dtype);
  const Bits next = format.hidden();  // from one exponent to the next
  const Bits one = static_cast<Bits>(format.bias()) * next;
  const Bits small = static_cast<Bits>(format.bias() / 2) * next;  // 2^-(bias - bias / 2)
  const Bits large = one + small;                                  // 2^(bias / 2)
  return {0,
          1,
          2,
          3,
          next - 1,
          next,
          next + 1,
          small - next,
          small,
          small + 1,
          one - 1,
          one,
          one + 1,
          one + next / 2,
          one + next,
          large - 1,
          large,
          large + next,
          format.largest() - 1,
          format.largest(),
          format.infinity(),
          format.infinity() + 1,
          format.nan(),
          format.sign() - 1};
}

/// One value as `values` says; integers only, so that no flag has a say.
inline Bits random_pattern(Dtype dtype, Values values, Random& random) {
  const Format format = format_of(dtype);
  const Bits raw = random.next();
  const Bits pattern = raw & (format.sign() | (format.sign() - 1));
  const Bits sign = pattern & format.sign();
  switch (values) {
    case Values::any:
      return pattern;
    case Values::finite:
      return sign | magnitude_of(dtype, pattern) % format.infinity();
    case Values::bounded: {
      const auto exponents = static_cast<Bits>(format.bias() + format.bias() / 2 - 1);
      return sign | magnitude_of(dtype, pattern) % (exponents << format.fraction_bits);
    }
    case Values::special:
      if (random.below(4) == 0) {
        constexpr std::size_t count = special_magnitudes(Dtype::f32).size();
        return sign | special_magnitudes(dtype)[random.below(count)];
      }
      break;
    case Values::uniform:
      break;
  }
  return rounded(dtype, {(raw & 1) != 0, -53, raw >> 11});
}

template <class T>
void fill(T* data, std::size_t count, Values values, std::uint64_t seed) {
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    data[i] = from_bits<T>(random_pattern(dtype_of<T>(), values, random));
  }
}

template <class A>
void fill(A& array, Values values, std::uint64_t seed) {
  fill(std::data(array), static_cast<std::size_t>(std::size(array)), values, seed);
}

template <class T>
std::vector<T> random_values(std::size_t count, Values values, std::uint64_t seed) {
  std::vector<T> result(count);
  fill(result.data(), count, values, seed);
  return result;
}

template <class T>
std::vector<T> special_values() {
  std::vector<T> result;
  constexpr Dtype dtype = dtype_of<T>();
  for (const Bits magnitude : special_magnitudes(dtype)) {
    result.push_back(from_bits<T>(magnitude));
    result.push_back(from_bits<T>(negated(dtype, magnitude)));
  }
  return result;
}

/// All 65,536 values of a 16-bit type, in the order of their patterns.
template <class T>
std::vector<T> every_value() {
  static_assert(sizeof(T) == 2, "every_value: 16-bit types only");
  std::vector<T> result;
  result.reserve(65536);
  for (Bits bits = 0; bits < 65536; ++bits) result.push_back(from_bits<T>(bits));
  return result;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_BITS_HPP
