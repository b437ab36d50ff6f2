#define EIGEN_USE_GPU
#include <cuda_runtime.h>  // before Eigen, whose device reads its types

#include <unsupported/Eigen/CXX11/Tensor>

#include "cuda_eigen_forms.cuh"

namespace ropewalk_bench {
namespace {

template <class T>
using Map = Eigen::TensorMap<Eigen::Tensor<T, 3, Eigen::RowMajor, long>>;
template <int Rank>
using Sizes = Eigen::DSizes<long, Rank>;

/// Calls write(device, out, even features of the result, odd ones) with expressions in float.
template <class T, class Write>
void with_halves(cudaStream_t stream, const EigenCall<T>& call, const Write& write) {
  Eigen::GpuStreamDevice stream_device(&stream);
  Eigen::GpuDevice device(&stream_device);
  const long pairs = call.head_dim / 2;
  const Map<const T> x(call.x, call.seq, call.heads, call.head_dim);
  const Sizes<3> even(0, 0, 0), odd(0, 0, 1), step(1, 1, 2), all_heads(1, call.heads, 1);
  const Sizes<3> end(call.seq, call.heads, call.head_dim);
  const auto a = x.stridedSlice(even, end, step).template cast<float>();
  const auto b = x.stridedSlice(odd, end, step).template cast<float>();
  const Map<const float> cos_map(call.cos, call.seq, 1, pairs);
  const Map<const float> sin_map(call.sin, call.seq, 1, pairs);
  const auto cos = cos_map.broadcast(all_heads);
  const auto sin = sin_map.broadcast(all_heads);
  Map<T> out(call.out, call.seq, call.heads, call.head_dim);
  write(device, out, (a * cos - b * sin).template cast<T>(),
        (b * cos + a * sin).template cast<T>());
}

}  // namespace

template <class T>
void eigen_strided(cudaStream_t stream, const EigenCall<T>& call) {
  with_halves(stream, call,
              [&](const auto& device, auto& out, const auto& first, const auto& second) {
                const Sizes<3> even(0, 0, 0), odd(0, 0, 1), step(1, 1, 2);
                const Sizes<3> end(call.seq, call.heads, call.head_dim);
                out.stridedSlice(even, end, step).device(device) = first;
                out.stridedSlice(odd, end, step).device(device) = second;
              });
}

template <class T>
void eigen_stack_flatten(cudaStream_t stream, const EigenCall<T>& call) {
  with_halves(stream, call,
              [&](const auto& device, auto& out, const auto& first, const auto& second) {
                const Sizes<4> column(call.seq, call.heads, call.head_dim / 2, 1);
                const auto stacked = first.reshape(column).concatenate(second.reshape(column), 3);
                out.device(device) = stacked.reshape(Sizes<3>(call.seq, call.heads, call.head_dim));
              });
}

template void eigen_strided(cudaStream_t, const EigenCall<float>&);
template void eigen_strided(cudaStream_t, const EigenCall<Eigen::bfloat16>&);
template void eigen_stack_flatten(cudaStream_t, const EigenCall<float>&);
template void eigen_stack_flatten(cudaStream_t, const EigenCall<Eigen::bfloat16>&);

}  // namespace ropewalk_bench
