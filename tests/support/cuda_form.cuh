// The CUDA form for every mix of types with one type of x: included by one unit for each.
#ifndef ROPEWALK_TESTS_SUPPORT_CUDA_FORM_CUH
#define ROPEWALK_TESTS_SUPPORT_CUDA_FORM_CUH

#include <type_traits>

#include "cuda_form.hpp"
#include "cuda_memory.cuh"
#include "ropewalk/cuda/apply.cuh"

namespace ropewalk_test {

/// The bytes that a tensor reaches; 0 if its sizes or strides are not to be trusted.
inline std::size_t reach(const std::int64_t* shape, const std::int64_t* strides, int axes,
                         std::int64_t row, std::size_t scalar) {
  std::int64_t end = row;
  for (int axis = 0; axis < axes; ++axis) {
    if (shape[axis] < 1 || strides[axis] < 0) return 0;
    end += (shape[axis] - 1) * strides[axis];
  }
  return row < 1 || end > (std::int64_t{1} << 32) ? 0 : static_cast<std::size_t>(end) * scalar;
}

template <class Out, class X, class Tab>
void run_mix(const CudaCall& call) {
  namespace rw = ropewalk;
  Mirrors mirrors;
  const auto add = [&](const CudaCall::Tensor& of, std::size_t scalar) {
    const std::size_t bytes = reach(of.shape, of.strides, 3, of.shape[3], scalar);
    mirrors.add(of.data, bytes);
    return bytes;
  };
  const std::size_t out_bytes = add(call.out, sizeof(Out));
  add(call.x, sizeof(X));
  const bool gathered = call.ids.data != nullptr;
  const std::int64_t rows[] = {call.table_shape[0], gathered ? call.ids.rows : call.table_shape[1],
                               call.table_shape[2]};
  for (const CudaCall::Reader& reader : call.readers) {
    const std::int64_t row = (call.table_shape[3] - 1) * reader.stride + 1;
    mirrors.add(reader.data, reach(rows, call.table_strides, 3, row, sizeof(Tab)));
  }
  const std::int64_t id_strides[] = {call.ids.batch_stride, call.ids.seq_stride};
  if (gathered) {
    mirrors.add(call.ids.data, reach(call.table_shape, id_strides, 2, 1, call.ids.wide ? 8 : 4));
  }
  mirrors.upload();

  const auto view = [&](const CudaCall::Tensor& of, auto scalar) {
    using T = decltype(scalar);
    return rw::View<T>(mirrors.on_device(static_cast<T*>(of.data)),
                       {of.shape[0], of.shape[1], of.shape[2], of.shape[3]},
                       {of.strides[0], of.strides[1], of.strides[2]});
  };
  const auto reader = [&](int i) {
    const CudaCall::Reader& of = call.readers[i];
    return rw::CoefficientReader<Tab>{mirrors.on_device(static_cast<const Tab*>(of.data)),
                                      of.stride, of.negative};
  };
  rw::TableView<Tab> table({reader(0), reader(1), reader(2), reader(3)},
                           {call.table_shape[0], rows[1], call.table_shape[2], call.table_shape[3]},
                           call.table_strides[0], call.table_strides[1], call.table_strides[2]);
  const auto with_ids = [&](auto id) {
    using Id = decltype(id);
    const auto* ids = mirrors.on_device(static_cast<const Id*>(call.ids.data));
    const std::int64_t batch = call.ids.batch_stride == 0 ? 1 : call.table_shape[0];
    const auto by_ids = (call.ids.are_starts ? table.rows_of_each(ids, batch, call.table_shape[1])
                                             : table.gather(ids, batch, call.table_shape[1]))
                            .first_position(call.ids.first);
    return call.ids.leaves ? by_ids.leaving(call.ids.left) : by_ids;
  };
  if (gathered) table = call.ids.wide ? with_ids(std::int64_t{}) : with_ids(std::int32_t{});

  rw::Options options;
  options.pairing = static_cast<rw::Pairing>(call.pairing);
  options.compute = call.wide_arithmetic ? rw::Compute::wide : rw::Compute::promoted;
  const auto out = view(call.out, Out{});
  if (call.in_place) {
    rw::cuda::apply_inplace(nullptr, out, table, options);
  } else {
    rw::cuda::apply(nullptr, out, view(call.x, X{}), table, options);
  }
  check(cudaDeviceSynchronize());
  mirrors.download(call.out.data, out_bytes);
}

template <class X, class Tab>
void run_outs(const CudaCall& call) {
  using P = ropewalk::Promoted<X, Tab>;
  if constexpr (!std::is_same_v<X, P>) {
    if (call.out.dtype != call.x.dtype) return run_mix<P, X, Tab>(call);
  }
  run_mix<X, X, Tab>(call);
}

/// Every table's type with x's type X.
template <class X>
void run_tables(const CudaCall& call) {
  switch (call.table) {
    case Dtype::f64:
      return run_outs<X, double>(call);
    case Dtype::f32:
      return run_outs<X, float>(call);
    case Dtype::f16:
      return run_outs<X, Eigen::half>(call);
    case Dtype::bf16:
      return run_outs<X, Eigen::bfloat16>(call);
  }
}

extern template void run_tables<double>(const CudaCall&);
extern template void run_tables<float>(const CudaCall&);
extern template void run_tables<Eigen::half>(const CudaCall&);
extern template void run_tables<Eigen::bfloat16>(const CudaCall&);

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_CUDA_FORM_CUH
