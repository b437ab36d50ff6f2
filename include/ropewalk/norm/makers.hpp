// Makers of norms, by the classes that models are written with.
#ifndef ROPEWALK_NORM_MAKERS_HPP
#define ROPEWALK_NORM_MAKERS_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// torch.nn.RMSNorm: Wan, Helios, LTX (across heads), Flux (per head). `eps` as the module's; the
/// default is that of a module made without one.
template <class W>
constexpr RmsNorm<W> rms_norm_torch(const W* weight, Index size, double eps = 0x1p-23) {
  RmsNorm<W> norm;
  norm.weight = weight;
  norm.weight_size = size;
  norm.eps = eps;
  return norm;
}

/// Llama's class in transformers (Qwen3), diffusers' RMSNorm of 16-bit weights (Qwen-Image,
/// Z-Image): rounds before the weight.
template <class W>
constexpr RmsNorm<W> rms_norm_hf(const W* weight, Index size, double eps = 1e-6) {
  RmsNorm<W> norm = rms_norm_torch(weight, size, eps);
  norm.finish = NormFinish::round_then_weight;
  return norm;
}

/// Gemma 3, whose weight is added to 1.
template <class W>
constexpr RmsNorm<W> rms_norm_gemma(const W* weight, Index size, double eps = 1e-6) {
  RmsNorm<W> norm = rms_norm_torch(weight, size, eps);
  norm.finish = NormFinish::one_plus_weight;
  return norm;
}

/// That of a model, with the weight of its queries or that of its keys.
///
/// Errors   std::invalid_argument: a model of which no norm is known
template <class W>
constexpr RmsNorm<W> rms_norm(const Model& model, const W* weight, Index size) {
  if (!model.has_norm) detail::fail_norm(model.name);
  RmsNorm<W> norm = rms_norm_torch(weight, size, model.norm.eps);
  norm.finish = model.norm.finish;
  norm.over = model.norm.over;
  norm.on_cuda = model.norm.on_cuda;
  return norm;
}

/// Any of them without a weight.
constexpr RmsNorm<float> rms_norm_without_weight(double eps) {
  return rms_norm_torch<float>(nullptr, 0, eps);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_NORM_MAKERS_HPP
