// One call with norms: its checks, the choice of the kernel, the launch.
#ifndef ROPEWALK_CUDA_NORM_ROTATE_CUH
#define ROPEWALK_CUDA_NORM_ROTATE_CUH

#include <cuda_runtime_api.h>

#include <algorithm>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/filling.hpp"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/cuda/launch.cuh"
#include "ropewalk/cuda/norm_jobs.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/cuda/rotate.cuh"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Checks one tensor and its norm; false if there is nothing to do.
template <class T>
bool prepare_normed(const Names& names, const T& tensors, const Options& options,
                    const cuda::CudaOptions& device) {
  if constexpr (T::has_norm) {
    const RawNorm norm = raw_norm<typename T::X>(tensors.norm);
    const InPlace in_place =
        moves_features(options.pairing) ? InPlace::features_move : InPlace::allowed;
    if (!check_normed(names, tensors.out, tensors.x, tensors.table, norm, in_place, Ids::on_device,
                      tensors.slots())) {
      return false;
    }
    if (device.check_pointers) {
      check_pointers(names, tensors);
      check_on_device(place_of_weight(names.function, names.x.index), norm.weight);
    }
    return true;
  } else {
    return prepare<Fused>(names, tensors, options, device);
  }
}

template <class T>
void check_weight_apart([[maybe_unused]] const Names& names, [[maybe_unused]] const T& tensors,
                        [[maybe_unused]] const Place& out_place,
                        [[maybe_unused]] const RawView& out) {
  if constexpr (T::has_norm) {
    detail::check_weight_apart(place_of_weight(names.function, names.x.index),
                               raw_norm<typename T::X>(tensors.norm), out_place, out);
  }
}

// Kernels -----------------------------------------------------------------------------------------

template <bool Wide, bool Narrow, Pairing Of, class... T>
bool normed_by_packs(const char* function, cudaStream_t stream, const T&... tensors) {
  constexpr Index count = sizeof...(T);
  const bool some_tokens = (tensors.over_token() || ...);
  const bool all_tokens = ((tensors.x.empty() || tensors.over_token()) && ...);
  const bool inner_tokens = !some_tokens && tokens_are_inner(tensors...);
  const auto by_rows = [&](const auto&... rows) {
    if (!(rows.has_value() && ...)) return false;
    if (!(norm_has_packs<std::decay_t<decltype(*rows)>>(tensors) && ...)) return false;
    const Extent extent = largest(extent_of_packs(tensors, *rows, inner_tokens)...);
    const auto keeps = [&](const auto& of, const auto& of_tensors) {
      return of_tensors.x.empty() || (of.units == extent.units && keeps_heads(of, of_tensors));
    };
    constexpr Index threads =
        threads_together(threads_of_token<std::decay_t<decltype(*rows)>, T>()...);
    if constexpr (threads > 0) {
      const LaunchGrid by_whole_tokens = grid_of_whole_tokens(extent, count, threads);
      if (by_whole_tokens.threads.x > 0 && (keeps(*rows, tensors) && ...) &&
          (keeps_tokens(*rows, tensors) && ...)) {
        launch(function, stream, by_whole_tokens, job_list(normed_tokens_job(*rows, tensors)...));
        return true;
      }
    }
    const LaunchGrid by_tokens = grid_of_tokens(extent, count, some_tokens);
    if (by_tokens.threads.x > 0 && (keeps(*rows, tensors) && ...)) {
      launch(function, stream, by_tokens, job_list(normed_heads_job(*rows, tensors)...));
    } else {
      launch(function, stream, grid_of_sums(extent, count, all_tokens),
             job_list(normed_units_job(*rows, tensors)...));
    }
    return true;
  };
  return by_rows(
      packed_rows<ArithmeticOn<Wide, T>, Of, pack_size<ArithmeticOn<Wide, T>, Of, Narrow, T>()>(
          tensors, count, inner_tokens)...);
}

/// By the kernel for packs, if it can take all tensors, or the one for every view.
template <bool Wide, Pairing Of, class... T>
void launch_normed(const char* function, cudaStream_t stream, const T&... tensors) {
  if (normed_by_packs<Wide, false, Of>(function, stream, tensors...)) return;
  if constexpr (Of != Pairing::interleaved &&
                (has_narrow_packs<ArithmeticOn<Wide, T>, Of, T> || ...)) {
    if (normed_by_packs<Wide, true, Of>(function, stream, tensors...)) return;
  }
  const Extent extent = largest(extent_of(tensors, tensors.x.head_dim(), false)...);
  const bool all_tokens = ((tensors.x.empty() || tensors.over_token()) && ...);
  launch(function, stream, grid_of_blocks(extent, sizeof...(T), all_tokens),
         job_list(normed_any_job<ArithmeticOn<Wide, T>>(tensors, Of)...));
}

/// Checks every tensor, then normalises and rotates them all by one launch.
template <class How, class... T>
void norm_and_rotate(const Names& names, cudaStream_t stream, const How& options,
                     const cuda::CudaOptions& device, const T&... tensors) {
  Names of = names;
  bool work = false;
  ((work = prepare_normed(of, tensors, options, device) || work, of.next()), ...);
  check_all_apart(names, tensors...);
  check_all_filling(names, Slots::differ, tensors...);
  of = names;
  ((check_weight_apart_from_all(of, tensors, tensors...), of.next()), ...);
  if (!work) return;
  with_kernels_of<T...>(options, [&](auto is_wide, auto pairing) {
    launch_normed<decltype(is_wide)::value, decltype(pairing)::value>(names.function, stream,
                                                                      settled(tensors)...);
  });
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_NORM_ROTATE_CUH
