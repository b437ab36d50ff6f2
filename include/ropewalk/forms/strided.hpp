// Form 1, a definition: the first features of all pairs, then the second ones, assigned by strides.
#ifndef ROPEWALK_FORMS_STRIDED_HPP
#define ROPEWALK_FORMS_STRIDED_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/forms/arrays.hpp"
#include "ropewalk/forms/rows.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// out[0::2] = ..., out[1::2] = ... of one row; see apply_strided.
struct StridedRow {
  template <class P, Pairing Of, class LaneReader, class Out, class X, class Tab>
  static void rotate(Out* out, const X* x, const PairLanes<Tab>& lanes, Index pairs) {
    constexpr Pairing to = written_pairing(Of);
    const auto in = operands<P, Of, LaneReader>(x, lanes, pairs);
    first_features<to>(out, pairs) = converted<Out>(rotated_first(in.a, in.b, in.cos_a, in.sin_a));
    second_features<to>(out, pairs) =
        converted<Out>(rotated_second(in.a, in.b, in.cos_b, in.sin_b));
  }
};

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_STRIDED_HPP
