// What every form checks before it writes: sizes, strides, data, overlap.
#ifndef ROPEWALK_DETAIL_ARGUMENTS_HPP
#define ROPEWALK_DETAIL_ARGUMENTS_HPP

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/dtype.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// Addresses [begin, end) that a tensor or table spans, gaps included.
struct Span {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

template <class T>
Span span_of(const T* data, Index extent) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  return {begin, begin + static_cast<std::uintptr_t>(extent) * sizeof(T)};
}

template <class Tab>
Span span_of_ids(const TableView<Tab>& table) {
  const RowIds& ids = table.ids();
  const Index extent = (table.batch() - 1) * ids.batch_stride() + table.seq();
  return ids.is_wide() ? span_of(static_cast<const std::int64_t*>(ids.data()), extent)
                       : span_of(static_cast<const std::int32_t*>(ids.data()), extent);
}

inline bool overlap(const Span& a, const Span& b) { return a.begin < b.end && b.begin < a.end; }

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

/// The strides say the same where they say anything: a row that has no next one has any stride.
inline bool same_strides(const Shape& shape, const Strides& a, const Strides& b) {
  return (shape.batch == 1 || a.batch == b.batch) && (shape.seq == 1 || a.seq == b.seq) &&
         (shape.heads == 1 || a.heads == b.heads);
}

template <class T, class U>
bool same_place(const View<T>& a, const View<U>& b) {
  return static_cast<const void*>(a.data()) == static_cast<const void*>(b.data()) &&
         a.shape() == b.shape() && same_strides(a.shape(), a.strides(), b.strides()) &&
         sizeof(T) == sizeof(U);
}

/// An axis along which one of two tensors or both have several rows.
struct SharedAxis {
  Index a_size, b_size, stride;
};

/// The axes of two tensors from the narrowest to the widest; false if their strides differ.
template <class T, class U>
bool shared_axes(const View<T>& a, const View<U>& b, SharedAxis (&axes)[3], int& count) {
  const auto add = [&](Index a_size, Index b_size, Index a_stride, Index b_stride) {
    if (a_size > 1 && b_size > 1 && a_stride != b_stride) return false;
    if (a_size > 1 || b_size > 1) {
      axes[count++] = {a_size, b_size, a_size > 1 ? a_stride : b_stride};
    }
    return true;
  };
  count = 0;
  const bool agree = add(a.batch(), b.batch(), a.strides().batch, b.strides().batch) &&
                     add(a.seq(), b.seq(), a.strides().seq, b.strides().seq) &&
                     add(a.heads(), b.heads(), a.strides().heads, b.strides().heads);
  for (int i = 1; i < count; ++i) {
    for (int k = i; k > 0 && axes[k].stride < axes[k - 1].stride; --k) {
      std::swap(axes[k], axes[k - 1]);
    }
  }
  return agree;
}

/// Whether two tensors of equal strides whose address ranges meet share no element all the same:
/// other heads of one token, or other features of one head (q and k of packed queries and keys).
///
/// Where all strides from one on are whole numbers of it, both tensors repeat with that period, and
/// are apart if what they hold of one period is.
template <class T, class U>
bool provably_apart(const View<T>& a, const View<U>& b) {
  SharedAxis axes[3];
  int count = 0;
  if (sizeof(T) != sizeof(U) || !shared_axes(a, b, axes, count)) return false;
  const auto bytes =
      reinterpret_cast<std::intptr_t>(b.data()) - reinterpret_cast<std::intptr_t>(a.data());
  const auto size = static_cast<std::intptr_t>(sizeof(T));
  if (bytes % size != 0) return false;
  Index a_extent = a.head_dim(), b_extent = b.head_dim();
  for (int k = 0; k < count; ++k) {
    const Index period = axes[k].stride;
    const auto whole = [period](const SharedAxis& axis) { return axis.stride % period == 0; };
    if (period > 0 && std::all_of(axes + k, axes + count, whole)) {
      const Index at = (bytes / size % period + period) % period;
      if (at >= a_extent && at + b_extent <= period) return true;
    }
    a_extent += (axes[k].a_size - 1) * period;
    b_extent += (axes[k].b_size - 1) * period;
  }
  return false;
}

template <class T, class U>
bool share_memory(const View<T>& a, Index a_extent, const View<U>& b, Index b_extent) {
  return overlap(span_of(a.data(), a_extent), span_of(b.data(), b_extent)) && !provably_apart(a, b);
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
      share_memory(out, out_extent, x, x_extent)) {
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
  if (a.out.empty() || b.out.empty()) return;
  const Index a_out = checked_extent(place, a.out), b_out = checked_extent(place, b.out);
  const Index a_x = checked_extent(place, a.x), b_x = checked_extent(place, b.x);
  if (share_memory(a.out, a_out, b.out, b_out) || share_memory(a.out, a_out, b.x, b_x) ||
      share_memory(b.out, b_out, a.x, a_x)) {
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
