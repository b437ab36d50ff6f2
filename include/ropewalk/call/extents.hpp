// How far a view or a table reaches, its sizes, strides and data checked on the way.
#ifndef ROPEWALK_CALL_EXTENTS_HPP
#define ROPEWALK_CALL_EXTENTS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"

ROPEWALK_BEGIN_NESTED(detail)

// One test tells whether some of many numbers are below 0, since the sign is a bit of each; which
// of them is, and in the order in which they are named, is asked out of line.

[[gnu::cold, gnu::noinline]] inline void fail_negative(const Place& place, const RawView& view) {
  const Shape& shape = view.shape;
  const Strides& strides = view.strides;
  check_not_negative(place, "batch", shape.batch);
  check_not_negative(place, "seq", shape.seq);
  check_not_negative(place, "heads", shape.heads);
  check_not_negative(place, "head_dim", shape.head_dim);
  check_not_negative(place, "batch stride", strides.batch);
  check_not_negative(place, "seq stride", strides.seq);
  check_not_negative(place, "heads stride", strides.heads);
}

[[gnu::cold, gnu::noinline]] inline void fail_negative(const Place& place, const RawTable& table) {
  const TableShape& shape = table.shape;
  check_not_negative(place, "batch", shape.batch);
  check_not_negative(place, "seq", shape.seq);
  check_not_negative(place, "heads", shape.heads);
  check_not_negative(place, "pairs", shape.pairs);
  check_not_negative(place, "batch stride", table.strides.batch);
  check_not_negative(place, "seq stride", table.strides.seq);
  check_not_negative(place, "heads stride", table.strides.heads);
  check_not_negative(place, "seq", table.rows());
}

[[gnu::cold, gnu::noinline]] inline void fail_readers(const Place& place, const RawTable& table) {
  const RawReader* const readers[] = {&table.cos_a, &table.cos_b, &table.sin_a, &table.sin_b};
  for (const RawReader* reader : readers) {
    check_not_null(place, reader->data);
    check_not_negative(place, "coefficient stride", reader->stride);
  }
}

/// Checks sizes, strides and data; returns the elements from data to the end of the last row.
ROPEWALK_INLINE Index checked_extent(const Place& place, const RawView& view) {
  const Shape& shape = view.shape;
  const Strides& strides = view.strides;
  const Index signs = shape.batch | shape.seq | shape.heads | shape.head_dim | strides.batch |
                      strides.seq | strides.heads;
  if (signs < 0) fail_negative(place, view);
  // Of sizes that are not negative, 0 alone has less than 0 before it.
  const Index before =
      (shape.batch - 1) | (shape.seq - 1) | (shape.heads - 1) | (shape.head_dim - 1);
  if (before < 0) return 0;
  check_not_null(place, view.data);
  Index end = shape.head_dim;
  end = checked_reach(place, "heads", end, shape.heads, strides.heads);
  end = checked_reach(place, "seq", end, shape.seq, strides.seq);
  end = checked_reach(place, "batch", end, shape.batch, strides.batch);
  checked_reach(place, "bytes", end, view.element_bytes, end);
  return end;
}

/// The same of a table; returns the elements that a coefficient reader spans.
ROPEWALK_INLINE Index checked_extent(const Place& place, const RawTable& table) {
  const TableShape& shape = table.shape;
  const Index rows = table.rows();
  // Of tokens there are as many as rows, or as ids, whose number has been checked with them.
  const Index signs = shape.batch | shape.heads | shape.pairs | table.strides.batch |
                      table.strides.seq | table.strides.heads | rows;
  if (signs < 0) fail_negative(place, table);
  const Index before =
      (shape.batch - 1) | (shape.seq - 1) | (shape.heads - 1) | (shape.pairs - 1) | (rows - 1);
  if (before < 0) return 0;
  if (table.pair_stride < 0) fail_readers(place, table);
  Index end = checked_reach(place, "pairs", 1, shape.pairs, table.pair_stride);
  end = checked_reach(place, "heads", end, shape.heads, table.strides.heads);
  end = checked_reach(place, "seq", end, rows, table.strides.seq);
  end = checked_reach(place, "batch", end, shape.batch, table.strides.batch);
  checked_reach(place, "bytes", end, table.element_bytes, end);
  return end;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_EXTENTS_HPP
