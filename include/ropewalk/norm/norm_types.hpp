// RmsNorm: how a row is normalised before it turns, as data.
#ifndef ROPEWALK_NORM_NORM_TYPES_HPP
#define ROPEWALK_NORM_NORM_TYPES_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/build/norm_rule.hpp"  // for NormFinish, NormOver, NormOrder

ROPEWALK_BEGIN_TYPES

/// A root mean square norm, in PyTorch's arithmetic.
///
/// Shapes   weight [head_dim], or over a token [heads * head_dim]; none where its data is null
/// Types    of the weight: that of x, or float
/// Units    eps is added to the mean of the squares, as a float
/// Does not own the weight.
template <class W>
struct RmsNorm {
  using Weight = W;
  static_assert(std::is_same_v<W, float> || (detail::is_dtype<W> && sizeof(W) == 2),
                "ropewalk: the weight of a norm must be float, half or bfloat16");

  ROPEWALK_INLINE constexpr RmsNorm() = default;

  /// The same over all heads of a token.
  ROPEWALK_INLINE constexpr RmsNorm over_token() const {
    RmsNorm norm = *this;
    norm.over = NormOver::token;
    return norm;
  }

  /// The same in an order of its own; `rows` of the whole tensor, where x is a part of it, which
  /// matters to cuda_reduce of fewer than 16.
  ROPEWALK_INLINE constexpr RmsNorm in_order(NormOrder other, Index of_rows = 0) const {
    RmsNorm norm = *this;
    norm.order = other;
    norm.rows = of_rows;
    return norm;
  }

  const W* weight = nullptr;
  Index weight_size = 0;
  double eps = 0;
  NormFinish finish = NormFinish::one_rounding;
  NormOver over = NormOver::head;
  NormOrder order = NormOrder::automatic;
  NormOrder on_cuda = NormOrder::automatic;  ///< what automatic is there, see NormRule
  Index rows = 0;  ///< that are normalised in the whole tensor; 0: as many as x has
};

/// In the place of a norm: the tensor is rotated alone.
struct NoNorm {};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// The value of a NoNorm, as the argument of a call.
inline constexpr NoNorm no_norm{};

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// Of features that are normalised together.
inline Index norm_size(NormOver over, const Shape& x) {
  return over == NormOver::head ? x.head_dim : saturating_product(x.heads, x.head_dim);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_NORM_TYPES_HPP
