// Job: one tensor to rotate on a CPU, with all that its checks and its plan have settled.
#ifndef ROPEWALK_CPU_JOB_HPP
#define ROPEWALK_CPU_JOB_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/row_batch.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

/// What a job's types and options ask for.
struct Kernels {
  RowKernel rows;
  WidenEntries entries;
  bool is_wide;   ///< whether the table is of the type that `rows` computes in
  Index at_once;  ///< of 16, 32, ... pairs, up to so many, `rows` turns one row after the other; 0:
                  ///< not known, and `rows` takes none past the caches
};

/// Whether rows are normalised before they turn: each, or all of a token together, which are then
/// in one batch.
enum class Normed { no, by_head, over_token };

/// Strides in bytes from token to token; 0 along an axis of one entry.
struct TokenStrides {
  Index batch, seq;
};

/// How far ahead a job prefetches.
struct PrefetchPlan {
  Index tokens_l1, tokens_l2;  ///< in tokens; 0: not at all
  PrefetchDistances distances;
  bool of_table;  ///< whether the next token's coefficients, too
};

/// Not set where it is made, or each call would write it twice.
struct Job {
  const RawView* out;
  const RawView* x;
  const RawTable* table;
  const SlotRows* slots;  ///< of the cache `out`; null: out has a row for each of x
  RowKernel kernel;       ///< none: there is nothing to do, and the rest is not settled
  RowBatch rows;          ///< those of the first token, all heads
  bool in_place;
  bool nontemporal;  ///< write past the caches
  bool by_parts;     ///< and in parts of a row, which the kernel does
  Normed normed;
  TokenStrides out_strides, x_strides, table_strides;
  PrefetchPlan prefetch;
};

}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// The most that is rotated before it goes past the caches.
constexpr Index past_caches_room = Index{16} << 10;

/// Along an axis of one entry any stride is allowed, and in bytes it need not fit.
inline Index stride_in_bytes(Index size, Index stride, Index element_bytes) {
  return size <= 1 ? 0 : stride * element_bytes;
}

inline Index heads_stride(const RawView& view) {
  return stride_in_bytes(view.shape.heads, view.strides.heads, view.element_bytes);
}

/// The rows of the first token, which are those of any but for where they are. `in_place`: out is
/// x itself, whose features behind the pairs stay.
inline void set_rows(RowBatch& rows, const RawView& out, const RawView& x, const RawTable& table,
                     bool in_place, const Kernels& kernels) {
  RowLayout& layout = rows.layout;
  layout.pairs = table.shape.pairs;
  layout.rest = in_place ? 0 : x.shape.head_dim - 2 * table.shape.pairs;
  layout.x_stride = heads_stride(x);
  layout.out_stride = in_place ? layout.x_stride : heads_stride(out);
  layout.table_stride =
      stride_in_bytes(table.shape.heads, table.strides.heads, table.element_bytes);
  layout.widen = kernels.entries;
  layout.is_wide = kernels.is_wide;
  layout.reads_table = kernels.is_wide && table.is_plain;
  layout.norm = nullptr;
  rows.prefetch = {};
  rows.table = &table;
  rows.table_offset = 0;
  rows.x = x.data;
  rows.out = const_cast<void*>(out.data);
  rows.rows = x.shape.heads;
}

/// What several jobs of the same batch and seq amount to.
struct Work {
  Index tokens = 0;
  TokenWork each{0, 0, 0};
};

inline Index row_bytes(const RawView& view) { return view.shape.head_dim * view.element_bytes; }

inline Work work_of(const Job* job, const Job* end) {
  Work work;
  for (; job != end; ++job) {
    if (job->kernel == nullptr) continue;
    const Shape& shape = job->x->shape;
    work.tokens = shape.batch * shape.seq;
    work.each.features += shape.heads * shape.head_dim;
    work.each.bytes_read += shape.heads * row_bytes(*job->x);
    work.each.bytes_written += shape.heads * row_bytes(*job->out);
  }
  return work;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_JOB_HPP
