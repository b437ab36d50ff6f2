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
  bool is_wide;  ///< whether the table is of the type that `rows` computes in
};

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
  RowKernel kernel;  ///< none: there is nothing to do, and the rest is not settled
  RowBatch rows;     ///< those of the first token, all heads
  bool in_place;
  bool is_one_batch;  ///< whether `rows` are all there is to do; the rest is not settled then
  bool nontemporal;   ///< write past the caches
  TokenStrides out_strides, x_strides, table_strides;
  PrefetchPlan prefetch;
};

}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

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
