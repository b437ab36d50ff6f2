// The C boundary's tensors as views.
#ifndef ROPEWALK_BENCH_REPORT_TENSORS_HPP
#define ROPEWALK_BENCH_REPORT_TENSORS_HPP

#include "ropewalk/ropewalk.h"
#include "ropewalk/view.hpp"

namespace ropewalk_bench {

template <class T>
ropewalk::View<T> view_of(const ropewalk_tensor& tensor) {
  const auto& [batch, seq, heads, head_dim] = tensor.shape;
  return {static_cast<T*>(tensor.data),
          {batch, seq, heads, head_dim},
          {tensor.strides[0], tensor.strides[1], tensor.strides[2]}};
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_REPORT_TENSORS_HPP
