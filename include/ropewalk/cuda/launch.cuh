// The kernel that runs jobs, and its launch.
#ifndef ROPEWALK_CUDA_LAUNCH_CUH
#define ROPEWALK_CUDA_LAUNCH_CUH

#include <cuda_runtime.h>

#include <atomic>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/cuda/error.cuh"
#include "ropewalk/cuda/grids.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// The jobs of one launch. A type of its own, since nvcc 13.0 cannot take the address of a kernel
/// whose last template parameter is a pack.
template <class... Jobs>
struct JobList {
  static constexpr unsigned count = 0;
  static constexpr int least_blocks = 0;
  __device__ __forceinline__ void run(unsigned, const JobBlocks&, bool) const {}
};
template <class Job, class... Others>
struct JobList<Job, Others...> {
  static constexpr unsigned count = 1 + sizeof...(Others);
  /// Blocks of most_threads that a multiprocessor has registers for: the most that a job asks for.
  static constexpr int least_blocks = Job::least_blocks > JobList<Others...>::least_blocks
                                          ? Job::least_blocks
                                          : JobList<Others...>::least_blocks;
  Job job;
  JobList<Others...> others;

  __device__ __forceinline__ void run(unsigned which, const JobBlocks& blocks,
                                      bool batch_first) const {
    if (count == 1 || which == 0) {
      job.run(blocks, batch_first);
    } else {
      others.run(which - 1, blocks, batch_first);
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
__global__ void __launch_bounds__(most_threads, Jobs::least_blocks)
    run_jobs(const __grid_constant__ Jobs jobs, bool batch_first) {
  constexpr unsigned count = Jobs::count;
  wait_for_stream();
  jobs.run(blockIdx.x % count, {blockIdx.x / count, gridDim.x / count}, batch_first);
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
