// Two numbers of a 16-bit type in one register: one instruction computes and rounds both.
#ifndef ROPEWALK_CUDA_DEVICE_TWOS_CUH
#define ROPEWALK_CUDA_DEVICE_TWOS_CUH

#include <Eigen/Core>
#include <cstdint>
#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// The first is in the low half. A step gives what `step` gives of each: products of two such
/// numbers are exact in float, or, of bfloat16, too small to round to anything but 0; and float has
/// at least the 2 * p + 2 bits with which sums of numbers of p bits can be rounded twice.
template <class T>
struct Two {
  std::uint32_t word;
};

/// Every GPU with bfloat16 has multiply-adds, but not each has products and sums.
__device__ __forceinline__ Two<Eigen::bfloat16> multiplied_and_added(Two<Eigen::bfloat16> a,
                                                                     std::uint32_t b,
                                                                     std::uint32_t c) {
  std::uint32_t result;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a.word), "r"(b), "r"(c));
  return {result};
}
__device__ __forceinline__ Two<Eigen::bfloat16> product(Two<Eigen::bfloat16> a,
                                                        Two<Eigen::bfloat16> b) {
  // A summand that changes no product, not even the sign of 0.
  constexpr std::uint32_t negative_zeros = 0x80008000u;
  return multiplied_and_added(a, b.word, negative_zeros);
}
__device__ __forceinline__ Two<Eigen::bfloat16> sum(Two<Eigen::bfloat16> a,
                                                    Two<Eigen::bfloat16> b) {
  constexpr std::uint32_t ones = 0x3f803f80u;
  return multiplied_and_added(a, ones, b.word);
}
__device__ __forceinline__ Two<Eigen::bfloat16> difference(Two<Eigen::bfloat16> a,
                                                           Two<Eigen::bfloat16> b) {
  constexpr std::uint32_t negative_ones = 0xbf80bf80u;
  return multiplied_and_added(b, negative_ones, a.word);
}

__device__ __forceinline__ Two<Eigen::half> product(Two<Eigen::half> a, Two<Eigen::half> b) {
  std::uint32_t result;
  asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a.word), "r"(b.word));
  return {result};
}
__device__ __forceinline__ Two<Eigen::half> sum(Two<Eigen::half> a, Two<Eigen::half> b) {
  std::uint32_t result;
  asm("add.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a.word), "r"(b.word));
  return {result};
}
__device__ __forceinline__ Two<Eigen::half> difference(Two<Eigen::half> a, Two<Eigen::half> b) {
  std::uint32_t result;
  asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a.word), "r"(b.word));
  return {result};
}

/// Two words' low halves, or their high ones.
__device__ __forceinline__ std::uint32_t low_halves(std::uint32_t a, std::uint32_t b) {
  return __byte_perm(a, b, 0x5410);
}
__device__ __forceinline__ std::uint32_t high_halves(std::uint32_t a, std::uint32_t b) {
  return __byte_perm(a, b, 0x7632);
}

/// What packs are computed with: numbers of 16 bits two by two.
template <class Arithmetic>
using Operand = std::conditional_t<sizeof(Arithmetic) == 2, Two<Arithmetic>, Value<Arithmetic>>;
template <class Arithmetic>
inline constexpr int numbers_of_operand = sizeof(Arithmetic) == 2 ? 2 : 1;

/// Of a token whose id is bad: not a number in either type.
template <class Arithmetic>
__device__ __forceinline__ Operand<Arithmetic> no_operand() {
  if constexpr (numbers_of_operand<Arithmetic> == 2) {
    return {0x7fff7fffu};
  } else {
    return {not_a_number<Arithmetic>()};
  }
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_TWOS_CUH
