// Form 2, a definition: both results of all pairs, then one contiguous pass that flattens them.
#ifndef ROPEWALK_FORMS_STACK_FLATTEN_HPP
#define ROPEWALK_FORMS_STACK_FLATTEN_HPP

#include <algorithm>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/forms/arrays.hpp"
#include "ropewalk/forms/rows.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// stack((first, second), -1).flatten(-2) of one row; see apply_stack_flatten.
struct StackFlattenRow {
  template <class Arithmetic, Pairing Of, class Out, class X, class Tab>
  static void rotate(Out* out, const X* x, const PairReaders<Tab>& readers, Index pairs) {
    // Wider rows are done in pieces, so that the scratch has a fixed size.
    for (Index begin = 0; begin < pairs; begin += most_pairs) {
      const Index count = std::min(most_pairs, pairs - begin);
      turn_piece<Arithmetic, Of>(out, x, readers, pairs, begin, count);
    }
  }

 private:
  static constexpr Index most_pairs = 128;

  template <class Arithmetic, Pairing Of, class Out, class X, class Tab>
  static void turn_piece(Out* out, const X* x, const PairReaders<Tab>& readers, Index pairs,
                         Index begin, Index count) {
    constexpr Pairing from = read_pairing(Of);
    const auto a = converted<Arithmetic>(first_features<from>(x, pairs));
    const auto b = converted<Arithmetic>(second_features<from>(x, pairs));
    Arithmetic first[most_pairs];
    Arithmetic second[most_pairs];
    array_map<1>(first, count) = rotated_first(a, b, coefficients<Arithmetic>(readers.cos_a, pairs),
                                               coefficients<Arithmetic>(readers.sin_a, pairs))
                                     .segment(begin, count);
    array_map<1>(second, count) =
        rotated_second(a, b, coefficients<Arithmetic>(readers.cos_b, pairs),
                       coefficients<Arithmetic>(readers.sin_b, pairs))
            .segment(begin, count);
    flatten<Of>(out, first, second, pairs, begin, count);
  }

  template <Pairing Of, class Arithmetic, class Out>
  static void flatten(Out* out, const Arithmetic* first, const Arithmetic* second, Index pairs,
                      Index begin, Index count) {
    constexpr Pairing to = written_pairing(Of);
    Out* const first_out = out + first_feature(to, begin);
    Out* const second_out = out + second_feature(to, begin, pairs);
    if constexpr (to == Pairing::interleaved) {
      for (Index i = 0; i < count; ++i) {
        first_out[2 * i] = convert<Out>(first[i]);
        second_out[2 * i] = convert<Out>(second[i]);
      }
    } else {
      array_map<1>(first_out, count) = converted<Out>(array_map<1>(first, count));
      array_map<1>(second_out, count) = converted<Out>(array_map<1>(second, count));
    }
  }
};

ROPEWALK_END_NESTED

#endif  // ROPEWALK_FORMS_STACK_FLATTEN_HPP
