// Scalar types: float, double, Eigen::half, Eigen::bfloat16; the type that two of them promote to.
#ifndef ROPEWALK_DTYPE_HPP
#define ROPEWALK_DTYPE_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The type in which PyTorch computes with an X and a Y: the wider of them, float for half with
/// bfloat16.
template <class X, class Y>
using Promoted = typename detail::Promote<X, Y>::type;

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_DTYPE_HPP
