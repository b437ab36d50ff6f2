// A tensor of one token: its checks and its rows without a job's plan.
#ifndef ROPEWALK_CPU_TOKEN_HPP
#define ROPEWALK_CPU_TOKEN_HPP

#include "ropewalk/base/caches.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/one_token.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/cpu/row_batch.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Sets the rows of a token whose out is apart or whose table is gathered; otherwise as
/// rows_of_token.
[[gnu::noinline]] inline bool set_rows_apart(RowBatch& rows, const RawView& out, const RawView& x,
                                             const RawTable& table, const Kernels& kernels) {
  Index row = 0;
  if (!is_sound_apart(out, x, table, row)) return false;
  const bool in_place = &out == &x;
  set_rows(rows, out, x, table, in_place, kernels);
  rows.table_offset = row * table.strides.seq * table.element_bytes;
  return in_place || !exceeds_caches(x.shape.heads * (row_bytes(x) + row_bytes(out)));
}

/// Sets the rows of the only token and returns true if nothing is wrong with the call, as far as
/// can be told at once, and they are stored through the caches. Of one token there is nothing to
/// prefetch.
[[gnu::noinline]] inline bool rows_of_token(RowBatch& rows, const RawView& out, const RawView& x,
                                            const RawTable& table, const Kernels& kernels) {
  if (!is_sound_token(x, table)) return false;
  if (&out != &x || table.ids) return set_rows_apart(rows, out, x, table, kernels);
  if (!is_sound_in_place(x, table)) return false;
  set_rows(rows, x, x, table, true, kernels);
  return true;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_TOKEN_HPP
