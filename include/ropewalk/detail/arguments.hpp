// What every form checks before it writes: sizes, strides, data, overlap.
#ifndef ROPEWALK_DETAIL_ARGUMENTS_HPP
#define ROPEWALK_DETAIL_ARGUMENTS_HPP

#include <cinttypes>
#include <type_traits>
#include <utility>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/detail/overlap.hpp"
#include "ropewalk/dtype.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// Out must not write one address twice: taken from the narrowest axis to the widest, every stride
/// must clear what the axes below it span.
template <class T>
void check_apart_from_itself(const Place& place, const View<T>& out) {
  struct Axis {
    Index size, stride;
  };
  Axis axes[3] = {{out.batch(), out.strides().batch},
                  {out.seq(), out.strides().seq},
                  {out.heads(), out.strides().heads}};
  const auto swap_if = [&](int i, int j) {
    if (axes[i].stride > axes[j].stride) std::swap(axes[i], axes[j]);
  };
  swap_if(0, 1);
  swap_if(1, 2);
  swap_if(0, 1);
  Index span = out.head_dim();
  for (const Axis& axis : axes) {
    if (axis.size == 1) continue;
    if (axis.stride < span) {
      fail(place, "a stride", "is %" PRId64 ", must be at least %" PRId64 ", or rows would overlap",
           axis.stride, span);
    }
    span += (axis.size - 1) * axis.stride;
  }
}

enum class InPlace { refused, allowed };

/// Whether position ids can be read here; those in device memory are tested by the kernel.
enum class Ids { on_host, on_device };

/// Checks out, x and table of `function`; false if there is nothing to do.
template <class Out, class X, class Tab>
bool check_arguments(const char* function, const View<Out>& out, const View<const X>& x,
                     const TableView<Tab>& table, InPlace in_place, Ids ids = Ids::on_host) {
  static_assert(!std::is_const_v<Out>, "ropewalk: out must not be const, since it is written");
  using Written = std::remove_const_t<Out>;
  static_assert(std::is_same_v<Written, X> || std::is_same_v<Written, Promoted<X, Tab>>,
                "ropewalk: the scalar of out must be that of x or the type that x and the table "
                "promote to");
  const Place at_out{function, "out"};
  const Place at_x{function, "x"};
  const Place at_table{function, "the table"};
  const Index x_extent = checked_extent(at_x, x);
  const Index out_extent = checked_extent(at_out, out);
  const Index table_extent = checked_extent(at_table, table);
  check_equal(at_out, "batch", out.batch(), x.batch());
  check_equal(at_out, "seq", out.seq(), x.seq());
  check_equal(at_out, "heads", out.heads(), x.heads());
  check_equal(at_out, "head_dim", out.head_dim(), x.head_dim());
  check_even(at_x, "head_dim", x.head_dim());
  check_one_or_equal(at_table, "batch", table.batch(), x.batch());
  check_equal(at_table, "seq", table.seq(), x.seq());
  check_one_or_equal(at_table, "heads", table.heads(), x.heads());
  check_at_most(at_table, "pairs", table.pairs(), x.head_dim() / 2);
  if (x.empty()) return false;
  check_apart_from_itself(at_out, out);
  check_can_gather(at_table, table);
  if (ids == Ids::on_host) check_ids(at_table, table);
  const Span written = span_of(out.data(), out_extent);
  if (!(in_place == InPlace::allowed && same_place(out, x)) &&
      share_memory(out, written, x, span_of(x.data(), x_extent))) {
    fail(at_out, "memory",
         in_place == InPlace::allowed
             ? "overlaps that of x, must be apart from it or the same tensor"
             : "overlaps that of x, must be apart from it");
  }
  for (const Lanes<Tab>& lane : all_lanes(table.lanes())) {
    if (overlap(written, span_of(lane.data, table_extent))) {
      fail(at_out, "memory", "overlaps that of the table, must be apart from it");
    }
  }
  if (table.ids() && overlap(written, span_of_ids(table))) {
    fail(at_out, "memory", "overlaps that of the position ids, must be apart from it");
  }
  return true;
}

/// Outputs of one call must not meet one another, nor another tensor's input.
template <class A, class B>
void check_jobs_apart(const char* function, const A& a, const B& b) {
  const Place place{function, "out"};
  check_equal({function, "x"}, "batch", b.x.batch(), a.x.batch());
  const Span a_out = span_of(a.out), b_out = span_of(b.out);
  if (share_memory(a.out, a_out, b.out, b_out) || share_memory(a.out, a_out, b.x, span_of(b.x)) ||
      share_memory(b.out, b_out, a.x, span_of(a.x))) {
    fail(place, "memory", "overlaps that of another tensor of the call, must be apart from it");
  }
}

template <class Job, class... Others>
void check_all_apart(const char* function, const Job& job, const Others&... others) {
  (check_jobs_apart(function, job, others), ...);
  if constexpr (sizeof...(Others) > 0) check_all_apart(function, others...);
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_DETAIL_ARGUMENTS_HPP
