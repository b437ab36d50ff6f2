// The formula on Eigen arrays: expressions whose every step is one of base/exact.hpp.
#ifndef ROPEWALK_FORMS_ARRAYS_HPP
#define ROPEWALK_FORMS_ARRAYS_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/scalars.hpp"

ROPEWALK_BEGIN_NESTED(detail)

// Eigen's own operators are not used: they contract, and its bfloat16 packets flush subnormals
// when the compiler may use AVX512-BF16.
template <class A, class B>
ROPEWALK_INLINE auto product(const Eigen::ArrayBase<A>& a, const Eigen::ArrayBase<B>& b) {
  return a.derived().binaryExpr(b.derived(), Product<typename A::Scalar>{});
}

template <class A, class B>
ROPEWALK_INLINE auto sum(const Eigen::ArrayBase<A>& a, const Eigen::ArrayBase<B>& b) {
  return a.derived().binaryExpr(b.derived(), Sum<typename A::Scalar>{});
}

template <class A, class B>
ROPEWALK_INLINE auto difference(const Eigen::ArrayBase<A>& a, const Eigen::ArrayBase<B>& b) {
  return a.derived().binaryExpr(b.derived(), Difference<typename A::Scalar>{});
}

template <class To, class A>
ROPEWALK_INLINE auto converted(const Eigen::ArrayBase<A>& a) {
  return a.derived().unaryExpr(Convert<To>{});
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_FORMS_ARRAYS_HPP
