// One call: its checks, the choice of the kernel, the launch.
#ifndef ROPEWALK_CUDA_ROTATE_CUH
#define ROPEWALK_CUDA_ROTATE_CUH

#include <cuda_runtime_api.h>

#include <algorithm>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/filling.hpp"
#include "ropewalk/cuda/error.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/cuda/jobs.cuh"
#include "ropewalk/cuda/launch.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/cuda/tensors.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

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
  const auto readers = tensors.table.readers();
  check_on_device(names.table, readers.cos_a.data);
  check_on_device(names.table, readers.cos_b.data);
  check_on_device(names.table, readers.sin_a.data);
  check_on_device(names.table, readers.sin_b.data);
  check_on_device(names.ids(), tensors.table.ids().data());
  if (tensors.slots() != nullptr) check_on_device(names.slots(), tensors.slots()->ids.data());
}

/// Checks one tensor; false if there is nothing to do.
template <class Form, class T>
bool prepare(const Names& names, const T& tensors, const Options& options,
             const cuda::CudaOptions& device) {
  if (!check_arguments(names, tensors.out, tensors.x, tensors.table,
                       Form::in_place == InPlace::allowed && moves_features(options.pairing)
                           ? InPlace::features_move
                           : Form::in_place,
                       Ids::on_device, HeadDim::even, tensors.slots())) {
    return false;
  }
  if (device.check_pointers) check_pointers(names, tensors);
  return true;
}

/// Of an empty tensor, nothing.
template <class T>
Extent extent_of(const T& tensors, Index units, bool inner_tokens) {
  const auto& x = tensors.x;
  Extent extent;
  if (x.empty()) return extent;
  extent.batch = x.batch();
  extent.outer = inner_tokens ? x.heads() : x.seq();
  extent.inner = inner_tokens ? x.seq() : x.heads();
  extent.units = units;
  extent.tokens = x.batch() * x.seq();
  extent.tokens_are_inner = inner_tokens;
  extent.batch_shares_table = tensors.batch_shares_table();
  return extent;
}

/// Of rows of packs.
template <class T, class Rows>
Extent extent_of_packs(const T& tensors, const Rows& rows, bool inner_tokens) {
  Extent extent = extent_of(tensors, rows.units, inner_tokens);
  extent.packs = Rows::U::packs;
  extent.has_gaps = rows.has_gaps();
  return extent;
}

inline Extent larger(const Extent& a, const Extent& b) {
  Extent result = a.inner * a.outer * a.units >= b.inner * b.outer * b.units ? a : b;
  result.outer = std::max(a.outer, b.outer);
  result.inner = std::max(a.inner, b.inner);
  result.units = std::max(a.units, b.units);
  return result;
}

/// Whether tokens are the inner axis of a call's rows: as they are of its largest tensor, so that
/// one grid fits all. Of others the axes need not be so in memory.
///
/// Not by a large table that heads share, which would have left the second cache before the next
/// head asks for it. Multiples of a copy, on an H100 and an H200, of a token's heads together and
/// of a head's tokens together: by a table of 17 MB 1.09 and 1.42, 1.12 and 1.29; by one of 8 MB
/// 1.14 and 1.07, 1.10 and 1.03.
template <class... T>
bool tokens_are_inner(const T&... tensors) {
  constexpr Index most_table = Index{12} << 20;
  Index most = -1;
  bool result = false;
  const auto ask = [&](const auto& x, const auto& table) {
    const Index rows = x.seq() * x.heads();
    if (x.empty() || rows <= most) return;
    most = rows;
    const RowIds& ids = table.ids();
    const Index rows_read = ids.data() != nullptr ? std::min(x.seq(), ids.rows()) : x.seq();
    const Index bytes =
        table.seq_stride() == 0
            ? 0
            : rows_read * table.pairs() * 2 * static_cast<const RawTable&>(table).element_bytes;
    result = tokens_are_near(x) && !(table.heads_stride() == 0 && bytes > most_table);
  };
  (ask(tensors.x, tensors.table), ...);
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

/// Launches the kernel for units.
template <class Stores, class... Rows>
void launch_units(const char* function, cudaStream_t stream, const Extent& extent,
                  const Rows&... rows) {
  const LaunchGrid grid = grid_of_rows(extent, sizeof...(Rows));
  if (holds_all(grid, extent) && (is_plain(rows) && ...)) {
    launch(function, stream, grid, job_list(unit_job<true, Stores>(rows)...));
  } else {
    launch(function, stream, grid, job_list(unit_job<false, Stores>(rows)...));
  }
}

/// By the kernel for every view and table.
template <bool Wide, class... T>
void launch_any(const char* function, cudaStream_t stream, Pairing pairing, const T&... tensors) {
  const Extent extent = largest(extent_of(tensors, tensors.x.head_dim() / 2, false)...);
  launch(function, stream, grid_that_goes_round(extent, 1, sizeof...(T)),
         job_list(any_job<ArithmeticOn<Wide, T>>(tensors, pairing)...));
}

/// By the fastest kernel that can take all tensors.
struct Fused {
  static constexpr InPlace in_place = InPlace::allowed;

  template <bool Wide, Pairing Of, class... T>
  static void launch_rotation(const char* function, cudaStream_t stream, const T&... tensors) {
    if (by_packs<Wide, false, Of>(function, stream, tensors...)) return;
    if constexpr (Of != Pairing::interleaved &&
                  (has_narrow_packs<ArithmeticOn<Wide, T>, Of, T> || ...)) {
      if (by_packs<Wide, true, Of>(function, stream, tensors...)) return;
    }
    launch_any<Wide>(function, stream, Of, tensors...);
  }

 private:
  template <bool Wide, bool Narrow, Pairing Of, class... T>
  static bool by_packs(const char* function, cudaStream_t stream, const T&... tensors) {
    constexpr Index count = sizeof...(T);
    const bool inner_tokens = tokens_are_inner(tensors...);
    const auto by_rows = [&](const auto&... rows) {
      if (!(rows.has_value() && ...)) return false;
      const Extent extent = largest(extent_of_packs(tensors, *rows, inner_tokens)...);
      if constexpr (!Narrow) {
        if (!extent.is_small() && (heads_keep_coefficients(tensors, *rows) && ...)) {
          const Index at_once = std::max({std::decay_t<decltype(*rows)>::rows_at_once...});
          launch(function, stream, grid_that_goes_round(extent, at_once, count),
                 job_list(heads_job(*rows)...));
          return true;
        }
      }
      launch_units<AsWords>(function, stream, extent, *rows...);
      return true;
    };
    return by_rows(
        packed_rows<ArithmeticOn<Wide, T>, Of, pack_size<ArithmeticOn<Wide, T>, Of, Narrow, T>()>(
            tensors, count, inner_tokens)...);
  }
};

/// As few features a thread as a pack has: two, or four by tables of 16 bits; twice as many where
/// the pairing has halves, whose units are two packs. Written as the readable form `Stores` them.
template <class Stores>
struct PairByPair {
  static constexpr InPlace in_place = InPlace::refused;

  template <bool Wide, Pairing Of, class T>
  static void launch_rotation(const char* function, cudaStream_t stream, const T& tensors) {
    constexpr int size = sizeof(typename T::Tab) == 2 ? 4 : 2;
    const bool inner_tokens = tokens_are_inner(tensors);
    const auto rows = packed_rows<ArithmeticOn<Wide, T>, Of, size>(tensors, 1, inner_tokens);
    if (!rows) return launch_any<Wide>(function, stream, Of, tensors);
    launch_units<Stores>(function, stream, extent_of_packs(tensors, *rows, inner_tokens), *rows);
  }
};

/// Calls work(bool_constant<is wide>{}, PairingTag<Of>{}) for tensors T.
template <class... T, class How, class Work>
void with_kernels_of(const How& options, const Work& work) {
  // Wide arithmetic is another only where everything has 16 bits: no second set of kernels else.
  constexpr bool wide_differs =
      (!std::is_same_v<ArithmeticOn<true, T>, ArithmeticOn<false, T>> || ...);
  with_compute(options, [&](auto compute) {
    constexpr bool is_wide = wide_differs && decltype(compute)::value == Compute::wide;
    with_pairing(options, [&](auto pairing) { work(std::bool_constant<is_wide>{}, pairing); });
  });
}

/// Checks every tensor, then rotates them all by one launch.
template <class Form, class How, class... T>
void rotate(const Names& names, cudaStream_t stream, const How& options,
            const cuda::CudaOptions& device, const T&... tensors) {
  Names of = names;
  bool work = false;
  ((work = prepare<Form>(of, tensors, options, device) || work, of.next()), ...);
  check_all_apart(names, tensors...);
  check_all_filling(names, Slots::differ, tensors...);
  if (!work) return;
  with_kernels_of<T...>(options, [&](auto is_wide, auto pairing) {
    Form::template launch_rotation<decltype(is_wide)::value, decltype(pairing)::value>(
        names.function, stream, tensors...);
  });
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_ROTATE_CUH
