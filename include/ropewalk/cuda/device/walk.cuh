// How the threads of a launch walk over tokens and heads.
#ifndef ROPEWALK_CUDA_DEVICE_WALK_CUH
#define ROPEWALK_CUDA_DEVICE_WALK_CUH

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Where a thread begins, and how far its steps are where an axis is longer than the grid.
struct Walk {
  unsigned b, s, head;
  unsigned b_step, s_step, head_step;
};

/// Of this thread, if the grid holds all rows.
__device__ __forceinline__ Walk walk_of_row(unsigned jobs) {
  return {blockIdx.y, blockIdx.x / jobs, blockIdx.z * blockDim.y + threadIdx.y, 1, 1, 1};
}

/// Of this thread: x along a row, y along heads, z along tokens. Blocks of one launch take turns at
/// `jobs` tensors, so that those of one token run side by side and find its table in the cache; and
/// so do those of one token in all batch entries, if the batch goes first.
__device__ __forceinline__ Walk walk_of_thread(unsigned jobs, bool batch_first) {
  const unsigned first = blockIdx.x / jobs, firsts = gridDim.x / jobs;
  const unsigned token_block = batch_first ? blockIdx.y : first;
  const unsigned token_blocks = batch_first ? gridDim.y : firsts;
  return {batch_first ? first : blockIdx.y,
          token_block * blockDim.z + threadIdx.z,
          blockIdx.z * blockDim.y + threadIdx.y,
          batch_first ? firsts : gridDim.y,
          token_blocks * blockDim.z,
          gridDim.z * blockDim.y};
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_WALK_CUH
