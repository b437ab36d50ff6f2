// Form 2: the two rotated halves stacked, then flattened in one contiguous pass.
#ifndef ROPEWALK_FORMS_STACK_FLATTEN_HPP
#define ROPEWALK_FORMS_STACK_FLATTEN_HPP

#include <Eigen/Core>
#include <algorithm>

#include "ropewalk/config.hpp"
#include "ropewalk/detail/arguments.hpp"
#include "ropewalk/detail/pair.hpp"
#include "ropewalk/detail/rows.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Rotates every feature pair of `x` as PyTorch code with `stack((even, odd), -1).flatten(-2)`
/// does; writes `out`. Same bits as apply_strided.
///
/// Shapes, Pairs, Units, Alias, Types, Errors, Source   as apply_strided
/// Scratch  on the stack, for one row at most; allocates nothing, a thread-pool device may
template <class Device, class Out, class X, class Tab>
void apply_stack_flatten(const Device& device, Out&& out, const X& x, const Tab& table);

namespace detail {

struct StackFlattenRow {
  template <int LaneStride, class Out, class X, class Tab>
  static void rotate(Out* out, const X* x, const PairLanes<Tab>& table, Index pairs) {
    // Wider rows are done in pieces, so that the scratch has a fixed size.
    for (Index first = 0; first < pairs; first += most_pairs) {
      const PairLanes<Tab> lanes{from(table.cos_a, first), from(table.cos_b, first),
                                 from(table.sin_a, first), from(table.sin_b, first)};
      rotate_piece<LaneStride>(out + 2 * first, x + 2 * first, lanes,
                               std::min(most_pairs, pairs - first));
    }
  }

 private:
  static constexpr Index most_pairs = 128;

  template <class Tab>
  static Lanes<Tab> from(const Lanes<Tab>& lanes, Index first) {
    return {lanes.data + first * lanes.stride, lanes.stride};
  }

  template <int LaneStride, class Out, class X, class Tab>
  static void rotate_piece(Out* out, const X* x, const PairLanes<Tab>& table, Index pairs) {
    using P = Promoted<X, Tab>;
    const auto a = converted<P>(array_map<2>(x, pairs));
    const auto b = converted<P>(array_map<2>(x + 1, pairs));
    const auto cos_a = lane_array<P, LaneStride>(table.cos_a, pairs);
    const auto cos_b = lane_array<P, LaneStride>(table.cos_b, pairs);
    const auto sin_a = lane_array<P, LaneStride>(table.sin_a, pairs);
    const auto sin_b = lane_array<P, LaneStride>(table.sin_b, pairs);
    P first[most_pairs];
    P second[most_pairs];
    array_map<1>(first, pairs) = rotated_first(a, b, cos_a, sin_a);
    array_map<1>(second, pairs) = rotated_second(a, b, cos_b, sin_b);
    for (Index i = 0; i < pairs; ++i) {
      out[2 * i] = convert<Out>(first[i]);
      out[2 * i + 1] = convert<Out>(second[i]);
    }
  }
};

template <class Device, class Out, class X, class Tab>
void stack_flatten(const Device& device, const View<Out>& out, const View<const X>& x,
                   const TableView<Tab>& table) {
  if (check_arguments("apply_stack_flatten", out, x, table, InPlace::refused)) {
    for_each_row<StackFlattenRow>(device, out, x, table);
  }
}

}  // namespace detail

template <class Device, class Out, class X, class Tab>
void apply_stack_flatten(const Device& device, Out&& out, const X& x, const Tab& table) {
  detail::stack_flatten(device, as_view(out), detail::read_only(as_view(x)), as_table(table));
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_STACK_FLATTEN_HPP
