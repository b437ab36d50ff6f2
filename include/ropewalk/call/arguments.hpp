// What every form checks before it writes: sizes, strides, data, overlap.
#ifndef ROPEWALK_CALL_ARGUMENTS_HPP
#define ROPEWALK_CALL_ARGUMENTS_HPP

#include <cinttypes>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/extents.hpp"
#include "ropewalk/call/overlap.hpp"
#include "ropewalk/call/slots.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// What an entry calls its arguments, so that the text of an error names them as the caller does.
struct Names {
  /// Without a name for out x is rotated in place; from an index on they are several tensors.
  constexpr Names(const char* of_function, const char* of_x, const char* of_out = nullptr,
                  int index = -1)
      : function(of_function),
        x{function, of_x, index},
        out{function, of_out != nullptr ? of_out : of_x, index},
        table{function, "the table"},
        has_out(of_out != nullptr) {}

  Place ids() const { return {function, "the position ids"}; }
  Place slots() const {
    return {function, out.index < 0 ? "the slots of out" : "the slots of outs", out.index};
  }
  /// Goes to the next of several tensors.
  void next() { ++x.index, ++out.index; }

  const char* function;
  Place x, out, table;
  bool has_out;
};

/// Out must not write one address twice: taken from the narrowest axis to the widest, every stride
/// must clear what the axes below it span. An axis of one entry has any stride.
[[gnu::noinline]] inline void check_rows_apart(const Place& place, const RawView& out) {
  struct Axis {
    Index size, stride;
  };
  Axis axes[3] = {};
  int count = 0;
  const auto add = [&](Index size, Index stride) {
    if (size == 1) return;
    int at = count++;
    for (; at > 0 && axes[at - 1].stride > stride; --at) axes[at] = axes[at - 1];
    axes[at] = {size, stride};
  };
  add(out.shape.batch, out.strides.batch);
  add(out.shape.seq, out.strides.seq);
  add(out.shape.heads, out.strides.heads);
  Index span = out.shape.head_dim;
  for (int i = 0; i < count; ++i) {
    const Axis& axis = axes[i];
    if (axis.stride < span) {
      fail(place, "a stride", "is %" PRId64 ", must be at least %" PRId64 ", or rows would overlap",
           axis.stride, span);
    }
    span += (axis.size - 1) * axis.stride;
  }
}

/// The same, of one row at once.
inline void check_apart_from_itself(const Place& place, const RawView& out) {
  const bool is_one_row = out.shape.batch == 1 && out.shape.seq == 1 && out.shape.heads == 1;
  if (!is_one_row) check_rows_apart(place, out);
}

/// Whether out may be x itself; not by a form that reads x again, nor by a pairing that moves
/// features to where others are yet to be read.
enum class InPlace { allowed, refused, features_move };

/// Whether head_dim must be even. A norm alone turns no pairs.
enum class HeadDim { even, any };

/// Whether position ids can be read here; those in device memory are tested by the kernel.
enum class Ids { on_host, on_device };

/// Names an id as the caller gave it; ids that the batch shares have no index in it.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_id(const Place& place,
                                                           const RawTable& table, Index b,
                                                           Index s) {
  const RowIds& ids = table.ids;
  const Index tokens = ids.are_starts() ? table.shape.seq : 1;
  Text property, wanted;
  if (ids.are_starts()) {
    property.add("start [%" PRId64 "]", b);
    wanted.add(", of %" PRId64 " tokens: must be ", tokens);
  } else {
    property.add("position id [");
    if (ids.batch_stride() != 0) property.add("%" PRId64 ", ", b);
    property.add("%" PRId64 "]", s);
    wanted.add(", must be ");
  }
  if (tokens > ids.rows()) {
    wanted.add("of at most %" PRId64 ", the rows of the table", ids.rows());
  } else {
    wanted.add("from %" PRId64 " to %" PRId64, ids.first(), ids.first() + (ids.rows() - tokens));
  }
  if (ids.leaves()) wanted.add(", or %" PRId64 ", which is left", ids.left());
  fail(place, property.c_str(), "is %" PRId64 "%s", ids.given(b, s), wanted.c_str());
}

/// If the table is gathered: position ids must be somewhere, and so must rows.
inline void check_can_gather(const Place& place, const RawTable& table) {
  if (!table.ids) return;
  if (table.ids.data() == nullptr) fail(place, "position ids", "are null, must point to the ids");
  if (table.ids.rows() == 0) fail(place, "seq", "is 0, must be more to be gathered");
}

/// Checks every position id; one pass over them. Of a sample that has a start, its first and its
/// last token tell of those between.
inline void check_ids(const Place& place, const RawTable& table) {
  const RowIds& ids = table.ids;
  if (!ids) return;
  const Index last = table.shape.seq - 1;
  const Index step = ids.are_starts() && last > 0 ? last : 1;
  for (Index b = 0; b < table.shape.batch; ++b) {
    for (Index s = 0; s <= last; s += step) {
      if (!ids.has(ids.row(b, s))) fail_id(place, table, b, s);
    }
  }
}

/// One start is not that of every sample, as ids of one sequence are those of all.
inline void check_batch(const Place& place, const RawTable& table, Index batch) {
  const Index given = table.shape.batch;
  if (given == batch) return;
  if (table.ids.are_starts()) {
    fail(place.function,
         "number of starts given to rows_of_each is %" PRId64 ", must be %" PRId64
         ", one for each sample",
         given, batch);
  }
  check_one_or_equal(place, "batch", given, batch);
}

/// A table of all positions in place of some rows, ids of samples in place of ids of tokens, or one
/// row in place of all are what every engine meets first.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_seq(const Place& place,
                                                            const RawTable& table, Index seq) {
  if (table.ids.are_starts()) {
    fail(place.function,
         "count given to rows_of_each is %" PRId64 ", must be %" PRId64
         ", the tokens of each sample",
         table.shape.seq, seq);
  }
  const char* hint = "";
  if (table.ids) {
    hint = ", an id for each token; starts of samples are for rows_of_each";
  } else if (table.shape.seq > seq) {
    hint = ": of a longer table pass its rows(position, count)";
  } else if (table.shape.seq == 1) {
    hint = ": of one row for all tokens pass its repeated(count)";
  }
  fail(place, "seq", "is %" PRId64 ", must be %" PRId64 "%s", table.shape.seq, seq, hint);
}

inline void check_seq(const Place& place, const RawTable& table, Index seq) {
  if (table.shape.seq != seq) fail_seq(place, table, seq);
}

ROPEWALK_INLINE void check_shapes(const Names& names, const Shape& out, const Shape& x,
                                  const RawTable& table, HeadDim head_dim) {
  if (&out != &x) {
    check_equal(names.out, "batch", out.batch, x.batch);
    check_equal(names.out, "seq", out.seq, x.seq);
    check_equal(names.out, "heads", out.heads, x.heads);
    check_equal(names.out, "head_dim", out.head_dim, x.head_dim);
  }
  if (head_dim == HeadDim::even) check_even(names.x, "head_dim", x.head_dim);
  check_batch(names.table, table, x.batch);
  check_seq(names.table, table, x.seq);
  check_one_or_equal(names.table, "heads", table.shape.heads, x.heads);
  check_at_most(names.table, "pairs", table.shape.pairs, x.head_dim / 2);
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
         "is interleaved_to_half, which moves features: pass an output apart from %s",
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

ROPEWALK_INLINE void check_apart_from_table(const Names& names, const Span& written,
                                            const RawTable& table, Index table_extent) {
  if (table_extent != 0 && meets_readers(written, table, table_extent)) {
    fail_overlap(names.out, names.table);
  }
  if (table.ids && overlap(written, span_of_ids(table))) fail_overlap(names.out, names.ids());
}

/// Checks out, x and table of a call; false if there is nothing to do. Of an out that is the very
/// object x, what was found of x holds. Of an out whose rows go to slots, `out` is the cache.
inline bool check_arguments(const Names& names, const RawView& out, const RawView& x,
                            const RawTable& table, InPlace in_place, Ids ids = Ids::on_host,
                            HeadDim head_dim = HeadDim::even, const SlotRows* slots = nullptr) {
  const Index x_extent = checked_extent(names.x, x);
  const Span read = span_of(x.data, x_extent, x.element_bytes);
  const Span written =
      &out == &x ? read : span_of(out.data, checked_extent(names.out, out), out.element_bytes);
  const Index table_extent = checked_extent(names.table, table);
  if (slots == nullptr) {
    check_shapes(names, out.shape, x.shape, table, head_dim);
  } else {
    check_shapes(names, shape_of_tokens(out, *slots), x.shape, table, head_dim);
    in_place = InPlace::refused;
  }
  if (x_extent == 0) return false;
  // A cache of no rows will do where every token is left.
  if (slots == nullptr || !out.empty()) check_apart_from_itself(names.out, out);
  check_can_gather(names.table, table);
  if (ids == Ids::on_host) check_ids(names.table, table);
  const bool same = same_place(out, x);
  if (!(same && in_place == InPlace::allowed) && share_memory(out, written, x, read)) {
    fail_at_x(names, in_place, same);
  }
  check_apart_from_table(names, written, table, table_extent);
  if (slots != nullptr) check_slots_given(names.out, *slots);
  if (slots != nullptr && ids == Ids::on_host) check_slots(names.out, *slots);
  return true;
}

/// The outputs of one call must not meet one another, nor another tensor's input.
inline void check_outs_apart(const Names& a_names, const RawView& a_out, const RawView& a_x,
                             const Names& b_names, const RawView& b_out, const RawView& b_x) {
  check_equal(b_names.x, "batch", b_x.shape.batch, a_x.shape.batch);
  check_equal(b_names.x, "seq", b_x.shape.seq, a_x.shape.seq);
  const Span a_written = span_of(a_out), b_written = span_of(b_out);
  if (share_memory(a_out, a_written, b_out, b_written)) fail_overlap(b_names.out, a_names.out);
  if (share_memory(a_out, a_written, b_x, span_of(b_x))) fail_overlap(a_names.out, b_names.x);
  if (share_memory(b_out, b_written, a_x, span_of(a_x))) fail_overlap(b_names.out, a_names.x);
}

/// Of several tensors, each with an out and an x, of which `tensor` is the one that `names` names.
template <class Tensor, class... Others>
void check_all_apart(const Names& names, const Tensor& tensor, const Others&... others) {
  Names other = names;
  ((other.next(), check_outs_apart(names, tensor.out, tensor.x, other, others.out, others.x)), ...);
  if constexpr (sizeof...(Others) > 0) {
    Names second = names;
    second.next();
    check_all_apart(second, others...);
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_ARGUMENTS_HPP
