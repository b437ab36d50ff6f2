// What a call of one token is checked for at once, where nothing is wrong.
#ifndef ROPEWALK_CALL_ONE_TOKEN_HPP
#define ROPEWALK_CALL_ONE_TOKEN_HPP

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/overlap.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Whether sizes and strides, each combined by |, are neither negative nor too
/// large for an extent in bytes, the sum of a size and three products of both: it is below 2^61.
inline bool are_small(Index sizes, Index strides) {
  constexpr int size_bits = 20, stride_bits = 36;
  return (static_cast<std::uint64_t>(sizes) >> size_bits |
          static_cast<std::uint64_t>(strides) >> stride_bits) == 0;
}

/// The memory of a tensor of one token.
inline Span span_of_token(const RawView& view) {
  return span_of(view.data, view.shape.head_dim + (view.shape.heads - 1) * view.strides.heads,
                 view.element_bytes);
}

/// The elements that a reader of the table of one token spans.
inline Index reach_of_token(const RawTable& table) {
  return 1 + (table.shape.pairs - 1) * table.pair_stride +
         (table.shape.heads - 1) * table.strides.heads;
}

/// Whether check_arguments would let x, of one token, pass by itself, and with it the sizes and the
/// strides of the table. False says nothing: what is rare is left to check_arguments, as is what is
/// wrong.
inline bool is_sound_token(const RawView& x, const RawTable& table) {
  const Shape& shape = x.shape;
  const TableShape& of_table = table.shape;
  if (shape.batch != 1 || shape.seq != 1 || of_table.batch != 1 || of_table.seq != 1 ||
      !are_small(shape.heads | shape.head_dim, x.strides.batch | x.strides.seq | x.strides.heads |
                                                   table.strides.batch | table.strides.seq |
                                                   table.strides.heads | table.pair_stride)) {
    return false;
  }
  // At most a half of head_dim, and not 0, which has the most before it.
  const auto half = static_cast<std::uint64_t>(shape.head_dim) / 2;
  return shape.heads != 0 && shape.head_dim % 2 == 0 &&
         static_cast<std::uint64_t>(of_table.pairs) - 1 < half &&
         (of_table.heads == 1 || of_table.heads == shape.heads) && x.data != nullptr;
}

/// Whether an out that has passed are_small does not write one address twice.
inline bool has_rows_apart(const RawView& out) {
  return out.shape.heads == 1 || out.strides.heads >= out.shape.head_dim;
}

/// Whether the rest holds of a sound token in place, by a table without ids.
inline bool is_sound_in_place(const RawView& x, const RawTable& table) {
  return has_rows_apart(x) && !meets_readers(span_of_token(x), table, reach_of_token(table));
}

/// Whether the rest holds of any out and table, beside a sound x; `row` is set to that of the
/// table.
inline bool is_sound_apart(const RawView& out, const RawView& x, const RawTable& table,
                           Index& row) {
  if (&out != &x) {
    const Strides& strides = out.strides;
    if (out.data == nullptr || !(out.shape == x.shape) ||
        !are_small(0, strides.batch | strides.seq | strides.heads) ||
        overlap(span_of_token(out), span_of_token(x))) {
      return false;
    }
  }
  const Span written = span_of_token(out);
  Index elements = reach_of_token(table);
  row = 0;
  if (const RowIds& ids = table.ids) {
    if (ids.data() == nullptr || ids.leaves(0, 0) || !are_small(ids.rows(), 0) ||
        overlap(written, span_of_ids(table))) {
      return false;
    }
    row = ids.row(0, 0);
    if (!ids.has(row)) return false;
    elements += (ids.rows() - 1) * table.strides.seq;
  }
  return has_rows_apart(out) && !meets_readers(written, table, elements);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_ONE_TOKEN_HPP
