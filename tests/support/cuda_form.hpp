// The CUDA form as the CPU's tests call it: on host memory, mirrored to the device and back.
#ifndef ROPEWALK_TESTS_SUPPORT_CUDA_FORM_HPP
#define ROPEWALK_TESTS_SUPPORT_CUDA_FORM_HPP

#include <cstdint>
#include <type_traits>

#include "reference.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

namespace ropewalk_test {

/// A call in plain types: nvcc's units have a namespace of their own, so views cannot pass.
struct CudaCall {
  struct Tensor {
    Dtype dtype;
    void* data;
    std::int64_t shape[4], strides[3];
  };
  struct Reader {
    const void* data;
    std::int64_t stride;
    bool negative;
  };
  struct Ids {
    const void* data;
    bool wide, are_starts, leaves;
    std::int64_t batch_stride, seq_stride, first, rows, left;
  };

  Tensor out, x;
  Dtype table;
  Reader readers[4];
  std::int64_t table_shape[4], table_strides[3];
  Ids ids;
  int pairing;
  bool wide_arithmetic;
  bool in_place;  ///< x is out
};

/// Whether there is a device to run on.
bool has_cuda_device();

/// Copies to the device what the call reaches, calls cuda::apply or apply_inplace, copies out back.
/// Addresses keep their remainders, so that alignments are the same.
///
/// Errors   those of cuda::apply; std::runtime_error with CUDA's text; std::logic_error: something
///          beside out has been written
void run_on_cuda(const CudaCall& call);

namespace detail {

template <class T>
CudaCall::Tensor plain(const ropewalk::View<T>& view) {
  using Scalar = std::remove_const_t<T>;
  return {dtype_of<Scalar>(),
          const_cast<Scalar*>(view.data()),
          {view.batch(), view.seq(), view.heads(), view.head_dim()},
          {view.strides().batch, view.strides().seq, view.strides().heads}};
}

template <class T>
CudaCall::Reader plain(const ropewalk::CoefficientReader<T>& reader) {
  return {reader.data, reader.stride, reader.negative};
}

inline CudaCall::Ids plain(const ropewalk::detail::RowIds& ids) {
  CudaCall::Ids of{};
  of.data = ids.data();
  of.wide = ids.are_64_bit();
  of.are_starts = ids.are_starts();
  of.leaves = ids.leaves();
  of.batch_stride = ids.batch_stride();
  of.seq_stride = ids.seq_stride();
  of.first = ids.first();
  of.rows = ids.rows();
  of.left = ids.left();
  return of;
}

}  // namespace detail

template <class Out, class X, class Tab>
void apply_on_cuda(const ropewalk::View<Out>& out, const ropewalk::View<const X>& x,
                   const ropewalk::TableView<Tab>& table, const ropewalk::Options& options,
                   bool in_place) {
  const auto readers = table.readers();
  run_on_cuda({detail::plain(out),
               detail::plain(x),
               dtype_of<Tab>(),
               {detail::plain(readers.cos_a), detail::plain(readers.cos_b),
                detail::plain(readers.sin_a), detail::plain(readers.sin_b)},
               {table.batch(), table.seq(), table.heads(), table.pairs()},
               {table.batch_stride(), table.seq_stride(), table.heads_stride()},
               detail::plain(table.ids()),
               static_cast<int>(options.pairing),
               options.compute == ropewalk::Compute::wide,
               in_place});
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_CUDA_FORM_HPP
