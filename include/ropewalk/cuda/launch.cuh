// The kernel that runs jobs, its grid, and its launch.
#ifndef ROPEWALK_CUDA_LAUNCH_CUH
#define ROPEWALK_CUDA_LAUNCH_CUH

#include <cuda_runtime.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/cuda/error.cuh"
#include "ropewalk/cuda/jobs.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

constexpr int most_threads = 384;  ///< of a block

/// The jobs of one launch. A type of its own, since nvcc 13.0 cannot take the address of a kernel
/// whose last template parameter is a pack.
template <class... Jobs>
struct JobList {
  static constexpr unsigned count = 0;
  __device__ __forceinline__ void run(unsigned, const Walk&) const {}
};
template <class Job, class... Others>
struct JobList<Job, Others...> {
  static constexpr unsigned count = 1 + sizeof...(Others);
  static constexpr bool is_small = Job::is_small;
  Job job;
  JobList<Others...> others;

  __device__ __forceinline__ void run(unsigned which, const Walk& walk) const {
    if (count == 1 || which == 0) {
      job.run(walk);
    } else {
      others.run(which - 1, walk);
    }
  }
};

inline JobList<> job_list() { return {}; }
template <class Job, class... Others>
JobList<Job, Others...> job_list(const Job& job, const Others&... others) {
  return {job, job_list(others...)};
}

/// What a kernel does first that may begin before what its stream did last has ended; see
/// begins_early.
__device__ __forceinline__ void wait_for_stream() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

template <class Jobs>
__global__ void __launch_bounds__(most_threads)
    run_jobs(const __grid_constant__ Jobs jobs, bool batch_first) {
  constexpr unsigned count = Jobs::count;
  wait_for_stream();
  const Walk walk = Jobs::is_small ? walk_of_row(count) : walk_of_thread(count, batch_first);
  jobs.run(blockIdx.x % count, walk);
}

// Grids -------------------------------------------------------------------------------------------

/// The work of a call as its blocks see it; of several tensors, the most of each.
struct Extent {
  Index batch = 0, seq = 0, heads = 0;
  Index units = 0;                 // threads that a row has work for
  Index rows = 1;                  // that a thread has in flight
  bool heads_outside_seq = false;  // rows along seq are the nearer ones in memory
  bool batch_shares_table = false;

  bool is_small() const { return batch * seq < 1024; }
  /// Whether a grid can have a thread for every unit of every row.
  bool fits_grid() const { return is_small() && units <= most_threads && heads <= 65535; }
};

struct LaunchGrid {
  dim3 blocks, threads;
  bool batch_first;
};

inline Index at_least_one(Index value) { return std::max<Index>(1, value); }

/// Threads along units, heads and tokens: blocks small enough that several share a multiprocessor,
/// whose threads all take the same number of rows.
inline dim3 threads_for(const Extent& extent) {
  constexpr Index least = 128, most_rows = 20;
  const Index units = at_least_one(std::min<Index>(extent.units, most_threads));
  const Index heads = at_least_one(extent.heads);
  Index heads_at_once = 1, tokens = 1;
  if (extent.is_small()) {
    heads_at_once = std::min(heads, at_least_one(least / units));
  } else if (extent.heads_outside_seq) {
    tokens = at_least_one(most_threads / units);
  } else {
    const Index most = std::min(most_rows / extent.rows, at_least_one(most_threads / units));
    const Index passes = parts(heads, most * extent.rows);
    heads_at_once = parts(heads, passes * extent.rows);
    tokens = at_least_one(least / (units * heads_at_once));
  }
  tokens = std::min<Index>({tokens, 64, at_least_one(extent.seq)});
  return dim3(static_cast<unsigned>(units), static_cast<unsigned>(heads_at_once),
              static_cast<unsigned>(tokens));
}

/// Where there is little to do, the rows of a token are spread over blocks: one would wait for its
/// own launch alone.
inline LaunchGrid grid_for(const Extent& extent, Index jobs) {
  constexpr Index most_x = std::numeric_limits<int>::max() / 64, most = 65535;
  const dim3 threads = threads_for(extent);
  const Index tokens = parts(extent.seq, threads.z);
  const Index heads =
      extent.is_small() ? std::min(most, parts(extent.heads, threads.y * extent.rows)) : 1;
  const bool batch_first =
      !extent.is_small() && extent.batch_shares_table && extent.batch > 1 && tokens <= most;
  const Index first = batch_first ? std::min(most, extent.batch) : std::min(most_x / jobs, tokens);
  const Index second = batch_first ? tokens : std::min(most, extent.batch);
  return {dim3(static_cast<unsigned>(first * jobs), static_cast<unsigned>(second),
               static_cast<unsigned>(at_least_one(heads))),
          threads, batch_first};
}

/// Whether to let a kernel begin, up to its own wait, while the stream's last one ends: call after
/// call on an H200 that saves 0.2 to 0.3 us of a small launch's 1.1 to 1.9, 1.6 us of large ones.
/// Only a kernel that was compiled with the wait may: code for sm_80 that the driver compiled for a
/// later device has none. Graphs take such launches from CUDA 12.3 on. Asked once for each device.
template <class Jobs>
bool begins_early(const char* function) {
  enum Answer : signed char { not_asked, yes, no };
  constexpr int most_devices = 64;
  static std::atomic<Answer> answers[most_devices] = {};
  int device = 0;
  check_cuda(function, "the launch", cudaGetDevice(&device));
  if (device >= most_devices) return false;
  std::atomic<Answer>& answer = answers[device];
  if (answer.load(std::memory_order_relaxed) == not_asked) {
    int driver = 0;
    cudaFuncAttributes attributes = {};
    check_cuda(function, "the launch", cudaDriverGetVersion(&driver));
    check_cuda(function, "the launch", cudaFuncGetAttributes(&attributes, run_jobs<Jobs>));
    answer = driver >= 12030 && attributes.ptxVersion >= 90 ? yes : no;
  }
  return answer.load(std::memory_order_relaxed) == yes;
}

template <class Jobs>
void launch(const char* function, cudaStream_t stream, const LaunchGrid& grid, const Jobs& jobs) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid.blocks;
  config.blockDim = grid.threads;
  config.stream = stream;
  cudaLaunchAttribute early = {};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &early;
  config.numAttrs = begins_early<Jobs>(function) ? 1 : 0;
  check_cuda(function, "the launch",
             cudaLaunchKernelEx(&config, run_jobs<Jobs>, jobs, grid.batch_first));
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_LAUNCH_CUH
