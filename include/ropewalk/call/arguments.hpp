// What every form checks before it writes: sizes, strides, data, overlap.
#ifndef ROPEWALK_CALL_ARGUMENTS_HPP
#define ROPEWALK_CALL_ARGUMENTS_HPP

#include <cinttypes>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/overlap.hpp"
#include "ropewalk/dtype.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// What an entry calls its arguments, so that the text of an error names them as the caller does.
struct Names {
  /// Without a name for out x is rotated in place; from an index on they are several tensors.
  Names(const char* of_function, const char* of_x, const char* of_out = nullptr, int index = -1)
      : function(of_function),
        x{function, of_x, index},
        out{function, of_out != nullptr ? of_out : of_x, index},
        table{function, "the table"},
        has_out(of_out != nullptr) {}

  Place ids() const { return {function, "the position ids"}; }
  /// Goes to the next of several tensors.
  void next() { ++x.index, ++out.index; }

  const char* function;
  Place x, out, table;
  bool has_out;
};

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

/// Whether out may be x itself; not by a form that reads x again, nor by a pairing that moves
/// features to where others are yet to be read.
enum class InPlace { allowed, refused, features_move };

/// Whether position ids can be read here; those in device memory are tested by the kernel.
enum class Ids { on_host, on_device };

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_id(const Place& place, const RowIds& ids,
                                                           Index b, Index s) {
  // Ids that the batch shares have no index in it.
  Text property;
  property.add("position id [");
  if (ids.batch_stride() != 0) property.add("%" PRId64 ", ", b);
  property.add("%" PRId64 "]", s);
  fail(place, property.c_str(), "is %" PRId64 ", must be from %" PRId64 " to %" PRId64,
       ids.id(b, s), ids.first(), ids.first() + ids.rows() - 1);
}

/// Checks every position id; one pass over them.
template <class T>
void check_ids(const Place& place, const TableView<T>& table) {
  const RowIds& ids = table.ids();
  if (!ids) return;
  for (Index b = 0; b < table.batch(); ++b) {
    for (Index s = 0; s < table.seq(); ++s) {
      const Index row = ids.row(b, s);
      if (row < 0 || row >= ids.rows()) fail_id(place, ids, b, s);
    }
  }
}

template <class Out, class X, class Tab>
ROPEWALK_INLINE void check_shapes(const Names& names, const View<Out>& out, const View<const X>& x,
                                  const TableView<Tab>& table) {
  check_equal(names.out, "batch", out.batch(), x.batch());
  check_equal(names.out, "seq", out.seq(), x.seq());
  check_equal(names.out, "heads", out.heads(), x.heads());
  check_equal(names.out, "head_dim", out.head_dim(), x.head_dim());
  check_even(names.x, "head_dim", x.head_dim());
  check_one_or_equal(names.table, "batch", table.batch(), x.batch());
  check_equal(names.table, "seq", table.seq(), x.seq());
  check_one_or_equal(names.table, "heads", table.heads(), x.heads());
  check_at_most(names.table, "pairs", table.pairs(), x.head_dim() / 2);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_overlap(const Place& place,
                                                                const Place& other) {
  fail(place, "memory", "overlaps that of %s, must be apart from it", name_of(other).c_str());
}

/// What is wrong where out is not apart from x, `same` if it is x itself.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_at_x(const Names& names, InPlace in_place,
                                                             bool same) {
  const bool moved = same && in_place == InPlace::features_move;
  if (moved && !names.has_out) {
    fail({names.function, "the options"}, "pairing",
         "is interleaved_to_half, which moves features: call apply, with an output apart from %s",
         name_of(names.x).c_str());
  }
  if (moved) {
    fail(names.out, "memory",
         "is that of %s, must be apart from it, since the pairing interleaved_to_half moves "
         "features",
         name_of(names.x).c_str());
  }
  if (in_place != InPlace::allowed) fail_overlap(names.out, names.x);
  fail(names.out, "memory", "overlaps that of %s, must be apart from it or the same tensor",
       name_of(names.x).c_str());
}

template <class Tab>
ROPEWALK_INLINE void check_apart_from_table(const Names& names, const Span& written,
                                            const TableView<Tab>& table, Index table_extent) {
  for (const CoefficientReader<Tab>& reader : all_readers(table.readers())) {
    if (overlap(written, span_of(reader.data, table_extent))) {
      fail_overlap(names.out, names.table);
    }
  }
  if (table.ids() && overlap(written, span_of_ids(table))) {
    fail_overlap(names.out, names.ids());
  }
}

/// Checks out, x and table of a call; false if there is nothing to do.
template <class Out, class X, class Tab>
bool check_arguments(const Names& names, const View<Out>& out, const View<const X>& x,
                     const TableView<Tab>& table, InPlace in_place, Ids ids = Ids::on_host) {
  const Span read = span_of(x.data(), checked_extent(names.x, x));
  const Span written = span_of(out.data(), checked_extent(names.out, out));
  const Index table_extent = checked_extent(names.table, table);
  check_shapes(names, out, x, table);
  if (x.empty()) return false;
  check_apart_from_itself(names.out, out);
  check_can_gather(names.table, table);
  if (ids == Ids::on_host) check_ids(names.table, table);
  const bool same = same_place(out, x);
  if (!(same && in_place == InPlace::allowed) && share_memory(out, written, x, read)) {
    fail_at_x(names, in_place, same);
  }
  check_apart_from_table(names, written, table, table_extent);
  return true;
}

/// Outputs of one call must not meet one another, nor another tensor's input.
template <class A, class B>
void check_jobs_apart(const Names& a_names, const A& a, const Names& b_names, const B& b) {
  check_equal(b_names.x, "batch", b.x.batch(), a.x.batch());
  const Span a_out = span_of(a.out), b_out = span_of(b.out);
  if (share_memory(a.out, a_out, b.out, b_out)) fail_overlap(b_names.out, a_names.out);
  if (share_memory(a.out, a_out, b.x, span_of(b.x))) fail_overlap(a_names.out, b_names.x);
  if (share_memory(b.out, b_out, a.x, span_of(a.x))) fail_overlap(b_names.out, a_names.x);
}

/// Of several tensors, of which `job` is the one that `names` names.
template <class Job, class... Others>
void check_all_apart(const Names& names, const Job& job, const Others&... others) {
  Names other = names;
  ((other.next(), check_jobs_apart(names, job, other, others)), ...);
  if constexpr (sizeof...(Others) > 0) {
    Names second = names;
    second.next();
    check_all_apart(second, others...);
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_ARGUMENTS_HPP
