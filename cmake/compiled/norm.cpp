// The kernels of norms.
#include <Eigen/Core>

#include "ropewalk/norm/compiled.hpp"
#include "ropewalk/norm/kernels.hpp"
#include "without_flags.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

template <class X, class W>
NormKernels compiled::Norms<X, W>::kernels(Isa isa) {
  return norm_kernels<X, W>(isa);
}

}  // namespace detail
ROPEWALK_END_TYPES

template struct ropewalk::detail::compiled::Norms<float, float>;
template struct ropewalk::detail::compiled::Norms<Eigen::half, Eigen::half>;
template struct ropewalk::detail::compiled::Norms<Eigen::half, float>;
template struct ropewalk::detail::compiled::Norms<Eigen::bfloat16, Eigen::bfloat16>;
template struct ropewalk::detail::compiled::Norms<Eigen::bfloat16, float>;
