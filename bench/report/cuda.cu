// Ropewalk on CUDA as the report's Python calls it: device memory by ropewalk.h's structs.
#include <cuda_runtime.h>

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <tuple>

#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/ropewalk.h"
#include "tensors.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_bench::CosSin;
using ropewalk_bench::norm_of;
using ropewalk_bench::view_of;

/// One or two tensors that are rotated by one table; no outs: in place. With a norm, one tensor.
struct Call {
  cudaStream_t stream;
  const ropewalk_tensor *outs, *xs;
  std::int64_t count;
  const ropewalk_norm* norm;
  CosSin turns;
  rw::Pairing pairing;
};

template <class T, class C>
void rotate(const Call& call) {
  const bool is_alone = call.norm != nullptr || call.outs != nullptr;
  if (call.count != 1 && (call.count != 2 || is_alone)) {
    throw std::invalid_argument("the report rotates one tensor, or two in place without a norm");
  }
  const auto table = call.turns.table<C>();
  const rw::Options options(call.pairing);
  const auto first = view_of<T>(call.xs[0]);
  if (call.norm != nullptr) {
    const rw::RmsNorm<T> norm = norm_of<T>(*call.norm);
    if (call.outs == nullptr) {
      rw::cuda::apply_inplace(call.stream, first, norm, table, options);
    } else {
      rw::cuda::apply(call.stream, view_of<T>(*call.outs), first, norm, table, options);
    }
  } else if (call.count == 2) {
    const auto second = view_of<T>(call.xs[1]);
    rw::cuda::apply_inplace(call.stream, std::tuple{first, second}, table, options);
  } else if (call.outs == nullptr) {
    rw::cuda::apply_inplace(call.stream, first, table, options);
  } else {
    rw::cuda::apply(call.stream, view_of<T>(*call.outs), first, table, options);
  }
}

/// By a table of x's type, of float or of double.
template <class T>
void rotate(const Call& call) {
  const std::int32_t table = call.turns.cos->dtype;
  if (table == call.xs->dtype) return rotate<T, T>(call);
  if (table == ROPEWALK_DTYPE_F32) return rotate<T, float>(call);
  if (table == ROPEWALK_DTYPE_F64) return rotate<T, double>(call);
  throw std::invalid_argument("the report compiles no kernel for this type of table");
}

void rotate(const Call& call) {
  const std::int32_t x = call.xs->dtype;
  if (x == ROPEWALK_DTYPE_F32) return rotate<float>(call);
  if (x == ROPEWALK_DTYPE_F16) return rotate<Eigen::half>(call);
  if (x == ROPEWALK_DTYPE_BF16) return rotate<Eigen::bfloat16>(call);
  throw std::invalid_argument("the report compiles no kernel for this type of x");
}

}  // namespace

/// Launches on `stream`; null, or what is wrong with the arguments until the thread's next call.
extern "C" ROPEWALK_EXPORT const char* ropewalk_report_cuda_apply(
    void* stream, const ropewalk_tensor* outs, const ropewalk_tensor* xs, std::int64_t count,
    const ropewalk_norm* norm, const ropewalk_tensor* cos, const ropewalk_tensor* sin,
    std::int32_t pairing) {
  thread_local std::string text;
  try {
    rotate({static_cast<cudaStream_t>(stream),
            outs,
            xs,
            count,
            norm,
            {cos, sin},
            static_cast<rw::Pairing>(pairing)});
    return nullptr;
  } catch (const std::exception& error) {
    text = error.what();
    return text.c_str();
  }
}

#define ROPEWALK_TEXT_OF(value) #value
#define ROPEWALK_VERSION_OF(major, minor) ROPEWALK_TEXT_OF(major) "." ROPEWALK_TEXT_OF(minor)

extern "C" ROPEWALK_EXPORT const char* ropewalk_report_nvcc() {
  return ROPEWALK_VERSION_OF(__CUDACC_VER_MAJOR__, __CUDACC_VER_MINOR__);
}
