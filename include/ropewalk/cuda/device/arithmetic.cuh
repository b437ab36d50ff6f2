// The formula on the device, and scalars as it computes with them: widened, rounded, converted.
#ifndef ROPEWALK_CUDA_DEVICE_ARITHMETIC_CUH
#define ROPEWALK_CUDA_DEVICE_ARITHMETIC_CUH

#include <cstdint>
#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#error "ropewalk's CUDA kernels need bfloat16 conversions: compile for sm_80 or later"
#endif

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// A scalar as it is in memory: 16-bit types as their patterns.
template <class T>
using Raw = std::conditional_t<sizeof(T) == 2, std::uint16_t, T>;

// Steps in float and double -----------------------------------------------------------------------
//
// In PTX, with the rounding named: no compiler contracts these, and -use_fast_math, which lets
// __fmul_rn and casts flush subnormals, has no say.

__device__ __forceinline__ float multiplied(float a, float b) {
  float result;
  asm("mul.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ float added(float a, float b) {
  float result;
  asm("add.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ float subtracted(float a, float b) {
  float result;
  asm("sub.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ double multiplied(double a, double b) { return __dmul_rn(a, b); }
__device__ __forceinline__ double added(double a, double b) { return __dadd_rn(a, b); }
__device__ __forceinline__ double subtracted(double a, double b) { return __dsub_rn(a, b); }

// Conversions -------------------------------------------------------------------------------------

__device__ __forceinline__ float as_float(float value) { return value; }
__device__ __forceinline__ float as_float(double value) {
  float result;
  asm("cvt.rn.f32.f64 %0, %1;" : "=f"(result) : "d"(value));
  return result;
}

template <class C>
__device__ __forceinline__ C in_carrier(C value) {
  return value;
}
template <class C, class = std::enable_if_t<std::is_same_v<C, double>>>
__device__ __forceinline__ double in_carrier(float value) {
  double result;
  asm("cvt.f64.f32 %0, %1;" : "=d"(result) : "f"(value));
  return result;
}

/// The value in its carrier; exact.
template <class T>
__device__ __forceinline__ Carrier<T> widened(Raw<T> raw) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(raw));
    return result;
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    return __uint_as_float(static_cast<std::uint32_t>(raw) << 16);
  } else {
    return raw;
  }
}

/// Rounded to T, to nearest, ties to even; from double to 16 bits by way of float.
template <class T, class From>
__device__ __forceinline__ Raw<T> narrowed(From value) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    std::uint16_t result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(as_float(value)));
    return result;
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    std::uint16_t result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result) : "f"(as_float(value)));
    return result;
  } else if constexpr (std::is_same_v<T, float>) {
    return as_float(value);
  } else {
    return in_carrier<double>(value);
  }
}

/// From any scalar type to any other; a copy of the same type keeps every bit.
template <class To, class From>
__device__ __forceinline__ Raw<To> converted(Raw<From> raw) {
  if constexpr (std::is_same_v<To, From>) {
    return raw;
  } else {
    return narrowed<To>(widened<From>(raw));
  }
}

constexpr std::uint32_t sign_bit = 0x80000000u;

/// The value with its sign flipped, if `sign` is the sign bit; as it is, if that is 0.
template <class Arithmetic>
__device__ __forceinline__ Carrier<Arithmetic> with_sign(Carrier<Arithmetic> value,
                                                         std::uint32_t sign) {
  if constexpr (sizeof(value) == 8) {
    const auto high = static_cast<std::uint32_t>(__double2hiint(value));
    return __hiloint2double(static_cast<int>(high ^ sign), __double2loint(value));
  } else {
    return __uint_as_float(__float_as_uint(value) ^ sign);
  }
}

template <class Arithmetic>
__device__ __forceinline__ Carrier<Arithmetic> not_a_number() {
  return in_carrier<Carrier<Arithmetic>>(__uint_as_float(0x7fc00000u));
}

// The formula -------------------------------------------------------------------------------------

/// A number of type Arithmetic while it is computed with: every step is rounded to Arithmetic.
template <class Arithmetic>
struct Value {
  Carrier<Arithmetic> number;
};

/// What a step gives, in its carrier, rounded to Arithmetic. To bfloat16 by the conversion of two
/// values, of which the upper one is a float of that value: four times as fast as that of one.
template <class Arithmetic>
__device__ __forceinline__ Value<Arithmetic> step(Carrier<Arithmetic> result) {
  if constexpr (std::is_same_v<Arithmetic, Eigen::bfloat16>) {
    std::uint32_t rounded;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(rounded) : "f"(result), "f"(0.0f));
    return {__uint_as_float(rounded)};
  } else if constexpr (sizeof(Arithmetic) == 2) {
    return {widened<Arithmetic>(narrowed<Arithmetic>(result))};
  } else {
    return {result};
  }
}

template <class Arithmetic>
__device__ __forceinline__ Value<Arithmetic> product(Value<Arithmetic> a, Value<Arithmetic> b) {
  return step<Arithmetic>(multiplied(a.number, b.number));
}
template <class Arithmetic>
__device__ __forceinline__ Value<Arithmetic> sum(Value<Arithmetic> a, Value<Arithmetic> b) {
  return step<Arithmetic>(added(a.number, b.number));
}
template <class Arithmetic>
__device__ __forceinline__ Value<Arithmetic> difference(Value<Arithmetic> a, Value<Arithmetic> b) {
  return step<Arithmetic>(subtracted(a.number, b.number));
}

// The text that the CPU forms read, for the device.
#pragma push_macro("ROPEWALK_INLINE")
#undef ROPEWALK_INLINE
#define ROPEWALK_INLINE __device__ __forceinline__
#include "ropewalk/base/formula-inl.hpp"
#pragma pop_macro("ROPEWALK_INLINE")

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_ARITHMETIC_CUH
