// One call: its checks, the choice of the kernel, the launch.
#ifndef ROPEWALK_CUDA_ROTATE_CUH
#define ROPEWALK_CUDA_ROTATE_CUH

#include <cuda_runtime_api.h>

#include <algorithm>
#include <optional>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/cuda/error.cuh"
#include "ropewalk/cuda/jobs.cuh"
#include "ropewalk/cuda/launch.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/dtype.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class Out, class X, class Tab>
Tensors<Out, std::remove_const_t<X>, Tab> tensors(const View<Out>& out, const View<X>& x,
                                                  const TableView<Tab>& table) {
  return {out, read_only(x), table};
}

/// Asks the driver, which takes time and says nothing of how far the memory reaches.
inline void check_on_device(const Place& place, const void* data) {
  if (data == nullptr) return;
  cudaPointerAttributes attributes = {};
  check_cuda(place.function, "asking what memory a pointer is",
             cudaPointerGetAttributes(&attributes, data));
  if (attributes.type == cudaMemoryTypeUnregistered) {
    fail(place, "data", "is host memory that CUDA does not know, must be device memory");
  }
}

template <class T>
void check_pointers(const Names& names, const T& tensors) {
  check_on_device(names.out, tensors.out.data());
  check_on_device(names.x, tensors.x.data());
  const auto& readers = tensors.table.readers();
  check_on_device(names.table, readers.cos_a.data);
  check_on_device(names.table, readers.cos_b.data);
  check_on_device(names.table, readers.sin_a.data);
  check_on_device(names.table, readers.sin_b.data);
  check_on_device(names.ids(), tensors.table.ids().data());
}

/// Checks one tensor; false if there is nothing to do.
template <class T>
bool prepare(const Names& names, const T& tensors, const Options& options,
             const cuda::CudaOptions& device) {
  if (!check_arguments(names, tensors.out, tensors.x, tensors.table,
                       moves_features(options.pairing) ? InPlace::features_move : InPlace::allowed,
                       Ids::on_device)) {
    return false;
  }
  if (device.check_pointers) check_pointers(names, tensors);
  return true;
}

template <class T>
Extent extent_of(const T& tensors, Index units, Index rows) {
  const auto& x = tensors.x;
  Extent extent;
  extent.batch = x.batch();
  extent.seq = x.seq();
  extent.heads = x.heads();
  extent.units = units;
  extent.rows = rows;
  extent.heads_outside_seq = x.strides().heads > x.strides().seq;
  extent.batch_shares_table = tensors.batch_shares_table();
  return extent;
}

inline Extent larger(const Extent& a, const Extent& b) {
  Extent result = a.heads * a.units >= b.heads * b.units ? a : b;
  result.heads = std::max(a.heads, b.heads);
  result.units = std::max(a.units, b.units);
  return result;
}

inline Extent largest(const Extent& a) { return a; }
template <class... Others>
Extent largest(const Extent& a, const Extent& b, const Others&... others) {
  return largest(larger(a, b), others...);
}

/// The type of the arithmetic on one tensor.
template <bool Wide, class T>
using ArithmeticOn =
    ArithmeticOf<typename T::X, typename T::Tab, Wide ? Compute::wide : Compute::promoted>;

/// Launches the jobs if all are there.
template <class... Jobs>
bool launched(const char* function, cudaStream_t stream, const Extent& extent,
              const std::optional<Jobs>&... jobs) {
  if (!(jobs.has_value() && ...)) return false;
  launch(function, stream, grid_for(extent, sizeof...(Jobs)), job_list(*jobs...));
  return true;
}

/// By the fastest kernel that can take all tensors.
template <bool Wide, Pairing Of, class... T>
void launch_rotation(const char* function, cudaStream_t stream, const T&... tensors) {
  constexpr Index count = sizeof...(T);
  const auto by_packs = [&](const auto&... jobs) {
    Extent extent = largest(extent_of(tensors, units_of<Of>(tensors), rows_of<Of>(tensors))...);
    if (extent.fits_grid()) {
      Extent of_row = extent;
      of_row.rows = 1;
      const bool gathered = ((tensors.table.ids().data() != nullptr) || ...);
      if (gathered ? launched(function, stream, of_row, small_job<true>(jobs)...)
                   : launched(function, stream, of_row, small_job<false>(jobs)...)) {
        return true;
      }
    }
    // To ask there whether ids leave a token costs all others registers, 3 to 7 % on an H200.
    const bool leaves = (tensors.table.ids().leaves() || ...);
    return !leaves && launched(function, stream, extent, jobs...);
  };
  if (by_packs(vector_job<ArithmeticOn<Wide, T>, Of>(tensors, count)...)) return;
  const Extent extent = largest(extent_of(tensors, tensors.x.head_dim() / 2, 1)...);
  launch(function, stream, grid_for(extent, count),
         job_list(any_job<ArithmeticOn<Wide, T>>(tensors, Of)...));
}

/// Checks every tensor, then rotates them all by one launch.
template <class How, class... T>
void rotate(const Names& names, cudaStream_t stream, const How& options,
            const cuda::CudaOptions& device, const T&... tensors) {
  Names of = names;
  bool work = false;
  ((work = prepare(of, tensors, options, device) || work, of.next()), ...);
  check_all_apart(names, tensors...);
  if (!work) return;
  // Wide arithmetic is another only where everything has 16 bits: no second set of kernels else.
  constexpr bool wide_differs =
      (!std::is_same_v<ArithmeticOn<true, T>, ArithmeticOn<false, T>> || ...);
  with_compute(options, [&](auto compute) {
    constexpr bool is_wide = wide_differs && decltype(compute)::value == Compute::wide;
    with_pairing(options, [&](auto pairing) {
      launch_rotation<is_wide, decltype(pairing)::value>(names.function, stream, tensors...);
    });
  });
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_ROTATE_CUH
