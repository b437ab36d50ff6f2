// Sums of the squares of a row, in each of PyTorch's orders, by the lanes of a warp.
#ifndef ROPEWALK_CUDA_DEVICE_NORM_SUMS_CUH
#define ROPEWALK_CUDA_DEVICE_NORM_SUMS_CUH

#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

// Of PyTorch's kernels.
constexpr unsigned quad = 4;                 // features that are read at once
constexpr unsigned least_by_quads = 128;     // of a row that its reduction reads so
constexpr unsigned most_of_reduction = 512;  // threads of a row there
/// Features of a row that a warp adds up in registers, a quad a lane.
constexpr unsigned most_in_registers = quad * warp_lanes;

__device__ __forceinline__ float fused_multiply_add(float a, float b, float c) {
  float result;
  asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(result) : "f"(a), "f"(b), "f"(c));
  return result;
}

/// Quad q of a pack.
template <class X, int Size>
__device__ __forceinline__ void read_quad(float (&to)[std::size_t{quad}], const Pack<X, Size>& pack,
                                          int q) {
  constexpr int each = static_cast<int>(quad);
#pragma unroll
  for (int e = 0; e < each; ++e) to[e] = value_at(pack, q * each + e);
}

/// The features that are normalised together. Quads: neighbours in memory, aligned as four are.
template <class X, bool Quads>
struct NormedFeatures {
  const Raw<X>* first;
  unsigned size;

  __device__ __forceinline__ float at(unsigned i) const { return widened<X>(first[i]); }

  __device__ __forceinline__ void read_quad(float (&to)[std::size_t{quad}], unsigned q) const {
    const auto pack = load<X, static_cast<int>(quad)>(first + quad * q);
#pragma unroll
    for (int e = 0; e < static_cast<int>(quad); ++e) to[e] = value_at(pack, e);
  }
};

/// Of any memory: rows of one tensor, one after the other, whose features are neighbours.
template <class X>
struct NormedFeatures<X, false> {
  const Raw<X>* first;
  unsigned size, row_size;  // features, all and of a row
  Index stride;             // from row to row

  __device__ __forceinline__ float at(unsigned i) const {
    return widened<X>(first[static_cast<Index>(i / row_size) * stride + i % row_size]);
  }

  /// Those that are there; the others are 0.
  __device__ __forceinline__ void read_quad(float (&to)[std::size_t{quad}], unsigned q) const {
#pragma unroll
    for (unsigned e = 0; e < quad; ++e) to[e] = quad * q + e < size ? at(quad * q + e) : 0;
  }
};

// Trees, whose upper half is added to the lower one -----------------------------------------------

/// Adds to each term of a lane that of the lane so many apart. All lanes of a warp call. The
/// distances are constants: as a loop, which nvcc 13.0 does not always unroll, a norm took 1.22 of
/// a copy on an H200 instead of 1.07.
template <unsigned Apart, std::size_t Terms>
__device__ __forceinline__ void add_lanes_apart(float (&terms)[Terms]) {
#pragma unroll
  for (float& term : terms) {
    term = added(term, __shfl_xor_sync(0xffffffffu, term, static_cast<int>(Apart)));
  }
}

/// The same of `Most` lanes apart, then of half as many, and so on.
template <unsigned Most, std::size_t Terms>
__device__ __forceinline__ void fold_lanes(float (&terms)[Terms]) {
  if constexpr (Most > 0) {
    add_lanes_apart<Most>(terms);
    fold_lanes<Most / 2>(terms);
  }
}

/// Over the terms of one lane.
template <std::size_t Terms>
__device__ __forceinline__ float sum_in_lane(float (&terms)[Terms]) {
#pragma unroll
  for (std::size_t half = Terms / 2; half > 0; half /= 2) {
#pragma unroll
    for (std::size_t i = 0; i < half; ++i) terms[i] = added(terms[i], terms[i + half]);
  }
  return terms[0];
}

/// Over a term of each lane of a warp; every lane has the sum.
__device__ __forceinline__ float sum_of_lanes(float term) {
  float terms[] = {term};
  fold_lanes<warp_lanes / 2>(terms);
  return terms[0];
}

// The chains of a warp ----------------------------------------------------------------------------

/// One quad of a chain of torch.nn.functional.rms_norm: fused multiply-adds.
__device__ __forceinline__ void add_fused(float& chain, const float (&v)[std::size_t{quad}]) {
#pragma unroll
  for (const float value : v) chain = fused_multiply_add(value, value, chain);
}

/// One quad of a thread of x.pow(2).mean(-1): four accumulators.
__device__ __forceinline__ void add_squares(float (&sums)[std::size_t{quad}],
                                            const float (&v)[std::size_t{quad}]) {
#pragma unroll
  for (unsigned e = 0; e < quad; ++e) sums[e] = added(sums[e], multiplied(v[e], v[e]));
}

__device__ __forceinline__ float sum_of_four(const float (&sums)[std::size_t{quad}]) {
  return added(added(added(sums[0], sums[1]), sums[2]), sums[3]);
}

/// What a chain of one quad comes to.
template <bool Fused>
__device__ __forceinline__ float sum_of_quad(const float (&v)[std::size_t{quad}]) {
  float sum = 0;
  if constexpr (Fused) {
    add_fused(sum, v);
  } else {
    float sums[std::size_t{quad}] = {};
    add_squares(sums, v);
    sum = sum_of_four(sums);
  }
  return sum;
}

// torch.nn.functional.rms_norm --------------------------------------------------------------------

/// The threads that a row has are four warps: chain c has quads c, c + 128, ...
constexpr unsigned fused_warps = 4;

/// What the chains of one of them add up to.
template <class Features>
__device__ __forceinline__ float fused_sum_of_warp(const Features& x, unsigned warp,
                                                   unsigned lane) {
  const unsigned quads = (x.size + quad - 1) / quad;
  float chain = 0;
#pragma unroll 5  // 5,120 features are ten each
  for (unsigned q = warp * warp_lanes + lane; q < quads; q += fused_warps * warp_lanes) {
    float v[std::size_t{quad}];
    x.read_quad(v, q);
    add_fused(chain, v);
  }
  return sum_of_lanes(chain);
}

__device__ __forceinline__ float fused_sum(const float* warps) {
  return added(added(warps[0], warps[2]), added(warps[1], warps[3]));
}

// x.pow(2).mean(-1) -------------------------------------------------------------------------------

/// One of the threads that a row has: four accumulators, of quads where it has 128 features or
/// more.
template <class Features>
__device__ __forceinline__ float reduced_by_thread(const Features& x, unsigned thread,
                                                   unsigned threads) {
  float sums[std::size_t{quad}] = {};
  if (x.size >= least_by_quads) {
    const unsigned quads = x.size / quad, rest = x.size % quad;
#pragma unroll 4
    for (unsigned q = thread; q < quads; q += threads) {
      float v[std::size_t{quad}];
      x.read_quad(v, q);
      add_squares(sums, v);
    }
    if (thread < rest) {
      const float value = x.at(x.size - rest + thread);
      sums[0] = added(sums[0], multiplied(value, value));
    }
  } else {
#pragma unroll 1
    for (unsigned begin = thread; begin < x.size; begin += quad * threads) {
      float v[std::size_t{quad}];
#pragma unroll
      for (unsigned e = 0; e < quad; ++e) {
        const unsigned i = begin + e * threads;
        v[e] = i < x.size ? x.at(i) : 0;
      }
      add_squares(sums, v);
    }
  }
  return sum_of_four(sums);
}

/// All of them, 32 or, of a tensor of few rows, up to 512. Those that a row does not have add 0,
/// which changes no sum of squares.
template <unsigned Terms, class Features>
__device__ __forceinline__ float reduced_sum(const Features& x, unsigned lane, unsigned threads) {
  float terms[std::size_t{Terms}];
#pragma unroll 1
  for (unsigned i = 0; i < Terms; ++i) {
    const unsigned thread = i * warp_lanes + lane;
    terms[i] = thread < threads ? reduced_by_thread(x, thread, threads) : 0;
  }
  return sum_of_lanes(sum_in_lane(terms));
}

// On a CPU ----------------------------------------------------------------------------------------

/// By a warp, whose lanes are the eight of each of four accumulators; see CascadeSum. Rows of fewer
/// than eight features have one lane.
template <class Features>
__device__ __forceinline__ float cpu_sum(const Features& x, unsigned lane) {
  constexpr unsigned levels = 4, carry = 16, accumulators = 4, most_lanes = 8;
  const unsigned lanes = x.size < most_lanes ? 1 : most_lanes;
  const unsigned vectors = x.size / lanes, groups = vectors / accumulators;
  const unsigned accumulator = lane / most_lanes, of_vector = lane % most_lanes;
  const bool has_lane = of_vector < lanes;
  float sums[std::size_t{levels}] = {};
  const auto add_square = [&](float& sum, unsigned i) {
    const float value = x.at(i);
    sum = added(sum, multiplied(value, value));
  };
  for (unsigned group = 1; group <= groups && has_lane; ++group) {
    add_square(sums[0], (accumulators * (group - 1) + accumulator) * lanes + of_vector);
    unsigned full = carry;
#pragma unroll
    for (unsigned level = 0; level + 1 < levels; ++level, full *= carry) {
      if (group % full == 0) {
        sums[level + 1] = added(sums[level + 1], sums[level]);
        sums[level] = 0;
      }
    }
  }
#pragma unroll
  for (unsigned level = 1; level < levels; ++level) sums[0] = added(sums[0], sums[level]);
  if (accumulator == 0 && has_lane) {
    for (unsigned v = accumulators * groups; v < vectors; ++v) {
      add_square(sums[0], v * lanes + of_vector);
    }
  }
  const auto of_accumulators = [&](unsigned which) {
    float sum = 0;
#pragma unroll
    for (unsigned a = 0; a < accumulators; ++a) {
      const auto from = static_cast<int>(a * most_lanes + which);
      sum = added(sum, __shfl_sync(0xffffffffu, sums[0], from));
    }
    return sum;
  };
  if (lanes == 1) return of_accumulators(0);
  float total = 0;
  for (unsigned i = lanes * vectors; i < x.size; ++i) add_square(total, i);
#pragma unroll 1
  for (unsigned which = 0; which < lanes; ++which) total = added(total, of_accumulators(which));
  return total;
}

// Any of them -------------------------------------------------------------------------------------

/// The sum of a row's squares by a warp; of the fused order that of one of its four warps. Out of
/// line, so that the registers and the instructions of all orders are not those of the kernel.
template <class Features>
__device__ __noinline__ float sum_by_warp(Features x, NormOrder order, unsigned warp, unsigned lane,
                                          unsigned threads) {
  if (order == NormOrder::cuda_fused) return fused_sum_of_warp(x, warp, lane);
  if (order == NormOrder::cpu) return cpu_sum(x, lane);
  if (threads <= warp_lanes) return reduced_sum<1>(x, lane, threads);
  return reduced_sum<most_of_reduction / warp_lanes>(x, lane, threads);
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_NORM_SUMS_CUH
