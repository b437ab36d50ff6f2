// Device memory, filling it, checking results, and timing beside a device copy.
#ifndef ROPEWALK_BENCH_CUDA_MEASURE_CUH
#define ROPEWALK_BENCH_CUDA_MEASURE_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "ropewalk/cuda/apply.cuh"

namespace ropewalk_bench {

using ropewalk::Index;

inline void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

/// Bytes of device memory.
class Memory {
 public:
  explicit Memory(Index bytes) { check(cudaMalloc(&data_, static_cast<std::size_t>(bytes))); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { cudaFree(data_); }

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
};

// Kernels -----------------------------------------------------------------------------------------

__device__ inline void set(float& to, double value) { to = __double2float_rn(value); }
__device__ inline void set(double& to, double value) { to = value; }
// From double by way of float, as the library and PyTorch do.
__device__ inline void set(__half& to, double value) {
  to = __float2half_rn(__double2float_rn(value));
}
__device__ inline void set(__nv_bfloat16& to, double value) {
  to = __float2bfloat16_rn(__double2float_rn(value));
}
__device__ inline double get(double value) { return value; }
__device__ inline float get(float value) { return value; }
__device__ inline float get(__half value) { return __half2float(value); }
__device__ inline float get(__nv_bfloat16 value) { return __bfloat162float(value); }

template <class T>
__global__ void fill(T* to, Index count) {
  const Index step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = blockIdx.x * static_cast<Index>(blockDim.x) + threadIdx.x; i < count; i += step) {
    std::uint64_t bits = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    set(to[i], static_cast<float>(static_cast<std::int32_t>(bits >> 32)) * 0x1p-31f);
  }
}

/// The least that a kernel of ours can do: 16 bytes a thread, no table.
static __global__ void copy_kernel(uint4* to, const uint4* from, Index count) {
  const Index i = blockIdx.x * static_cast<Index>(blockDim.x) + threadIdx.x;
  if (i < count) to[i] = from[i];
}

/// Flips signs in the first `turned` 16 bytes of every `row` times 16 bytes: the limit in place.
static __global__ void flip_kernel(uint4* data, Index count, unsigned turned, unsigned row) {
  const Index i = blockIdx.x * static_cast<Index>(blockDim.x) + threadIdx.x;
  if (i >= count) return;
  uint4& place = data[i / turned * row + i % turned];
  uint4 words = place;
  words.x ^= 0x80008000u, words.y ^= 0x80008000u, words.z ^= 0x80008000u, words.w ^= 0x80008000u;
  place = words;
}

/// What is compared: rows of x turned by the plain rule, and rows of out.
template <class T, class Tab>
struct Comparison {
  const T *x, *out;
  ropewalk::Shape shape;
  ropewalk::Strides x_strides, out_strides;
  const Tab *cos, *sin;
  Index table_stride, heads_stride, entry_stride;
  Index pairs;  // 0: out must be x
  bool half_pairing;
};

/// Arithmetic in A, every step of which is rounded to A.
template <class A>
struct Steps {
  static __device__ float rounded(float value) {
    A narrow;
    set(narrow, value);
    return get(narrow);
  }
  static __device__ float product(float a, float b) { return rounded(__fmul_rn(a, b)); }
  static __device__ float sum(float a, float b) { return rounded(__fadd_rn(a, b)); }
};
template <>
struct Steps<double> {
  static __device__ double product(double a, double b) { return __dmul_rn(a, b); }
  static __device__ double sum(double a, double b) { return __dadd_rn(a, b); }
};

/// What x and a table compute in.
template <class T, class Tab>
using ArithmeticOf =
    std::conditional_t<sizeof(T) == 8 || sizeof(Tab) == 8, double,
                       std::conditional_t<sizeof(T) == 4 || sizeof(Tab) == 4, float, T>>;

/// Counts elements of out that are not what they must be; written apart from the library.
template <class T, class Tab>
__global__ void count_wrong(const Comparison<T, Tab> of, unsigned long long* wrong) {
  using Of = Steps<ArithmeticOf<T, Tab>>;
  const Index halves = of.shape.head_dim / 2;
  const Index rows = of.shape.batch * of.shape.seq * of.shape.heads;
  const Index step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index at = blockIdx.x * static_cast<Index>(blockDim.x) + threadIdx.x; at < rows * halves;
       at += step) {
    const Index i = at % halves, h = at / halves % of.shape.heads;
    const Index token = at / halves / of.shape.heads;
    const Index s = token % of.shape.seq, b = token / of.shape.seq;
    const T* x = of.x + b * of.x_strides.batch + s * of.x_strides.seq + h * of.x_strides.heads;
    const T* out =
        of.out + b * of.out_strides.batch + s * of.out_strides.seq + h * of.out_strides.heads;
    const bool by_halves = of.half_pairing && i < of.pairs;
    const Index first = by_halves ? i : 2 * i, second = by_halves ? of.pairs + i : 2 * i + 1;
    T wanted_first = x[first], wanted_second = x[second];
    if (i < of.pairs) {
      const auto a = get(x[first]), b_value = get(x[second]);
      const Index entry = s * of.table_stride + h * of.heads_stride + i * of.entry_stride;
      const auto c = get(of.cos[entry]), d = get(of.sin[entry]);
      set(wanted_first, Of::sum(Of::product(a, c), -Of::product(b_value, d)));
      set(wanted_second, Of::sum(Of::product(b_value, c), Of::product(a, d)));
    }
    // Widening keeps every bit that counts, and so does a cast to double.
    const auto differ = [](T left, T right) {
      return __double_as_longlong(get(left)) != __double_as_longlong(get(right));
    };
    const int count = differ(wanted_first, out[first]) + differ(wanted_second, out[second]);
    if (count != 0) atomicAdd(wrong, static_cast<unsigned long long>(count));
  }
}

/// Elements of out that are wrong.
template <class T, class Tab>
unsigned long long wrong_elements(const Comparison<T, Tab>& of) {
  Memory wrong(sizeof(unsigned long long));
  auto* count = wrong.as<unsigned long long>();
  check(cudaMemset(count, 0, sizeof(*count)));
  count_wrong<<<2048, 256>>>(of, count);
  check(cudaGetLastError());
  unsigned long long result = 0;
  check(cudaMemcpy(&result, count, sizeof(result), cudaMemcpyDeviceToHost));
  return result;
}

// Timing ------------------------------------------------------------------------------------------

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Events {
 public:
  explicit Events(cudaStream_t stream) : stream_(stream) {
    check(cudaEventCreate(&begin_));
    check(cudaEventCreate(&end_));
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }

  /// Microseconds a call, of `calls` one after the other.
  template <class Call>
  double microseconds(int calls, const Call& call) {
    check(cudaEventRecord(begin_, stream_));
    for (int i = 0; i < calls; ++i) call();
    check(cudaEventRecord(end_, stream_));
    check(cudaEventSynchronize(end_));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return 1000.0 * static_cast<double>(milliseconds) / calls;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

/// Calls that a stream has captured, one after the other, to be replayed by one launch.
class Replay {
 public:
  static constexpr int calls = 200;

  template <class Call>
  Replay(cudaStream_t stream, const Call& call) : stream_(stream) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    for (int i = 0; i < calls; ++i) call();
    check(cudaStreamEndCapture(stream, &graph));
    check(cudaGraphInstantiate(&graph_, graph, 0));
    check(cudaGraphDestroy(graph));
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  ~Replay() { cudaGraphExecDestroy(graph_); }

  void operator()() const { check(cudaGraphLaunch(graph_, stream_)); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t graph_ = nullptr;
};

struct Timing {
  double microseconds, limit_microseconds;
  double ratio;  // the median of the rounds' ratios
};

/// Both by turns, so that what drifts (clocks, heat) drifts for both.
template <class Limit, class Call>
Timing side_by_side(cudaStream_t stream, const Limit& limit, const Call& call) {
  constexpr int rounds = 25;
  constexpr double round_microseconds = 2000;
  Events events(stream);
  const auto calls_of = [&](const auto& of) {
    events.microseconds(2, of);
    const double once = events.microseconds(3, of);
    return std::max(1, std::min(2000, static_cast<int>(round_microseconds / once)));
  };
  const int limit_calls = calls_of(limit), calls = calls_of(call);
  std::vector<double> limits, times, ratios;
  for (int round = 0; round < rounds; ++round) {
    limits.push_back(events.microseconds(limit_calls, limit));
    times.push_back(events.microseconds(calls, call));
    ratios.push_back(times.back() / limits.back());
  }
  return {median(times), median(limits), median(ratios)};
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_CUDA_MEASURE_CUH
