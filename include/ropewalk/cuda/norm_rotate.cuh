// One call with norms: its checks, the choice of the kernel, the launch.
#ifndef ROPEWALK_CUDA_NORM_ROTATE_CUH
#define ROPEWALK_CUDA_NORM_ROTATE_CUH

#include <cuda_runtime_api.h>

#include <algorithm>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/filling.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/cuda/jobs.cuh"
#include "ropewalk/cuda/kernels/normed_any_kernel.cuh"
#include "ropewalk/cuda/kernels/normed_heads_kernel.cuh"
#include "ropewalk/cuda/kernels/normed_units_kernel.cuh"
#include "ropewalk/cuda/launch.cuh"
#include "ropewalk/cuda/options.cuh"
#include "ropewalk/cuda/rotate.cuh"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor of a call and its norm.
template <class T, class NormType>
struct NormedTensors : T {
  using Norm = NormType;
  static constexpr bool has_norm = !std::is_same_v<Norm, NoNorm>;
  Norm norm;

  bool writes_all() const { return has_norm || T::writes_all(); }
  bool over_token() const {
    if constexpr (has_norm) return norm.over == NormOver::token && this->x.heads() > 1;
    return false;
  }
};

template <class T, class Norm>
NormedTensors<T, Norm> normed_tensors(const T& tensors, const Norm& norm) {
  return {tensors, norm};
}

// Norms -------------------------------------------------------------------------------------------

/// The threads that PyTorch's reduction has for a row of `size` features, of `rows` in all.
inline unsigned threads_of_reduction(Index size, Index rows) {
  constexpr Index most = most_of_reduction;
  const auto power_in = [](Index count) {
    Index power = 1;
    while (2 * power <= count && power < most) power *= 2;
    return power;
  };
  const Index loads = power_in(size >= least_by_quads ? size / quad : size);
  const Index rows_of_block = std::min(power_in(rows), most / std::min<Index>(loads, warp_lanes));
  return static_cast<unsigned>(std::min(loads, most / rows_of_block));
}

template <class T>
auto device_norm(const T& tensors) {
  using Weight = typename T::Norm::Weight;
  const auto& norm = tensors.norm;
  const Shape& x = tensors.x.shape();
  const bool over_token = tensors.over_token();
  const Index size = norm_size(norm.over, x);
  const Index rows = norm.rows > 0 ? norm.rows : x.batch * x.seq * (over_token ? 1 : x.heads);
  DeviceNorm<Weight> result;
  if (tensors.x.empty()) return result;
  result.weight = raw(norm.weight);
  result.eps = static_cast<float>(norm.eps);
  result.size = static_cast<unsigned>(size);
  result.threads = threads_of_reduction(size, rows);
  result.finish = norm.finish;
  result.order = norm.order;
  if (norm.order == NormOrder::automatic) {
    const bool same_types = norm.weight == nullptr || std::is_same_v<Weight, typename T::X>;
    result.order = norm.finish == NormFinish::one_rounding && same_types ? NormOrder::cuda_fused
                                                                         : NormOrder::cuda_reduce;
  }
  const bool by_factor = result.order == NormOrder::cuda_reduce;
  // A quotient by a power of two is the product with its reciprocal, bit for bit.
  const bool is_power = (size & (size - 1)) == 0;
  const auto all = static_cast<float>(by_factor ? saturating_product(rows, size) : size);
  result.factor = rounded_quotient(by_factor ? static_cast<float>(rows) : 1.0f, all);
  result.divisor = by_factor || is_power ? 0 : static_cast<float>(size);
  result.over_token = over_token;
  return result;
}

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

/// One tensor and its norm as kernels read it, after its checks.
template <class T>
struct SettledTensors : T {
  DeviceNorm<typename T::Norm::Weight> device_norm;
};

template <class T>
auto settled(const T& tensors) {
  if constexpr (T::has_norm) {
    return SettledTensors<T>{tensors, device_norm(tensors)};
  } else {
    return tensors;
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

/// Whether packs of weights can be read, and the features that are normalised together are
/// neighbours.
template <class Rows, class T>
bool norm_has_packs([[maybe_unused]] const T& tensors) {
  if constexpr (T::has_norm) {
    using Weights = Pack<typename T::Norm::Weight, Rows::U::pack>;
    const bool neighbours = tensors.x.strides().heads == tensors.x.head_dim();
    return is_aligned(tensors.norm.weight, Weights::alignment) &&
           (neighbours || !tensors.over_token());
  }
  return true;
}

/// Whether the kernel that keeps coefficients for several heads can take a tensor: of all its heads
/// together, or of rows whose sums are in registers; see NormedHeadsJob.
template <class Rows, class T>
bool keeps_heads(const Rows& rows, const T& tensors) {
  if (rows.tokens_are_inner || rows.table.heads_stride != 0 || rows.table.ids.leaves) return false;
  if constexpr (T::has_norm) {
    // Every unit has all its packs.
    if (rows.units * Rows::U::packs != rows.packs) return false;
    if (Rows::U::packs == 2 && rows.units != rows.turned_units) return false;
    const auto& norm = tensors.device_norm;
    if (norm.over_token) return true;
    const bool is_most = norm.size == most_in_registers;
    const bool is_half = 2 * norm.size == most_in_registers;
    return norm.order == NormOrder::cuda_fused
               ? norm.finish == NormFinish::one_rounding && (is_most || is_half)
               : norm.order == NormOrder::cuda_reduce && is_most;
  }
  return true;
}

template <class Rows, class T>
auto normed_heads_job(const Rows& rows, const T& tensors) {
  if constexpr (T::has_norm) {
    return NormedHeadsJob<Rows, typename T::Norm::Weight>{rows, tensors.device_norm};
  } else {
    return heads_job(rows);
  }
}

template <class Rows, class T>
auto normed_units_job(const Rows& rows, const T& tensors) {
  if constexpr (T::has_norm) {
    return NormedUnitsJob<Rows, typename T::Norm::Weight>{rows, tensors.device_norm};
  } else {
    return unit_job<false, AsWords>(rows);
  }
}

template <class Rows, class W>
NormedAnyJob<Rows, W> with_norm(const AnyJob<Rows>& any, const DeviceNorm<W>& norm) {
  return {any, norm};
}

template <class Arithmetic, class T>
auto normed_any_job(const T& tensors, Pairing pairing) {
  const auto any = any_job<Arithmetic>(tensors, pairing);
  if constexpr (T::has_norm) {
    return with_norm(any, tensors.device_norm);
  } else {
    return any;
  }
}

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
