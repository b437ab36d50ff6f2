// The public entry on CUDA: what an engine calls with device memory.
#ifndef ROPEWALK_CUDA_APPLY_CUH
#define ROPEWALK_CUDA_APPLY_CUH

#include <cuda_runtime_api.h>

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cuda/device/scalars.cuh"
#include "ropewalk/cuda/error.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/cuda/rotate.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class Tab, class How, class... Outs, class... Xs>
void apply_all(cudaStream_t stream, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs,
               const Tab& table, const How& options, const cuda::CudaOptions& device) {
  if constexpr (takes_tuples<How, cudaStream_t, Tab, Outs...>(TypeTag<std::tuple<Xs...>>{})) {
    const auto view = as_table(table);
    std::apply(
        [&](auto&... out) {
          std::apply(
              [&](auto&... x) {
                rotate<Fused>({"cuda::apply", "xs", "outs", 0}, stream, options, device,
                              tensors(as_view(out), as_view(x), view)...);
              },
              xs);
        },
        outs);
  }
}

template <class Tab, class How, class... Xs>
void apply_all_inplace(cudaStream_t stream, std::tuple<Xs&...> xs, const Tab& table,
                       const How& options, const cuda::CudaOptions& device) {
  if constexpr (takes_in_place<How, cudaStream_t, Tab, Xs...>()) {
    const auto view = as_table(table);
    std::apply(
        [&](auto&... x) {
          rotate<Fused>({"cuda::apply_inplace", "xs", nullptr, 0}, stream, options, device,
                        tensors(as_view(x), as_view(x), view)...);
        },
        xs);
  }
}

}  // namespace gpu

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NESTED(cuda)

/// Rotates every feature pair of `x` by the angle that `table` holds for its token, on `stream`;
/// writes `out`. The bits are those of ropewalk::apply, whatever flags nvcc is given.
///
/// Shapes   x, out [batch, seq, heads, head_dim]; table [batch | 1, seq, heads | 1, pairs],
///          2 * pairs <= head_dim
/// Pairs    options.pairing says which features turn together; those from 2 * pairs on pass through
/// Caches   an out may be slots of a cache, View::rows, whose ids are in device memory, and an x
///          beside others values that are copied there as they are: see `copied`
/// Options  as in ropewalk::apply; device: what is checked
/// Units    the table holds cos and sin of angles in radians
/// Alias    out may be x itself (in place) unless the pairing moves features; any other overlap is
///          an error
/// Types    out, x: Eigen TensorMap or View of float, double, half, bfloat16 in device memory, out
///          like x or like what x and table promote to; CUDA's 16-bit types by view and as_eigen;
///          table: a TableView over device memory
/// Several  tuples of outs and of xs are rotated by one table in one launch, as in ropewalk::apply:
///            apply(stream, std::tie(q_out, k_out), std::tie(q, k), table)
///            apply(stream, std::tuple{q, keys.rows(slots, 1, seq), values.rows(slots, 1, seq)},
///                  std::tuple{q, k, copied(v)}, table)
/// Errors   std::invalid_argument before anything is launched: odd head_dim, shapes that differ,
///          null data, overlap; under device.check_pointers also host memory. cuda::Error with
///          CUDA's text: the launch failed. A position id outside the table is found on the device:
///          nothing outside the table is read, and the features that its row turns become NaN;
///          nothing is written of a token that its id leaves, or whose slot is negative or past the
///          last one
/// Threads  calls may run at once, on several streams and devices: the current device must be that
///          of the stream
/// Speed    rows of whole 16 bytes, or of 8 where halves of 16-bit types are not more, in memory
///          aligned so, by rotations whose entries are one or two apart in rows aligned so: that of
///          a device copy of x and the table. Everything else runs too, pair by pair and slower
/// Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see base/exact.hpp
/// Compile for sm_80 or later; nvcc's --expt-relaxed-constexpr quietens Eigen's headers.
/// Allocates nothing, waits for nothing, asks each device once for each kernel; a stream that is
/// captured records one kernel. From sm_90 on that is launched while the stream's last kernel ends
/// and waits for it on the device (programmatic dependent launch; in a graph, a programmatic edge).
/// A kernel of the caller's that is launched so must wait for its own predecessor, as CUDA asks.
template <class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply(cudaStream_t stream, Out&& out, const X& x, const Tab& table, const How& options = {},
           const CudaOptions& device = {}) {
  if constexpr (detail::are_tuples<Out, X>) {
    detail::gpu::apply_all(stream, detail::tied(std::forward<Out>(out)), detail::tied(x), table,
                           options, device);
  } else if constexpr (detail::takes_call<How, cudaStream_t, std::remove_reference_t<Out>, const X,
                                          Tab>()) {
    detail::gpu::rotate<detail::gpu::Fused>(
        {"cuda::apply", "x", "out"}, stream, options, device,
        detail::gpu::tensors(as_view(out), as_view(x), as_table(table)));
  }
}

/// Rotates every feature pair of `x` in place; see apply. Of several tensors:
///   apply_inplace(stream, std::tie(q, k), table)
template <class X, class Tab, class How = detail::DefaultOptions>
void apply_inplace(cudaStream_t stream, X&& x, const Tab& table, const How& options = {},
                   const CudaOptions& device = {}) {
  if constexpr (detail::is_tuple<std::decay_t<X>>) {
    detail::gpu::apply_all_inplace(stream, detail::tied(std::forward<X>(x)), table, options,
                                   device);
  } else if constexpr (detail::takes_in_place<How, cudaStream_t, Tab,
                                              std::remove_reference_t<X>>()) {
    detail::gpu::rotate<detail::gpu::Fused>(
        {"cuda::apply_inplace", "x"}, stream, options, device,
        detail::gpu::tensors(as_view(x), as_view(x), as_table(table)));
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_APPLY_CUH
