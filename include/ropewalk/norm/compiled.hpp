// What ropewalk::compiled holds of norms; see cpu/compiled.hpp.
#ifndef ROPEWALK_NORM_COMPILED_HPP
#define ROPEWALK_NORM_COMPILED_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/norm/norm_rows.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {
namespace compiled {

/// The kernels of every mix: weights of x's type or float.
template <class X, class W>
struct Norms {
  static NormKernels kernels(Isa isa);
};

}  // namespace compiled
}  // namespace detail
ROPEWALK_END_TYPES

#if defined(ROPEWALK_COMPILED)
ROPEWALK_BEGIN_NESTED(detail)

template <class X, class W>
NormKernels norm_kernels(Isa isa) {
  return compiled::Norms<X, W>::kernels(isa);
}

ROPEWALK_END_NESTED
#endif

#endif  // ROPEWALK_NORM_COMPILED_HPP
