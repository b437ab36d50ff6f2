// How the threads of a launch walk over tokens and heads.
#ifndef ROPEWALK_CUDA_DEVICE_WALK_CUH
#define ROPEWALK_CUDA_DEVICE_WALK_CUH

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Blocks along x, which take turns at the jobs of a launch, so that those of one token run side by
/// side and find its table in the cache: of one job.
struct JobBlocks {
  unsigned at, count;
};

/// Where a thread begins, and how far its steps are where an axis is longer than the grid.
struct Walk {
  unsigned b, s, head;
  unsigned b_step, s_step, head_step;
};

/// Of this thread: x along a row, y along heads, z along tokens. If the batch goes first, blocks of
/// one token in all batch entries run side by side, too.
__device__ __forceinline__ Walk walk_of_thread(const JobBlocks& blocks, bool batch_first) {
  const unsigned token_block = batch_first ? blockIdx.y : blocks.at;
  const unsigned token_blocks = batch_first ? gridDim.y : blocks.count;
  return {batch_first ? blocks.at : blockIdx.y,
          token_block * blockDim.z + threadIdx.z,
          blockIdx.z * blockDim.y + threadIdx.y,
          batch_first ? blocks.count : gridDim.y,
          token_blocks * blockDim.z,
          gridDim.z * blockDim.y};
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_WALK_CUH
