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

ROPEWALK_BEGIN_NESTED(detail)

/// out[0::2] = ..., out[1::2] = ... of one row; see apply_strided.
struct StridedRow {
  template <class Arithmetic, Pairing Of, class Out, class X, class Tab>
  static void rotate(Out* out, const X* x, const PairReaders<Tab>& readers, Index pairs) {
    constexpr Pairing from = read_pairing(Of);
    assign<Arithmetic, Of>(out, converted<Arithmetic>(first_features<from>(x, pairs)),
                           converted<Arithmetic>(second_features<from>(x, pairs)), readers, pairs);
  }

  /// Of the first features of all pairs, and the second ones, in the type of the arithmetic.
  template <class Arithmetic, Pairing Of, class Out, class A, class B, class Tab>
  static void assign(Out* out, const A& a, const B& b, const PairReaders<Tab>& readers,
                     Index pairs) {
    constexpr Pairing to = written_pairing(Of);
    first_features<to>(out, pairs) =
        converted<Out>(rotated_first(a, b, coefficients<Arithmetic>(readers.cos_a, pairs),
                                     coefficients<Arithmetic>(readers.sin_a, pairs)));
    second_features<to>(out, pairs) =
        converted<Out>(rotated_second(a, b, coefficients<Arithmetic>(readers.cos_b, pairs),
                                      coefficients<Arithmetic>(readers.sin_b, pairs)));
  }
};

ROPEWALK_END_NESTED

#endif  // ROPEWALK_FORMS_STRIDED_HPP
