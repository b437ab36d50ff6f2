// The C boundary's tensors as views and tables, and its norms.
#ifndef ROPEWALK_BENCH_REPORT_TENSORS_HPP
#define ROPEWALK_BENCH_REPORT_TENSORS_HPP

#include "ropewalk/norm/makers.hpp"
#include "ropewalk/ropewalk.h"
#include "ropewalk/table_layouts.hpp"
#include "ropewalk/view.hpp"

namespace ropewalk_bench {

template <class T>
ropewalk::View<T> view_of(const ropewalk_tensor& tensor) {
  const auto& [batch, seq, heads, head_dim] = tensor.shape;
  return {static_cast<T*>(tensor.data),
          {batch, seq, heads, head_dim},
          {tensor.strides[0], tensor.strides[1], tensor.strides[2]}};
}

/// The two tensors of a table.
struct CosSin {
  const ropewalk_tensor *cos, *sin;

  template <class T>
  ropewalk::TableView<T> table() const {
    return ropewalk::half_table(view_of<const T>(*cos), view_of<const T>(*sin));
  }
};

/// One whose weight, if any, is of type T, whatever its dtype says.
template <class T>
ropewalk::RmsNorm<T> norm_of(const ropewalk_norm& norm) {
  ropewalk::RmsNorm<T> made =
      ropewalk::rms_norm_torch(static_cast<const T*>(norm.weight), norm.weight_size, norm.eps);
  made.finish = static_cast<ropewalk::NormFinish>(norm.finish);
  made.over = static_cast<ropewalk::NormOver>(norm.over);
  return made;
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_REPORT_TENSORS_HPP
