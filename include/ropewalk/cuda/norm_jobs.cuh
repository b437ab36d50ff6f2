// From tensors with norms to what kernels read: a tensor as a kernel takes it, if that kernel can.
#ifndef ROPEWALK_CUDA_NORM_JOBS_CUH
#define ROPEWALK_CUDA_NORM_JOBS_CUH

#include <algorithm>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/cuda/jobs.cuh"
#include "ropewalk/cuda/kernels/normed_any_kernel.cuh"
#include "ropewalk/cuda/kernels/normed_heads_kernel.cuh"
#include "ropewalk/cuda/kernels/normed_tokens_kernel.cuh"
#include "ropewalk/cuda/kernels/normed_units_kernel.cuh"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/norm_types.hpp"

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
  if (norm.order == NormOrder::automatic) result.order = norm.on_cuda;
  if (result.order == NormOrder::automatic) {
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

/// The threads of a token that stays in registers; 0: rows of this type have no such kernel. Values
/// that are copied beside go with any.
template <class Rows, class T>
constexpr Index threads_of_token() {
  if constexpr (!T::has_norm) {
    return -1;
  } else if constexpr (Rows::U::packs == 1) {
    return NormedTokensJob<Rows, typename T::Norm::Weight>::threads;
  } else {
    return 0;
  }
}

/// Of the tensors of a call, which one kernel takes: those of each with a norm; 0: they differ.
template <class... Counts>
constexpr Index threads_together(Counts... counts) {
  const Index most = std::max({counts...});
  return ((counts < 0 || counts == most) && ...) ? std::max(most, Index{0}) : 0;
}

/// Whether the kernel that keeps whole tokens can take a tensor that the one for heads can take,
/// and that has a grid_of_whole_tokens.
template <class Rows, class T>
bool keeps_tokens([[maybe_unused]] const Rows& rows, const T& tensors) {
  if constexpr (threads_of_token<Rows, T>() > 0) {
    using Job = NormedTokensJob<Rows, typename T::Norm::Weight>;
    if (tensors.x.empty()) return true;
    const auto& norm = tensors.device_norm;
    if (!norm.over_token || norm.order != NormOrder::cuda_fused) return false;
    if (norm.finish != NormFinish::one_rounding || norm.weight == nullptr) return false;
    const Index at_once = Index{Job::threads} / rows.units, heads = rows.inner;
    return heads % at_once == 0 && heads <= at_once * Job::most_packs;
  }
  return !T::has_norm;
}

template <class Rows, class T>
auto normed_tokens_job(const Rows& rows, const T& tensors) {
  if constexpr (T::has_norm) {
    using Job = NormedTokensJob<Rows, typename T::Norm::Weight>;
    const Index passes = rows.inner * rows.units / Index{Job::threads};
    return Job{rows, tensors.device_norm, static_cast<unsigned>(passes)};
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

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_NORM_JOBS_CUH
