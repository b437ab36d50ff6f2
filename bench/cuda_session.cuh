// A run of the CUDA benchmark: its memory, and how a row is measured.
#ifndef ROPEWALK_BENCH_CUDA_SESSION_CUH
#define ROPEWALK_BENCH_CUDA_SESSION_CUH

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "cuda_measure.cuh"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/view.hpp"

namespace ropewalk_bench {

template <class T>
constexpr const char* scalar_name() {
  if (std::is_same_v<T, double>) return "f64";
  if (std::is_same_v<T, float>) return "f32";
  return std::is_same_v<T, __half> ? "f16" : "bf16";
}

struct Measured {
  std::string name;
  Timing timing;
  double goal;    // times the limit; 0: none
  Index bytes;    // read and written
  bool verified;  // bit for bit; false: promises no bits
};

inline std::string text_of(const ropewalk::Shape& shape) {
  return std::to_string(shape.batch) + "x" + std::to_string(shape.seq) + "x" +
         std::to_string(shape.heads) + "x" + std::to_string(shape.head_dim);
}

inline Index size_of(const ropewalk::Shape& shape) {
  return shape.batch * shape.seq * shape.heads * shape.head_dim;
}

/// A form of tensors of T by tables of Tab.
template <class T, class Tab = float>
std::string row_name(const char* form, const ropewalk::Shape& shape, const char* more = "") {
  return std::string("cuda/") + form + "/" + scalar_name<T>() + "/" + scalar_name<Tab>() + "/" +
         text_of(shape) + more;
}

/// What is measured of a call, beside a limit: a copy of `bytes`, unless the row has one of its
/// own.
struct Row {
  std::string name;
  double goal;
  Index bytes;  // of x that is moved
  bool replayed = false;
  std::function<void()> limit = nullptr;
};

class Session {
 public:
  explicit Session(const std::string& filter) : filter_(filter) {
    check(cudaStreamCreate(&stream_));
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { cudaStreamDestroy(stream_); }

  cudaStream_t stream() const { return stream_; }
  const std::vector<Measured>& rows() const { return rows_; }
  bool all_verified() const { return all_verified_; }
  bool wanted(const std::string& name) const { return name.find(filter_) != std::string::npos; }

  template <class T>
  T* x() const {
    return x_.as<T>();
  }
  template <class T>
  T* out() const {
    return out_.as<T>();
  }

  /// Random x, and the same in out.
  template <class T>
  void prepare(Index count) {
    fill<<<2048, 256, 0, stream_>>>(x<T>(), count);
    check(cudaMemcpyAsync(out<T>(), x<T>(), static_cast<std::size_t>(count) * sizeof(T),
                          cudaMemcpyDeviceToDevice, stream_));
    check(cudaStreamSynchronize(stream_));
  }

  void copy(Index bytes) {
    check(cudaMemcpyAsync(out<char>(), x<char>(), static_cast<std::size_t>(bytes),
                          cudaMemcpyDeviceToDevice, stream_));
  }

  void flip(Index count, Index turned, Index row) {
    flip_kernel<<<static_cast<unsigned>((count + 127) / 128), 128, 0, stream_>>>(
        out<uint4>(), count, static_cast<unsigned>(turned), static_cast<unsigned>(row));
  }

  /// Calls once, verifies, times. `verify` counts wrong elements; none: promises no bits.
  void measure(const Row& row, const std::function<void()>& call,
               const std::function<unsigned long long()>& verify) {
    if (!wanted(row.name)) return;
    call();
    check(cudaStreamSynchronize(stream_));
    const unsigned long long differing = verify ? verify() : 0;
    if (differing != 0) return refuse(row.name, differing);
    add({row.name, timed(row, call), row.goal, 2 * row.bytes, verify != nullptr});
  }

  void refuse(const std::string& name, unsigned long long differing) {
    all_verified_ = false;
    std::printf("%-50s NOT TIMED: %llu elements are wrong\n", name.c_str(), differing);
  }

  void add(const Measured& row) {
    rows_.push_back(row);
    std::printf("%-50s %9.2f us  limit %9.2f us  %6.3f", row.name.c_str(), row.timing.microseconds,
                row.timing.limit_microseconds, row.timing.ratio);
    if (row.goal > 0) {
      std::printf("  goal %.3f %s", row.goal, row.timing.ratio <= row.goal ? "met" : "MISSED");
    }
    std::printf("  %s\n", row.verified ? "verified" : "promises no bits");
    std::fflush(stdout);
  }

 private:
  Timing timed(const Row& row, const std::function<void()>& call) {
    const std::function<void()> limit =
        row.limit ? row.limit : std::function<void()>([this, &row] { copy(row.bytes); });
    if (!row.replayed) return side_by_side(stream_, limit, call);
    const Replay limits(stream_, limit);
    const Replay calls(stream_, call);
    Timing timing = side_by_side(stream_, limits, calls);
    timing.microseconds /= Replay::calls;
    timing.limit_microseconds /= Replay::calls;
    return timing;
  }

  static constexpr Index most_bytes = Index{75600} * 40 * 128 * 4;

  std::string filter_;
  cudaStream_t stream_ = nullptr;
  Memory x_{most_bytes}, out_{most_bytes};
  std::vector<Measured> rows_;
  bool all_verified_ = true;
};

/// Rows off the main road: see cuda_corners.cu.
void measure_corners(Session& session);
/// Norms before the rotation: see cuda_norms.cu.
void measure_norms(Session& session);

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_CUDA_SESSION_CUH
