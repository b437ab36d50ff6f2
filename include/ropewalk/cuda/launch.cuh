// The kernel that runs jobs, its grid, and its launch.
#ifndef ROPEWALK_CUDA_LAUNCH_CUH
#define ROPEWALK_CUDA_LAUNCH_CUH

#include <cuda_runtime.h>

#include <algorithm>
#include <limits>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/cuda/error.cuh"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
namespace gpu {

/// The jobs of one launch. A type of its own, since nvcc 13.0 cannot take the address of a kernel
/// whose last template parameter is a pack.
template <class... Jobs>
struct JobList {
  static constexpr unsigned count = 0;
  __device__ __forceinline__ void rotate(unsigned, Index, Index) const {}
};
template <class Job, class... Others>
struct JobList<Job, Others...> {
  static constexpr unsigned count = 1 + sizeof...(Others);
  Job job;
  JobList<Others...> others;

  __device__ __forceinline__ void rotate(unsigned which, Index block, Index blocks) const {
    if (count == 1 || which == 0) {
      job.rotate(block, blocks);
    } else {
      others.rotate(which - 1, block, blocks);
    }
  }
};

inline JobList<> job_list() { return {}; }
template <class Job, class... Others>
JobList<Job, Others...> job_list(const Job& job, const Others&... others) {
  return {job, job_list(others...)};
}

/// Blocks take turns at the jobs, so that those of one token run side by side and find its table
/// in the cache.
template <class Jobs>
__global__ void __launch_bounds__(512) rotate_all(const __grid_constant__ Jobs jobs) {
  constexpr unsigned count = Jobs::count;
  jobs.rotate(blockIdx.x % count, blockIdx.x / count, gridDim.x / count);
}

// Grids -------------------------------------------------------------------------------------------

/// The work of a call as its blocks see it; of several tensors, that of the largest.
struct Extent {
  Index batch = 0, seq = 0, heads = 0, lanes = 0;
  bool heads_outside_seq = false;  // rows along seq are the nearer ones in memory
  int rows = 1;                    // that a thread has in flight
};

struct Grid {
  dim3 blocks, threads;
};

inline unsigned as_unsigned(Index value) { return static_cast<unsigned>(value); }

inline Index parts(Index whole, Index part) { return (whole + part - 1) / part; }

/// Few blocks of a size that leaves several on each multiprocessor; where there is little to do,
/// the rows of a token are spread over blocks, since one would wait for its own launch alone.
inline Grid grid_for(const Extent& extent, Index tensors) {
  constexpr Index most_threads = 384, least_threads = 128, small_launch = 256;
  const Index lanes = std::max<Index>(1, std::min(extent.lanes, most_threads));
  Index heads_at_once = 1;  // threads along heads
  Index head_blocks = 1;
  if (!(extent.heads_outside_seq && extent.seq > 1)) {
    const Index room = std::max<Index>(1, most_threads / lanes);
    const Index passes = parts(extent.heads, room * extent.rows);
    heads_at_once = std::max<Index>(1, parts(extent.heads, passes * extent.rows));
  }
  if (extent.batch * extent.seq < small_launch) {
    const Index room = std::max<Index>(1, least_threads / lanes);
    heads_at_once = std::min(room, std::max<Index>(1, extent.heads));
    head_blocks = std::min<Index>(65535, parts(extent.heads, heads_at_once));
  }
  Index tokens = std::max<Index>(1, least_threads / (lanes * heads_at_once));
  if (extent.heads_outside_seq) tokens = std::max<Index>(1, most_threads / (lanes * heads_at_once));
  tokens = std::min<Index>({tokens, 64, std::max<Index>(1, extent.seq)});
  const Index most_blocks = std::numeric_limits<int>::max() / tensors;
  const Index seq_blocks = std::min(most_blocks, parts(extent.seq, tokens));
  return {dim3(as_unsigned(seq_blocks * tensors), as_unsigned(std::min<Index>(65535, extent.batch)),
               as_unsigned(head_blocks)),
          dim3(as_unsigned(lanes), as_unsigned(heads_at_once), as_unsigned(tokens))};
}

template <class Jobs>
void launch(const char* function, cudaStream_t stream, const Grid& grid, const Jobs& jobs) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid.blocks;
  config.blockDim = grid.threads;
  config.stream = stream;
  check_cuda(function, "the launch", cudaLaunchKernelEx(&config, rotate_all<Jobs>, jobs));
}

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_LAUNCH_CUH
