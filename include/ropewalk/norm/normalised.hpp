// A feature normalised, the formula once for scalars.
#ifndef ROPEWALK_NORM_NORMALISED_HPP
#define ROPEWALK_NORM_NORMALISED_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// A feature normalised: rounded to its type where its model rounds. Every step is fenced, since of
/// a float nothing else keeps the weight's product from that of the rotation.
template <class X>
struct Normalised {
  Fence fence;
  float reciprocal;  // 1 / sqrt(mean of squares + eps)
  NormFinish finish;

  ROPEWALK_INLINE X operator()(const X& x, float weight) const {
    ROPEWALK_EXACT_SCOPE
    const float y = fence(widen(x) * reciprocal);
    switch (finish) {
      case NormFinish::round_then_weight:
        return narrow<X>(fence(weight * widen(narrow<X>(y))));
      case NormFinish::one_plus_weight:
        return narrow<X>(fence(y * fence(1.0f + weight)));
      case NormFinish::one_rounding:
      default:
        return narrow<X>(fence(y * weight));
    }
  }
};

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_NORMALISED_HPP
