// What a norm makes of a row: the reciprocal root of its mean square, and its features.
#ifndef ROPEWALK_CUDA_DEVICE_NORMALISED_CUH
#define ROPEWALK_CUDA_DEVICE_NORMALISED_CUH

#include <cstddef>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/twos.cuh"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// A norm as kernels read it.
template <class W>
struct DeviceNorm {
  const Raw<W>* weight = nullptr;  // none: null
  float eps = 0;
  float divisor = 0;     // of a sum; 0: its mean is a product
  float factor = 0;      // of that product
  unsigned size = 0;     // features that are normalised together
  unsigned threads = 0;  // of a row, in PyTorch's reduction
  NormFinish finish = NormFinish::one_rounding;
  NormOrder order = NormOrder::automatic;  // settled: another one
  bool over_token = false;
};

// Steps with their rounding named, subnormals kept; see arithmetic.cuh.

__device__ __forceinline__ float quotient(float a, float b) {
  float result;
  asm("div.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ float root(float a) {
  float result;
  asm("sqrt.rn.f32 %0, %1;" : "=f"(result) : "f"(a));
  return result;
}
/// What PyTorch's rsqrt is on a device: up to 1 ulp from the nearest float.
__device__ __forceinline__ float approximate_reciprocal_root(float a) {
  float result;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(result) : "f"(a));
  return result;
}

/// 1 / rms where that takes a quotient, which is a hundred instructions. Out of line.
__device__ __noinline__ inline float reciprocal_rms_by_quotients(float sum, float divisor,
                                                                 float factor, float eps,
                                                                 NormOrder order) {
  const float mean = divisor == 0 ? multiplied(sum, factor) : quotient(sum, divisor);
  const float square = added(mean, eps);
  return order == NormOrder::cpu ? quotient(1.0f, root(square))
                                 : approximate_reciprocal_root(square);
}

/// 1 / rms where the mean is a product, in a device's orders.
template <class W>
__device__ __forceinline__ float approximate_reciprocal_rms(const DeviceNorm<W>& norm, float sum) {
  return approximate_reciprocal_root(added(multiplied(sum, norm.factor), norm.eps));
}

/// 1 / rms of a row by the sum of its squares.
template <class W>
__device__ __forceinline__ float reciprocal_rms(const DeviceNorm<W>& norm, float sum) {
  if (norm.divisor == 0 && norm.order != NormOrder::cpu) {
    return approximate_reciprocal_rms(norm, sum);
  }
  return reciprocal_rms_by_quotients(sum, norm.divisor, norm.factor, norm.eps, norm.order);
}

template <NormFinish Finish>
using FinishTag = std::integral_constant<NormFinish, Finish>;

template <class Call>
__device__ __forceinline__ void with_finish(NormFinish finish, const Call& call) {
  switch (finish) {
    case NormFinish::round_then_weight:
      return call(FinishTag<NormFinish::round_then_weight>{});
    case NormFinish::one_plus_weight:
      return call(FinishTag<NormFinish::one_plus_weight>{});
    case NormFinish::one_rounding:
    default:
      return call(FinishTag<NormFinish::one_rounding>{});
  }
}

/// Those of features i and on; ones where there are none.
template <int Size, class W>
__device__ __forceinline__ Pack<W, Size> weights_of(const DeviceNorm<W>& norm, Index i) {
  if (norm.weight != nullptr) return load<W, Size>(norm.weight + i);
  float ones[std::size_t{Size}];
#pragma unroll
  for (float& one : ones) one = 1;
  return packed<W>(ones);
}

template <class T, int Size>
__device__ __forceinline__ Pack<T, Size> products(const Pack<T, Size>& a, const Pack<T, Size>& b) {
  Pack<T, Size> result;
#pragma unroll
  for (int i = 0; i < a.words; ++i) result.word[i] = product(Two<T>{a.word[i]}, {b.word[i]}).word;
  return result;
}

/// Features by their weights; see Normalised of the CPU. Rounded pack by pack: a conversion of two
/// values is one instruction of the fast units, of one value one of the slow ones.
template <NormFinish Finish, class X, class W, int Size>
__device__ __forceinline__ Pack<X, Size> normalised_pack(const Pack<X, Size>& x, float reciprocal,
                                                         const Pack<W, Size>& weights) {
  float values[std::size_t{Size}];
#pragma unroll
  for (int e = 0; e < Size; ++e) values[e] = multiplied(value_at(x, e), reciprocal);
  // What is rounded before its weight has weights of its own type.
  if constexpr (Finish == NormFinish::round_then_weight && sizeof(X) == 2 && std::is_same_v<X, W>) {
    return products(packed<X>(values), weights);
  } else {
#pragma unroll
    for (int e = 0; e < Size; ++e) {
      const float weight = value_at(weights, e);
      constexpr bool plus_one = Finish == NormFinish::one_plus_weight;
      values[e] = multiplied(values[e], plus_one ? added(1.0f, weight) : weight);
    }
    return packed<X>(values);
  }
}

/// The same of a finish that is known at run time.
template <class X, class W, int Size>
__device__ __forceinline__ Pack<X, Size> normalised_pack(NormFinish of, const Pack<X, Size>& x,
                                                         float reciprocal,
                                                         const Pack<W, Size>& weights) {
  Pack<X, Size> result;
  with_finish(of, [&](auto finish) {
    result = normalised_pack<decltype(finish)::value>(x, reciprocal, weights);
  });
  return result;
}

/// Feature i of a norm.
template <class X, class W>
__device__ __forceinline__ Raw<X> normalised_feature(const DeviceNorm<W>& norm, Raw<X> x,
                                                     float reciprocal, Index i) {
  // As the first of a pack, which is whole words.
  const float values[] = {widened<X>(x), 0};
  const float weights[] = {norm.weight == nullptr ? 1.0f : widened<W>(norm.weight[i]), 1};
  return raw_at(normalised_pack(norm.finish, packed<X>(values), reciprocal, packed<W>(weights)), 0);
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_NORMALISED_CUH
