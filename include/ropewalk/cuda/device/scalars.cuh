// CUDA's own 16-bit types, which are Eigen's bit for bit.
#ifndef ROPEWALK_CUDA_DEVICE_SCALARS_CUH
#define ROPEWALK_CUDA_DEVICE_SCALARS_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class T>
struct EigenScalar {
  using type = T;
};
template <>
struct EigenScalar<__half> {
  using type = Eigen::half;
};
template <>
struct EigenScalar<__nv_bfloat16> {
  using type = Eigen::bfloat16;
};
template <class T>
struct EigenScalar<const T> {
  using type = const typename EigenScalar<T>::type;
};

}  // namespace gpu

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NESTED(cuda)

/// The same memory as Eigen's type: __half as Eigen::half, __nv_bfloat16 as Eigen::bfloat16, any
/// other type as it is. For the makers of views and tables, which take Eigen's types:
///   bhsd_view(cuda::as_eigen(q_half), shape)
template <class T>
auto as_eigen(T* data) {
  return reinterpret_cast<typename detail::gpu::EigenScalar<T>::type*>(data);
}

/// A dense view of device memory [batch, seq, heads, head_dim] of Eigen's or CUDA's types.
template <class T>
auto view(T* data, const Shape& shape) {
  using Scalar = typename detail::gpu::EigenScalar<T>::type;
  return View<Scalar>(as_eigen(data), shape);
}

/// The same with strides of its own.
template <class T>
auto view(T* data, const Shape& shape, const Strides& strides) {
  using Scalar = typename detail::gpu::EigenScalar<T>::type;
  return View<Scalar>(as_eigen(data), shape, strides);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_SCALARS_CUH
