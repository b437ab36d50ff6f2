// Scalars of the four types: how they promote, widen and round.
#ifndef ROPEWALK_BASE_SCALARS_HPP
#define ROPEWALK_BASE_SCALARS_HPP

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ropewalk/base/config.hpp"  // before Eigen, for its own message about C++17

// Where Eigen is missing or too old, the compiler's first message says what to do.
#if !__has_include(<Eigen/Core>)
#error "ropewalk needs Eigen 3.4: install libeigen3-dev, add -isystem /usr/include/eigen3"
#endif
#include <Eigen/Core>
#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "ropewalk needs Eigen 3.4, found an older one: name a newer one by -isystem"
#endif

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
constexpr bool is_dtype = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                          std::is_same_v<T, Eigen::half> || std::is_same_v<T, Eigen::bfloat16>;

template <class X, class Y>
struct Promote {
  using type = float;  // half with bfloat16, or either with float
};
template <class X>
struct Promote<X, X> {
  using type = X;
};
template <class X>
struct Promote<X, double> {
  using type = double;
};
template <class Y>
struct Promote<double, Y> {
  using type = double;
};
template <>
struct Promote<double, double> {
  using type = double;
};

/// The type whose arithmetic, rounded to T after each step, is arithmetic in T: double for double,
/// otherwise float. (24 >= 2 * 11 + 2 bits: a sum or product of half or bfloat16 rounded to float
/// and then to 16 bits is the correctly rounded one.)
template <class T>
using Carrier = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class To, class From>
ROPEWALK_INLINE To bit_copy(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "ropewalk: bit_copy between types of one size");
  To to;
  std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&from), sizeof(To));
  return to;
}

// All ones where the condition holds. Selecting with masks keeps loops over 16-bit values free of
// branches, and integer tests for NaN survive -ffinite-math-only.
ROPEWALK_INLINE std::uint32_t mask_if(bool condition) {
  return 0u - static_cast<std::uint32_t>(condition);
}

ROPEWALK_INLINE std::uint32_t select(std::uint32_t mask, std::uint32_t yes, std::uint32_t no) {
  return (yes & mask) | (no & ~mask);
}

ROPEWALK_INLINE float widen_bfloat16(std::uint16_t bits) {
  return bit_copy<float>(static_cast<std::uint32_t>(bits) << 16);
}

ROPEWALK_INLINE std::uint16_t narrow_bfloat16(float value) {
  const auto bits = bit_copy<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  const std::uint32_t nan = mask_if((bits & 0x7fffffffu) > 0x7f800000u);
  return static_cast<std::uint16_t>(select(nan, 0x7fc00000u, rounded) >> 16);
}

ROPEWALK_INLINE float widen_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t magnitude = bits & 0x7fffu;
  const std::uint32_t special = mask_if(magnitude >= 0x7c00u) & 0x38000000u;
  const std::uint32_t normal = (magnitude << 13) + 0x38000000u + special;
  // A subnormal half is a whole number of 2^-24, exact in float and normal there.
  const float small = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  const std::uint32_t subnormal = mask_if(magnitude < 0x400u);
  return bit_copy<float>(select(subnormal, bit_copy<std::uint32_t>(small), normal) | sign);
}

ROPEWALK_INLINE std::uint16_t narrow_half(float value) {
  const auto bits = bit_copy<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // At 0.5 the spacing of floats is 2^-24, that of subnormal halves: the sum rounds as wanted.
  const auto shifted = bit_copy<std::uint32_t>(bit_copy<float>(magnitude) + 0.5f);
  const std::uint32_t small = shifted - 0x3f000000u;
  std::uint32_t result = select(mask_if(magnitude < 0x38800000u), small, normal);
  result = select(mask_if(magnitude >= 0x47800000u), 0x7c00u, result);
  result = select(mask_if(magnitude > 0x7f800000u), 0x7e00u, result);
  return static_cast<std::uint16_t>(result | sign);
}

/// The value in its carrier; exact.
template <class T>
ROPEWALK_INLINE Carrier<T> widen(const T& value) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    return widen_half(bit_copy<std::uint16_t>(value));
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    return widen_bfloat16(bit_copy<std::uint16_t>(value));
  } else {
    return value;
  }
}

/// The value rounded to T, to nearest, ties to even; from double to 16 bits by way of float, as
/// PyTorch does.
template <class T, class From>
ROPEWALK_INLINE T narrow(From value) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    return bit_copy<Eigen::half>(narrow_half(static_cast<float>(value)));
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    return bit_copy<Eigen::bfloat16>(narrow_bfloat16(static_cast<float>(value)));
  } else {
    return static_cast<T>(value);
  }
}

template <class T>
struct TypeTag {
  using type = T;
};

/// From any scalar type to any other; a copy of the same type keeps every bit.
template <class To, class From>
ROPEWALK_INLINE To convert(const From& from) {
  if constexpr (std::is_same_v<To, From>) {
    return from;
  } else {
    return narrow<To>(widen(from));
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_SCALARS_HPP
