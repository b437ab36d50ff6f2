// A norm before the rotation, on CUDA: q/k RMSNorm and RoPE in one launch, in PyTorch's bits.
#ifndef ROPEWALK_CUDA_NORM_CUH
#define ROPEWALK_CUDA_NORM_CUH

#include <cuda_runtime_api.h>

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/cuda/norm_rotate.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/norm/makers.hpp"
#include "ropewalk/norm/takes_norm.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class Tab, class How, class... Outs, class... Xs, class... Norms>
void apply_all_normed(cudaStream_t stream, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs,
                      const std::tuple<Norms...>& norms, const Tab& table, const How& options,
                      const cuda::CudaOptions& device) {
  using XTypes = TypeTag<std::tuple<Xs...>>;
  if constexpr (takes_tuples<How, cudaStream_t, Tab, Outs...>(XTypes{})) {
    if constexpr (take_norms(TypeTag<std::tuple<Outs...>>{}, XTypes{},
                             TypeTag<std::tuple<Norms...>>{})) {
      const auto view = as_table(table);
      // First the tensors, then their norms: nvcc 13.0 gives every element of a pack that two
      // lambdas capture the type of its first.
      const auto all = std::apply(
          [&](auto&... out) {
            return std::apply(
                [&](auto&... x) { return std::tuple{tensors(as_view(out), as_view(x), view)...}; },
                xs);
          },
          outs);
      std::apply(
          [&](const auto&... of) {
            std::apply(
                [&](const auto&... norm) {
                  norm_and_rotate({"cuda::apply", "xs", "outs", 0}, stream, options, device,
                                  normed_tensors(of, norm)...);
                },
                norms);
          },
          all);
    }
  }
}

template <class Tab, class How, class... Xs, class... Norms>
void apply_all_normed_inplace(cudaStream_t stream, std::tuple<Xs&...> xs,
                              const std::tuple<Norms...>& norms, const Tab& table,
                              const How& options, const cuda::CudaOptions& device) {
  using XTypes = TypeTag<std::tuple<Xs...>>;
  if constexpr (takes_in_place<How, cudaStream_t, Tab, Xs...>()) {
    if constexpr (take_norms(XTypes{}, XTypes{}, TypeTag<std::tuple<Norms...>>{})) {
      const auto view = as_table(table);
      const auto with = [&](auto&... x) {
        std::apply(
            [&](const auto&... norm) {
              norm_and_rotate({"cuda::apply_inplace", "xs", nullptr, 0}, stream, options, device,
                              normed_tensors(tensors(as_view(x), as_view(x), view), norm)...);
            },
            norms);
      };
      std::apply(with, xs);
    }
  }
}

}  // namespace gpu

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NESTED(cuda)

/// Normalises every row of `x`, rounds it to x's type, and rotates it as cuda::apply of the same
/// arguments without a norm does, on `stream`; writes `out`.
///
/// Shapes   as cuda::apply; a table of no pairs: normalises alone
/// Types    x float, half or bfloat16, out of the same; the norm's weight float or of that type
/// Alias    as cuda::apply; a weight, which is device memory, must be apart from every out
/// Errors   those of cuda::apply; std::invalid_argument before anything is launched: a weight of
///          another size, null with a size or for one_plus_weight, or float where PyTorch would
///          return float; eps negative or not finite; more than 2^24 features together
/// Several  a tuple of norms beside those of outs and xs, no_norm for a tensor that has none
/// Order    norm.order; where that is automatic norm.on_cuda, which rms_norm(model, ..) sets; where
///          that is, too, that of torch's rms_norm for one_rounding by a weight of x's type or none,
///          else that of pow and mean. A class of one rounding that is written by pow and mean (OLMo
///          2) has on_cuda = NormOrder::cuda_reduce; NormOrder::cpu gives the bits of ropewalk::apply
/// Source   Zhang and Sennrich 2019, arXiv:1910.07467; arithmetic as PyTorch 2.11 eager on an H100
///          and an H200. Not its bits: rows whose features are no multiple of 4 or not aligned as 4
///          are, and by cuda_reduce more than 8,160 features, which PyTorch adds up in other orders
/// Speed    one kernel; multiples of a copy are in bench/README.md
template <class Out, class X, class W, class Tab, class How = detail::DefaultOptions>
void apply(cudaStream_t stream, Out&& out, const X& x, const RmsNorm<W>& norm, const Tab& table,
           const How& options = {}, const CudaOptions& device = {}) {
  using Tensor = std::remove_reference_t<Out>;
  if constexpr (detail::takes_call<How, cudaStream_t, Tensor, const X, Tab>()) {
    if constexpr (detail::takes_norm<Tensor, const X>(detail::TypeTag<RmsNorm<W>>{})) {
      const auto views = detail::gpu::tensors(as_view(out), as_view(x), as_table(table));
      detail::gpu::norm_and_rotate({"cuda::apply", "x", "out"}, stream, options, device,
                                   detail::gpu::normed_tensors(views, norm));
    }
  }
}
template <class Outs, class Xs, class... Norms, class Tab, class How = detail::DefaultOptions>
void apply(cudaStream_t stream, Outs&& outs, const Xs& xs, const std::tuple<Norms...>& norms,
           const Tab& table, const How& options = {}, const CudaOptions& device = {}) {
  detail::gpu::apply_all_normed(stream, detail::tied(std::forward<Outs>(outs)), detail::tied(xs),
                                norms, table, options, device);
}

/// The same in place.
template <class X, class W, class Tab, class How = detail::DefaultOptions>
void apply_inplace(cudaStream_t stream, X&& x, const RmsNorm<W>& norm, const Tab& table,
                   const How& options = {}, const CudaOptions& device = {}) {
  using Tensor = std::remove_reference_t<X>;
  if constexpr (detail::takes_in_place<How, cudaStream_t, Tab, Tensor>()) {
    if constexpr (detail::takes_norm<Tensor, Tensor>(detail::TypeTag<RmsNorm<W>>{})) {
      const auto views = detail::gpu::tensors(as_view(x), as_view(x), as_table(table));
      detail::gpu::norm_and_rotate({"cuda::apply_inplace", "x"}, stream, options, device,
                                   detail::gpu::normed_tensors(views, norm));
    }
  }
}
template <class Xs, class... Norms, class Tab, class How = detail::DefaultOptions>
void apply_inplace(cudaStream_t stream, Xs&& xs, const std::tuple<Norms...>& norms,
                   const Tab& table, const How& options = {}, const CudaOptions& device = {}) {
  detail::gpu::apply_all_normed_inplace(stream, detail::tied(std::forward<Xs>(xs)), norms, table,
                                        options, device);
}

// Options of the device where those of the arithmetic belong; see ropewalk/norm.hpp.

template <class Out, class X, class W, class Tab>
void apply(cudaStream_t stream, Out&& out, const X& x, const RmsNorm<W>& norm, const Tab& table,
           const CudaOptions& device) {
  apply(stream, std::forward<Out>(out), x, norm, table, device, device);
}
template <class Outs, class Xs, class... Norms, class Tab>
void apply(cudaStream_t stream, Outs&& outs, const Xs& xs, const std::tuple<Norms...>& norms,
           const Tab& table, const CudaOptions& device) {
  apply(stream, std::forward<Outs>(outs), xs, norms, table, device, device);
}
template <class X, class W, class Tab>
void apply_inplace(cudaStream_t stream, X&& x, const RmsNorm<W>& norm, const Tab& table,
                   const CudaOptions& device) {
  apply_inplace(stream, std::forward<X>(x), norm, table, device, device);
}
template <class Xs, class... Norms, class Tab>
void apply_inplace(cudaStream_t stream, Xs&& xs, const std::tuple<Norms...>& norms,
                   const Tab& table, const CudaOptions& device) {
  apply_inplace(stream, std::forward<Xs>(xs), norms, table, device, device);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_NORM_CUH
