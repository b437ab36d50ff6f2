// Form 1, the readable definition: even lanes, then odd lanes, assigned through stride-2 access.
#ifndef ROPEWALK_FORMS_STRIDED_HPP
#define ROPEWALK_FORMS_STRIDED_HPP

#include <utility>

#include "ropewalk/config.hpp"
#include "ropewalk/detail/arguments.hpp"
#include "ropewalk/detail/pair.hpp"
#include "ropewalk/detail/rows.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Rotates every feature pair of `x` as PyTorch code with `out[..., 0::2] = ...;
/// out[..., 1::2] = ...` does; writes `out`.
///
/// Shapes   x, out [batch, seq, heads, head_dim]; table [batch | 1, seq, heads | 1, pairs], 2 * pairs <= head_dim
/// Pairs    interleaved: features 2i and 2i + 1 turn together; features from 2 * pairs on are copied
/// Units    the table holds cos and sin of angles in radians
/// Alias    out must be apart from x and the table
/// Types    out, x: Eigen TensorMap, Tensor or View of float, double, half, bfloat16, out like x or
///          like what x and table promote to; table: Table, TableView
/// Errors   std::invalid_argument before anything is written: odd head_dim, shapes that differ,
///          null data, overlap
/// Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see dtype.hpp
/// Allocates nothing; a thread-pool device may.
template <class Device, class Out, class X, class Tab>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table);

namespace detail {

struct StridedRow {
  template <int LaneStride, class Out, class X, class Tab>
  static void rotate(Out* out, const X* x, const PairLanes<Tab>& table, Index pairs) {
    using P = Promoted<X, Tab>;
    const auto a = converted<P>(array_map<2>(x, pairs));
    const auto b = converted<P>(array_map<2>(x + 1, pairs));
    const auto cos_a = lane_array<P, LaneStride>(table.cos_a, pairs);
    const auto cos_b = lane_array<P, LaneStride>(table.cos_b, pairs);
    const auto sin_a = lane_array<P, LaneStride>(table.sin_a, pairs);
    const auto sin_b = lane_array<P, LaneStride>(table.sin_b, pairs);
    array_map<2>(out, pairs) = converted<Out>(rotated_first(a, b, cos_a, sin_a));
    array_map<2>(out + 1, pairs) = converted<Out>(rotated_second(a, b, cos_b, sin_b));
  }
};

template <class Device, class Out, class X, class Tab>
void strided(const Device& device, const View<Out>& out, const View<const X>& x,
             const TableView<Tab>& table) {
  if (check_arguments("apply_strided", out, x, table, InPlace::refused)) {
    for_each_row<StridedRow>(device, out, x, table);
  }
}

}  // namespace detail

template <class Device, class Out, class X, class Tab>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table) {
  detail::strided(device, as_view(out), detail::read_only(as_view(x)), as_table(table));
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_STRIDED_HPP
