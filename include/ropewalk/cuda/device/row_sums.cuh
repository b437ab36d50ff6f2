// The sums of the rows of a block, by its warps.
#ifndef ROPEWALK_CUDA_DEVICE_ROW_SUMS_CUH
#define ROPEWALK_CUDA_DEVICE_ROW_SUMS_CUH

#include <cstddef>

#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// What the warps of a block have added up: the sum of a row, or those of its four warps.
struct RowSums {
  float of_warps[std::size_t{most_sums}][std::size_t{fused_warps}];
};

/// Calls add_up(i, lane) for each i < count by the lanes of one of the block's whole warps.
template <class AddUp>
__device__ __forceinline__ void for_warps(unsigned count, const AddUp& add_up) {
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned warps = blockDim.x * blockDim.y * blockDim.z / warp_lanes;
#pragma unroll 1
  for (unsigned i = thread / warp_lanes; i < count; i += warps) add_up(i, thread % warp_lanes);
}

/// Adds up the squares of `rows` rows, features_of(row) each, by the whole warps of a block, for
/// all its threads.
template <class W, class Features>
__device__ __forceinline__ void find_sums(RowSums& sums, unsigned rows, const DeviceNorm<W>& norm,
                                          const Features& features_of) {
  const unsigned each = norm.order == NormOrder::cuda_fused ? fused_warps : 1;
  for_warps(rows * each, [&](unsigned i, unsigned lane) {
    const unsigned row = i / each, warp = i % each;
    const float sum = sum_by_warp(features_of(row), norm.order, warp, lane, norm.threads);
    if (lane == 0) sums.of_warps[row][warp] = sum;
  });
  __syncthreads();
}

/// 1 / rms of one of them.
template <class W>
__device__ __forceinline__ float reciprocal_of(const RowSums& sums, unsigned row,
                                               const DeviceNorm<W>& norm) {
  const float* of_row = sums.of_warps[row];
  const bool fused = norm.order == NormOrder::cuda_fused;
  return reciprocal_rms(norm, fused ? fused_sum(of_row) : of_row[0]);
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_ROW_SUMS_CUH
