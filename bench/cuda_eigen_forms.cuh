// The two original forms as whole-tensor Eigen expressions on the GPU, interleaved, float tables.
#ifndef ROPEWALK_BENCH_CUDA_EIGEN_FORMS_CUH
#define ROPEWALK_BENCH_CUDA_EIGEN_FORMS_CUH

#include <cuda_runtime_api.h>

namespace ropewalk_bench {

/// x, out [seq, heads, head_dim] and cos, sin [seq, head_dim / 2] in device memory.
///
/// These promise no bits: nvcc contracts Eigen's products and sums into fused ones. They are here
/// to be timed: what a user would write first.
template <class T>
struct EigenCall {
  T* out;
  const T* x;
  const float *cos, *sin;
  long seq, heads, head_dim;
};

/// Writes the even features, then the odd ones, each by an assignment to a strided slice.
template <class T>
void eigen_strided(cudaStream_t stream, const EigenCall<T>& call);

/// Writes both at once: stacked along a new last axis, which is then flattened.
template <class T>
void eigen_stack_flatten(cudaStream_t stream, const EigenCall<T>& call);

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_CUDA_EIGEN_FORMS_CUH
