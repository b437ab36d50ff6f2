// NormRule: how queries and keys are normalised before they turn, but for the weights.
#ifndef ROPEWALK_BUILD_NORM_RULE_HPP
#define ROPEWALK_BUILD_NORM_RULE_HPP

#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_TYPES

/// Where a normalised feature is rounded to x's type. y is x / rms(x), in float, w the weight.
enum class NormFinish {
  one_rounding,       ///< y * w: torch.nn.RMSNorm, OLMo 2, Gemma 4
  round_then_weight,  ///< w times the rounded y: Llama's class in transformers, diffusers' RMSNorm
  one_plus_weight,    ///< y * (1 + w): Gemma 3, Qwen3.5
};

/// The features that are normalised together.
enum class NormOver {
  head,   ///< those of one head
  token,  ///< those of all heads of a token, head after head
};

/// In which order the squares of a row are added up, and what makes 1 / sqrt of their mean. The
/// orders of a CUDA device run there alone: its approximation of the reciprocal root is its own.
enum class NormOrder {
  automatic,    ///< on a CPU cpu; on CUDA on_cuda, or that of torch's class with this finish
  cpu,          ///< on a device, too: the bits of a CPU
  cuda_fused,   ///< torch.nn.functional.rms_norm by a weight of x's type, or none
  cuda_reduce,  ///< x.pow(2).mean(-1), and rms_norm by a weight of another type
};

/// A root mean square norm without its weight, as a model states it. A class that takes its sum by
/// other kernels than those of its finish states, in on_cuda, its order on a CUDA device.
///
/// Units    eps is added to the mean of the squares, as a float
struct NormRule {
  ROPEWALK_INLINE constexpr NormRule() : NormRule(NormFinish::one_rounding, NormOver::head, 0) {}
  ROPEWALK_INLINE constexpr NormRule(NormFinish of_finish, NormOver of_over, double of_eps,
                                     NormOrder on_device = NormOrder::automatic)
      : finish(of_finish), over(of_over), eps(of_eps), on_cuda(on_device) {}

  NormFinish finish;
  NormOver over;
  double eps;
  NormOrder on_cuda;
};

ROPEWALK_END_TYPES

#endif  // ROPEWALK_BUILD_NORM_RULE_HPP
