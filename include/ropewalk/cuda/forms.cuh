// The two readable forms on CUDA: how much of a rotation's time non-sequential writes are.
#ifndef ROPEWALK_CUDA_FORMS_CUH
#define ROPEWALK_CUDA_FORMS_CUH

#include <cuda_runtime_api.h>

#include "ropewalk/base/config.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/cuda/rotate.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class Stores, class Out, class X, class Tab, class How>
void apply_form(const char* function, cudaStream_t stream, Out& out, const X& x, const Tab& table,
                const How& options, const cuda::CudaOptions& device) {
  if constexpr (takes_call_of_views<How, cudaStream_t, Out, const X, Tab>()) {
    rotate<PairByPair<Stores>>({function, "x", "out"}, stream, options, device,
                               tensors(as_view(out), as_view(x), as_table(table)));
  }
}

}  // namespace gpu

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NESTED(cuda)

/// Rotates every feature pair of `x` as PyTorch code with `out[..., 0::2] = ...;
/// out[..., 1::2] = ...` does, in one kernel, on `stream`; writes `out`. A thread stores each
/// result by an access of its own. Of interleaved pairs those of neighbouring threads are two
/// apart.
///
/// Shapes, Pairs, Options, Units, Types, Errors, Threads, Source   as cuda::apply
/// Alias    out must be apart from x and the table
/// Speed    what the stores cost where rows and their strides are whole packs of two features, of
///          four by tables of 16 bits; elsewhere as cuda::apply, pair by pair, in both forms
/// The bits are those of cuda::apply. Allocates nothing, waits for nothing.
template <class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply_strided(cudaStream_t stream, Out&& out, const X& x, const Tab& table,
                   const How& options = {}, const CudaOptions& device = {}) {
  detail::gpu::apply_form<detail::gpu::ByStrides>("cuda::apply_strided", stream, out, x, table,
                                                  options, device);
}

/// Rotates every feature pair of `x` as PyTorch code with `stack((even, odd), -1).flatten(-2)`
/// does, in one kernel; writes `out`. A thread stores both results of a pair by one access, so that
/// those of a warp are one stretch of memory. Otherwise as apply_strided.
template <class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply_stack_flatten(cudaStream_t stream, Out&& out, const X& x, const Tab& table,
                         const How& options = {}, const CudaOptions& device = {}) {
  detail::gpu::apply_form<detail::gpu::AsWords>("cuda::apply_stack_flatten", stream, out, x, table,
                                                options, device);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_FORMS_CUH
