// Which types a norm can be called with, on every device: a text of ours for others.
#ifndef ROPEWALK_NORM_TAKES_NORM_HPP
#define ROPEWALK_NORM_TAKES_NORM_HPP

#include <tuple>
#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/view.hpp"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Whether a norm can be before the rotation of an X into an Out.
template <class Out, class X>
constexpr bool takes_norm(TypeTag<NoNorm>) {
  return true;
}
template <class Out, class X, class W>
constexpr bool takes_norm(TypeTag<RmsNorm<W>>) {
  using Scalar = std::remove_const_t<ViewElement<X>>;
  constexpr bool is_double = std::is_same_v<Scalar, double>;
  constexpr bool is_same = std::is_same_v<ViewElement<Out>, Scalar>;
  constexpr bool fits = std::is_same_v<W, float> || std::is_same_v<W, Scalar>;
  static_assert(!is_double, "ropewalk: x of a norm must be float, half or bfloat16, not double");
  static_assert(is_double || is_same, "ropewalk: out of a norm must have the type of x");
  static_assert(is_double || fits, "ropewalk: the weight of a norm must be float or of x's type");
  return !is_double && is_same && fits;
}

/// Those of several tensors.
template <class... Outs, class... Xs, class... Norms>
constexpr bool take_norms(TypeTag<std::tuple<Outs...>>, TypeTag<std::tuple<Xs...>>,
                          TypeTag<std::tuple<Norms...>>) {
  constexpr bool is_one_each = sizeof...(Xs) == sizeof...(Norms);
  static_assert(is_one_each,
                "ropewalk: one norm for each x is needed, no_norm where there is none");
  if constexpr (is_one_each) return (takes_norm<Outs, Xs>(TypeTag<std::decay_t<Norms>>{}) && ...);
  return false;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_TAKES_NORM_HPP
