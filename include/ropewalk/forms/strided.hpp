// Form 1, the readable definition: first lanes, then second lanes, assigned through strided access.
#ifndef ROPEWALK_FORMS_STRIDED_HPP
#define ROPEWALK_FORMS_STRIDED_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/forms/rows.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Rotates every feature pair of `x` as PyTorch code with `out[..., 0::2] = ...;
/// out[..., 1::2] = ...` does; writes `out`.
///
/// Shapes   x, out [batch, seq, heads, head_dim]; table [batch | 1, seq, heads | 1, pairs],
///          2 * pairs <= head_dim
/// Pairs    options.pairing says which features turn together; those from 2 * pairs on are copied
/// Units    the table holds cos and sin of angles in radians
/// Alias    out must be apart from x and the table
/// Types    out, x: Eigen TensorMap, Tensor or View of float, double, half, bfloat16, out like x or
///          like what x and table promote to; table: Table, TableView
/// Errors   std::invalid_argument before anything is written: odd head_dim, shapes that differ,
///          null data, overlap, a position id outside the table
/// Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see base/exact.hpp
/// Allocates nothing; a thread-pool device may.
template <class Device, class Out, class X, class Tab>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table,
                   const Options& options = {});

namespace detail {

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

template <class Device, class Out, class X, class Tab>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table,
                   const Options& options) {
  if constexpr (detail::takes_call<Device, std::remove_reference_t<Out>, const X, Tab>()) {
    detail::apply_by_rows<detail::StridedRow>("apply_strided", device, as_view(out),
                                              detail::read_only(as_view(x)), as_table(table),
                                              options);
  }
}

// With one argument too few, for the compiler's first error.
template <class Any, class X, class Tab, class = detail::IfTensorAndTable<X, Tab>>
void apply_strided(const Any&, const X&, const Tab&) {
  static_assert(!detail::has_table<Tab>,
                "ropewalk: apply_strided takes a device, out, x and a table");
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_STRIDED_HPP
