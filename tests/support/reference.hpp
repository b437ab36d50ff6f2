// The rotation on bit patterns: IEEE arithmetic in integers, which no compiler flag can change.
#ifndef ROPEWALK_TESTS_SUPPORT_REFERENCE_HPP
#define ROPEWALK_TESTS_SUPPORT_REFERENCE_HPP

#include <Eigen/Core>  // for Eigen::half and Eigen::bfloat16
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ropewalk_test {

/// The pattern of a value of any type, in the low bits.
using Bits = std::uint64_t;

// Wide enough for the exact product of two doubles (106 bits) and for their aligned sum.
__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): takes no extension

enum class Dtype { f64, f32, f16, bf16 };

inline constexpr Dtype every_dtype[] = {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16};

inline const char* name_of(Dtype dtype) {
  constexpr const char* names[] = {"f64", "f32", "f16", "bf16"};
  return names[static_cast<int>(dtype)];
}

inline Dtype dtype_named(const std::string& name) {
  for (const Dtype dtype : every_dtype) {
    if (name == name_of(dtype)) return dtype;
  }
  throw std::runtime_error("no floating-point type is named '" + name + "'");
}

/// An IEEE binary format: 1 sign bit, then exponent, then fraction.
struct Format {
  int exponent_bits;
  int fraction_bits;

  constexpr Bits sign() const { return Bits{1} << (exponent_bits + fraction_bits); }
  constexpr Bits hidden() const { return Bits{1} << fraction_bits; }
  constexpr Bits infinity() const { return ((Bits{1} << exponent_bits) - 1) << fraction_bits; }
  constexpr Bits nan() const { return infinity() | (hidden() >> 1); }
  constexpr Bits largest() const { return infinity() - 1; }
  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  /// The exponent of the last place of a subnormal; no value has a finer one.
  constexpr int finest() const { return 1 - bias() - fraction_bits; }
};

constexpr Format format_of(Dtype dtype) {
  constexpr Format formats[] = {{11, 52}, {8, 23}, {5, 10}, {8, 7}};
  return formats[static_cast<int>(dtype)];
}

constexpr Bits magnitude_of(Dtype dtype, Bits bits) { return bits & (format_of(dtype).sign() - 1); }

constexpr bool is_nan(Dtype dtype, Bits bits) {
  return magnitude_of(dtype, bits) > format_of(dtype).infinity();
}

constexpr bool is_infinite(Dtype dtype, Bits bits) {
  return magnitude_of(dtype, bits) == format_of(dtype).infinity();
}

constexpr bool is_negative(Dtype dtype, Bits bits) { return (bits & format_of(dtype).sign()) != 0; }

/// The pattern itself, but one pattern for all NaN.
constexpr Bits canonical(Dtype dtype, Bits bits) {
  return is_nan(dtype, bits) ? format_of(dtype).nan() : bits;
}

/// A finite number, exactly: (-1)^negative * significand * 2^exponent.
struct Number {
  bool negative;
  int exponent;
  Wide significand;
};

constexpr Number unpack(Dtype dtype, Bits bits) {
  const Format format = format_of(dtype);
  const Bits fraction = bits & (format.hidden() - 1);
  const int biased = static_cast<int>(magnitude_of(dtype, bits) >> format.fraction_bits);
  if (biased == 0) return {is_negative(dtype, bits), format.finest(), fraction};
  return {is_negative(dtype, bits), format.finest() + biased - 1, fraction | format.hidden()};
}

inline int bit_length(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  if (high != 0) return 128 - __builtin_clzll(high);
  const auto low = static_cast<std::uint64_t>(value);
  return low == 0 ? 0 : 64 - __builtin_clzll(low);
}

/// value / 2^places to the nearest integer, ties to even.
inline Wide shifted_to_nearest(Wide value, int places) {
  if (places <= 0) return value << -places;
  if (places > bit_length(value)) return 0;  // below half of the last place
  const Wide rest = value & ((Wide{1} << places) - 1);
  const Wide half = Wide{1} << (places - 1);
  const Wide kept = value >> places;
  return kept + ((rest > half || (rest == half && (kept & 1) != 0)) ? 1 : 0);
}

/// The nearest value of the type, ties to even; too large becomes infinite, too small subnormal.
inline Bits rounded(Dtype dtype, const Number& number) {
  const Format format = format_of(dtype);
  const Bits sign = number.negative ? format.sign() : 0;
  if (number.significand == 0) return sign;
  const int top = number.exponent + bit_length(number.significand) - 1;
  const int last = std::max(top - format.fraction_bits, format.finest());
  if (last - format.finest() >= 1 << format.exponent_bits) return sign | format.infinity();
  const Wide kept = shifted_to_nearest(number.significand, last - number.exponent);
  // Added, not joined: the hidden bit counts the exponent up from the subnormals' 0, and a carry
  // out of the fraction goes where it belongs.
  const Bits pattern =
      (static_cast<Bits>(last - format.finest()) << format.fraction_bits) + static_cast<Bits>(kept);
  return sign | std::min(pattern, format.infinity());
}

/// From type to type, to nearest, ties to even; from double to 16 bits by way of float, as PyTorch.
// NOLINTNEXTLINE(misc-no-recursion): one level deep
inline Bits convert(Dtype from, Dtype to, Bits bits) {
  if (is_nan(from, bits)) return format_of(to).nan();
  if (from == to) return bits;
  const Bits sign = is_negative(from, bits) ? format_of(to).sign() : 0;
  if (is_infinite(from, bits)) return sign | format_of(to).infinity();
  if (from == Dtype::f64 && to != Dtype::f32) {
    return convert(Dtype::f32, to, convert(from, Dtype::f32, bits));
  }
  return rounded(to, unpack(from, bits));
}

inline Bits multiply(Dtype dtype, Bits a, Bits b) {
  const Format format = format_of(dtype);
  if (is_nan(dtype, a) || is_nan(dtype, b)) return format.nan();
  const Bits sign = (a ^ b) & format.sign();
  if (is_infinite(dtype, a) || is_infinite(dtype, b)) {
    const bool zero = magnitude_of(dtype, a) == 0 || magnitude_of(dtype, b) == 0;
    return zero ? format.nan() : sign | format.infinity();
  }
  const Number x = unpack(dtype, a);
  const Number y = unpack(dtype, b);
  return rounded(dtype, {sign != 0, x.exponent + y.exponent, x.significand * y.significand});
}

/// The exact sum; an addend too small to change how it rounds is left out.
inline Number exact_sum(Number x, Number y) {
  if (x.exponent < y.exponent) std::swap(x, y);
  // 53 bits and 64 places fit into Wide. Beyond, x is normal and y below 2^-11 of its last place.
  if (x.exponent - y.exponent > 64) return x;
  x.significand <<= x.exponent - y.exponent;
  if (x.negative == y.negative) {
    return {x.negative, y.exponent, x.significand + y.significand};
  }
  if (x.significand > y.significand) {
    return {x.negative, y.exponent, x.significand - y.significand};
  }
  // Opposites cancel to +0.
  const bool negative = y.negative && x.significand != y.significand;
  return {negative, y.exponent, y.significand - x.significand};
}

inline Bits add(Dtype dtype, Bits a, Bits b) {
  if (is_nan(dtype, a) || is_nan(dtype, b)) return format_of(dtype).nan();
  if (is_infinite(dtype, a)) {
    return is_infinite(dtype, b) && a != b ? format_of(dtype).nan() : a;
  }
  if (is_infinite(dtype, b)) return b;
  return rounded(dtype, exact_sum(unpack(dtype, a), unpack(dtype, b)));
}

constexpr Bits negated(Dtype dtype, Bits bits) { return bits ^ format_of(dtype).sign(); }

inline Bits subtract(Dtype dtype, Bits a, Bits b) { return add(dtype, a, negated(dtype, b)); }

/// The type in which PyTorch computes with the two.
constexpr Dtype promoted(Dtype x, Dtype y) {
  if (x == y) return x;
  return x == Dtype::f64 || y == Dtype::f64 ? Dtype::f64 : Dtype::f32;
}

/// The types of a rotation; `compute` must hold every value of x and table.
struct Rotation {
  Dtype x;
  Dtype table;
  Dtype compute;
  Dtype out;
};

/// PyTorch eager: computed in the promoted type, the result in x's.
constexpr Rotation eager(Dtype x, Dtype table) { return {x, table, promoted(x, table), x}; }

/// Compute type float: 16-bit tables widened first, so that only the result is rounded to 16 bits.
constexpr Rotation computed_in_float(Dtype x, Dtype table) {
  return {x, table, promoted(x, promoted(table, Dtype::f32)), x};
}

template <class T>
struct Pair {
  T a;
  T b;
};

template <class T>
struct Coefficients {
  T cos_a;
  T cos_b;
  T sin_a;
  T sin_b;
};

/// The contract: each product, the sum and the result rounded by itself.
inline Pair<Bits> rotate_pair(const Rotation& types, const Pair<Bits>& x,
                              const Coefficients<Bits>& table) {
  const Dtype p = types.compute;
  const Bits a = convert(types.x, p, x.a);
  const Bits b = convert(types.x, p, x.b);
  const auto turned = [&](Bits coefficient) { return convert(types.table, p, coefficient); };
  const Bits out_a =
      subtract(p, multiply(p, a, turned(table.cos_a)), multiply(p, b, turned(table.sin_a)));
  const Bits out_b =
      add(p, multiply(p, b, turned(table.cos_b)), multiply(p, a, turned(table.sin_b)));
  return {convert(p, types.out, out_a), convert(p, types.out, out_b)};
}

/// The 2x2 of the backward turn of a rotation.
inline Coefficients<Bits> inverse(Dtype table, const Coefficients<Bits>& of) {
  return {of.cos_a, of.cos_b, negated(table, of.sin_a), negated(table, of.sin_b)};
}

/// The 2x2 of the gradient: the transpose, also where the four coefficients are no rotation.
inline Coefficients<Bits> transpose(Dtype table, const Coefficients<Bits>& of) {
  return {of.cos_a, of.cos_b, negated(table, of.sin_b), negated(table, of.sin_a)};
}

// Values of the library's types ----------------------------------------------------------------

template <class T>
constexpr Dtype dtype_of() {
  static_assert(std::is_same_v<T, double> || std::is_same_v<T, float> ||
                    std::is_same_v<T, Eigen::half> || std::is_same_v<T, Eigen::bfloat16>,
                "dtype_of: double, float, Eigen::half or Eigen::bfloat16");
  if constexpr (std::is_same_v<T, double>) return Dtype::f64;
  if constexpr (std::is_same_v<T, float>) return Dtype::f32;
  return std::is_same_v<T, Eigen::half> ? Dtype::f16 : Dtype::bf16;
}

template <class T>
using Pattern =
    std::conditional_t<sizeof(T) == 8, std::uint64_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;

template <class T>
Bits to_bits(const T& value) {
  Pattern<T> pattern;
  std::memcpy(&pattern, static_cast<const void*>(&value), sizeof(T));
  return pattern;
}

template <class T>
T from_bits(Bits bits) {
  const auto pattern = static_cast<Pattern<T>>(bits);
  T value;
  std::memcpy(static_cast<void*>(&value), &pattern, sizeof(T));
  return value;
}

/// The contract on values; Out, unless named, is X. `compute_in_float`: see computed_in_float.
template <class Out = void, class X, class Tab>
auto rotate_pair(const Pair<X>& x, const Coefficients<Tab>& table, bool compute_in_float = false) {
  using Result = std::conditional_t<std::is_void_v<Out>, X, Out>;
  constexpr Dtype from = dtype_of<X>();
  constexpr Dtype with = dtype_of<Tab>();
  Rotation types = compute_in_float ? computed_in_float(from, with) : eager(from, with);
  types.out = dtype_of<Result>();
  const Pair<Bits> out =
      rotate_pair(types, Pair<Bits>{to_bits(x.a), to_bits(x.b)},
                  Coefficients<Bits>{to_bits(table.cos_a), to_bits(table.cos_b),
                                     to_bits(table.sin_a), to_bits(table.sin_b)});
  return Pair<Result>{from_bits<Result>(out.a), from_bits<Result>(out.b)};
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_REFERENCE_HPP
