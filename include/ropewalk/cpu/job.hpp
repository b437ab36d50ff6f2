// Job: one tensor to rotate on a CPU, with all that its checks and its plan have settled.
#ifndef ROPEWALK_CPU_JOB_HPP
#define ROPEWALK_CPU_JOB_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/shape.hpp"
#include "ropewalk/table_view.hpp"

// All distances are in bytes, those between coefficients aside.

ROPEWALK_BEGIN_TYPES
namespace detail {

/// What a job's types and options ask for.
struct Kernels {
  RowKernel rows;
  WidenEntries entries;
  bool is_wide;  ///< whether the table is of the type that `rows` computes in
};

struct ByteStrides {
  Index batch, seq, heads;  ///< 0 along an axis of one entry
};

/// The rows of a tensor.
struct JobRows {
  const void* data;
  ByteStrides strides;
  Index row_bytes;  ///< of head_dim features
};

/// The rows of a table.
struct JobTable {
  ROPEWALK_INLINE JobTable() = default;

  RawReader cos_a, cos_b, sin_a, sin_b;
  ByteStrides strides;
  RowIds ids;
};

/// How far ahead a job prefetches.
struct PrefetchPlan {
  Index tokens_l1, tokens_l2;  ///< in tokens; 0: not at all
  PrefetchDistances distances;
  bool of_table;  ///< whether the next token's coefficients, too
};

struct Job {
  ROPEWALK_INLINE Job() = default;

  RowKernel kernel;  ///< none: there is nothing to do
  Shape shape;
  JobRows x, out;
  JobTable table;
  RowLayout layout;
  PrefetchPlan prefetch;
  bool in_place;
  bool nontemporal;  ///< write past the caches
};

}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// What several jobs of the same batch and seq amount to.
struct Work {
  Index tokens = 0;
  Index bytes_read = 0, bytes_written = 0;  ///< of a token
};

inline Work work_of(const Job* job, const Job* end) {
  Work work;
  for (; job != end; ++job) {
    if (job->kernel == nullptr) continue;
    work.tokens = job->shape.batch * job->shape.seq;
    work.bytes_read += job->shape.heads * job->x.row_bytes;
    work.bytes_written += job->shape.heads * job->out.row_bytes;
  }
  return work;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_JOB_HPP
