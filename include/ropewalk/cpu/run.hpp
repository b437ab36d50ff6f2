// A job settled and run: what is prefetched, how rows are written, the order in which they turn.
#ifndef ROPEWALK_CPU_RUN_HPP
#define ROPEWALK_CPU_RUN_HPP

#include <algorithm>

#include "ropewalk/base/caches.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/overlap.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/cpu/past_caches.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

inline Index offset_of(const TokenStrides& strides, Index heads_stride, Index b, Index s, Index h) {
  return b * strides.batch + s * strides.seq + h * heads_stride;
}

inline Index table_offset(const Job& job, Index b, Index s, Index h) {
  const RowIds& ids = job.table->ids;
  return offset_of(job.table_strides, job.rows.layout.table_stride, b, ids ? ids.row(b, s) : s, h);
}

inline Index out_offset(const Job& job, Index b, Index s, Index h) {
  const Index heads_stride = job.rows.layout.out_stride;
  if (job.slots == nullptr) return offset_of(job.out_strides, heads_stride, b, s, h);
  const Shape& cache = job.out->shape;
  const Index slot = job.slots->slot(b, s);
  const Index block = cache.batch == 1 ? 0 : slot / cache.seq;
  return offset_of(job.out_strides, heads_stride, block, slot - block * cache.seq, h);
}

/// Heads that are further apart than tokens are sequences of their own in memory: how many of them
/// turn at a time, as many as caches and prefetchers follow. One thread, in place, ns a KiB by 4,
/// 8, 16 and 40 of 40 heads of 128, on an Intel Xeon (Emerald Rapids):
///   bfloat16 of 4096 tokens 76, 71, 82, 128; of 8192 89, 84, 130, 170; of 1000 90, 75, 70, 70
///   float of 4096 tokens    57, 58, 66, 140; of 8192 65, 66, 72, 145; of 1000 52, 49, 53, 54
/// So 8 where they are a multiple of 256 KiB apart; of 128 KiB 8 and 16 are equal. On Zen 4:
///   bfloat16 of 4096 tokens 69, 59, 53, 55; float 51, 49, 48, 47, but 85 by 128 of 128 heads
[[gnu::cold, gnu::noinline]] inline Index followed_heads(Index apart, Index row_bytes) {
  constexpr Index least = 4, colliding = Index{256} << 10;
  const bool zen4 = is_zen4();
  const Index most = zen4 ? 64 : apart % colliding == 0 ? 8 : 16;
  const Index room = Index{zen4 ? 16 : 4} << 10;
  return std::max(least, std::min(most, room / row_bytes));
}

/// All heads of a token, unless they are further apart than its tokens.
inline Index heads_together(const Job& job) {
  const Index heads = job.rows.rows, apart = job.rows.layout.x_stride;
  const bool in_turn =
      job.x->shape.seq == 1 || job.normed == Normed::over_token || apart <= job.x_strides.seq;
  return in_turn ? heads : std::min(heads, followed_heads(apart, row_bytes(*job.x)));
}

// Before the first row ----------------------------------------------------------------------------

inline void set_strides(TokenStrides& to, const RawView& view) {
  to.batch = stride_in_bytes(view.shape.batch, view.strides.batch, view.element_bytes);
  to.seq = stride_in_bytes(view.shape.seq, view.strides.seq, view.element_bytes);
}

inline void set_strides(TokenStrides& to, const RawTable& table) {
  to.batch = stride_in_bytes(table.shape.batch, table.strides.batch, table.element_bytes);
  to.seq = stride_in_bytes(table.rows(), table.strides.seq, table.element_bytes);
}

/// Whether rows turn one after the other, or, of 16 bits, all of a batch in a step and then in a
/// shorter one: of 64, 32, 16, ... pairs, 96 together at most. A last step of less than four pairs
/// was not measured. Normalised rows do not: they are read twice, with others in between.
inline bool turns_in_few_steps(const Job& job, const Kernels& kernels) {
  const Index pairs = job.rows.layout.pairs;
  constexpr Index least = 16, most = 96;
  if (2 * pairs != job.x->shape.head_dim || pairs < least) return false;
  if (kernels.at_once == 0 || job.normed != Normed::no) return false;
  const Index but_last = pairs & (pairs - 1);  // those before the last step
  if (but_last == 0) return pairs <= kernels.at_once;
  return job.x->element_bytes < 4 && pairs <= most && (but_last & (but_last - 1)) == 0;
}

/// Whether rows are read and written in the order in which they stand in memory.
inline bool go_in_order(const Job& job) {
  const Index heads = job.x->shape.heads;
  return !job.table->ids && job.x_strides.seq == heads * row_bytes(*job.x) &&
         job.slots == nullptr && job.out_strides.seq == heads * row_bytes(*job.out);
}

/// Whether the hardware follows rows as fast as memory is, so that prefetches slow it down: on a
/// Zen 4 it does where they stand in the order of memory and are turned in few steps, or each
/// beside a row of the table of its own. One thread, in place, ns a KiB with prefetches -> without,
/// [1, 4096, 40, 128] by a float table: bfloat16 47 -> 42, half pairs 52 -> 46, half 55 -> 50,
/// float 47 -> 37; [1, 8192, 40, 128] by a table per head: bfloat16 149 -> 103, float 97 -> 82; one
/// head 146 -> 101, 98 -> 87; by a double table bfloat16 102 -> 89, half 153 -> 134, float 71 ->
/// 53, but doubles 66 -> 105. In two steps, [1, 8192, 64, 80]: bfloat16 49 -> 46, half 72 -> 57,
/// but float 57 -> 60; of 96 features half 61 -> 54, float 52 -> 65; of 256 bfloat16 73 -> 88. In
/// three steps, of 112: bfloat16 50 -> 55, half 70 -> 63.
inline bool is_followed(const Job& job, const Kernels& kernels) {
  const bool has_own_rows = job.rows.layout.table_stride != 0 || job.x->shape.heads == 1;
  return is_zen4() && go_in_order(job) && (has_own_rows || turns_in_few_steps(job, kernels));
}

/// The same of rows that go past the caches when they have been normalised, each by itself. With
/// prefetches -> without, one thread and two, ns a KiB of [1, 8192, 40, 128]: float 87 -> 78 and 56
/// -> 51, bfloat16 154 -> 141 and 75 -> 69, half 172 -> 160 and 83 -> 80; but float of 192 features
/// 98 -> 110 and 58 -> 68, and bfloat16 that is normalised over a token 154 -> 186 and 78 -> 91.
inline bool is_followed_normed(const Job& job) {
  constexpr Index most = 512;  // bytes of a row
  return job.nontemporal && job.normed == Normed::by_head && row_bytes(*job.x) <= most &&
         is_zen4() && go_in_order(job);
}

inline void set_prefetches(Job& job) {
  const Index bytes_together = heads_together(job) * row_bytes(*job.x);
  PrefetchPlan& plan = job.prefetch;
  plan.tokens_l1 = prefetch_tokens(job.x->shape.seq, bytes_together, prefetch_l1_bytes);
  plan.tokens_l2 = prefetch_tokens(job.x->shape.seq, bytes_together, prefetch_l2_bytes);
  plan.distances.x_l1 = plan.tokens_l1 * job.x_strides.seq;
  plan.distances.x_l2 = plan.tokens_l2 * job.x_strides.seq;
  // Nontemporal stores need no line in the cache; in place, x has brought it.
  if (!job.nontemporal && !job.in_place) {
    plan.distances.out_l1 = plan.tokens_l1 * job.out_strides.seq;
  }
  const Index entry_bytes = job.table->element_bytes;
  plan.of_table =
      is_dense(job.table->cos_a, entry_bytes) && is_dense(job.table->sin_a, entry_bytes);
}

/// Settles how a job is done whose arguments have passed their checks.
inline void settle(Job& job, const Kernels& kernels, Stores stores, Normed normed = Normed::no) {
  const Shape& shape = job.x->shape;
  job.kernel = kernels.rows;
  job.in_place = same_place(*job.out, *job.x);
  job.normed = normed;
  set_rows(job.rows, *job.out, *job.x, *job.table, job.in_place, kernels);
  set_strides(job.out_strides, *job.out);
  set_strides(job.x_strides, *job.x);
  set_strides(job.table_strides, *job.table);
  const Index both = row_bytes(*job.x) + (job.in_place ? 0 : row_bytes(*job.out));
  const Index bytes = shape.batch * shape.seq * shape.heads * both;
  const bool is_near = fits_near_caches(bytes), followed = !is_near && is_followed(job, kernels);
  const bool exceeds =
      followed ? exceeds_caches_followed(bytes, job.x->element_bytes) : exceeds_caches(bytes);
  const bool past_caches =
      !job.in_place && (stores == Stores::nontemporal || (stores == Stores::automatic && exceeds));
  job.nontemporal = false;
  if (past_caches) set_past_caches(job, kernels);
  job.prefetch = {};
  if (!is_near && !followed && !is_followed_normed(job)) set_prefetches(job);
}

// The rows ----------------------------------------------------------------------------------------

/// While token s is rotated: of rows before token `end` only.
inline PrefetchDistances prefetches_at(const PrefetchPlan& plan, Index s, Index end) {
  PrefetchDistances within = plan.distances;
  if (s + plan.tokens_l1 >= end) within.x_l1 = within.out_l1 = 0;
  if (s + plan.tokens_l2 >= end) within.x_l2 = 0;
  return within;
}

/// How far from the rows of token s those of the token are whose slot is asked for meanwhile.
inline Index distance_to_slot(const Job& job, Index b, Index s, Index h) {
  const Index next = s + job.prefetch.tokens_l1;
  return job.slots->slot(b, next) < 0 ? 0 : out_offset(job, b, next, h) - out_offset(job, b, s, h);
}

/// Heads [h, h + heads) of token s, before those of s + 1 and so on up to token `end`. What is
/// prefetched meanwhile is theirs: beyond may be the end of the tensor, or another thread's part.
/// `batch` is that of any token.
inline void run_heads(const Job& job, RowBatch& batch, Index b, Index s, Index end, Index h,
                      Index heads) {
  if (job.table->ids.leaves(b, s)) return;
  if (job.slots != nullptr && job.slots->slot(b, s) < 0) return;
  const RowLayout& layout = batch.layout;
  batch.prefetch = prefetches_at(job.prefetch, s, end);
  if (job.slots != nullptr && batch.prefetch.out_l1 != 0) {
    batch.prefetch.out_l1 = distance_to_slot(job, b, s, h);
  }
  batch.table_offset = table_offset(job, b, s, h);
  batch.x = moved(job.x->data, offset_of(job.x_strides, layout.x_stride, b, s, h));
  batch.out = const_cast<void*>(moved(job.out->data, out_offset(job, b, s, h)));
  batch.rows = heads;
  // Rows of a gathered table come in any order.
  if (job.prefetch.of_table && s + 1 < end) {
    batch.prefetch.table_l1 = table_offset(job, b, s + 1, h) - batch.table_offset;
  }
  job.nontemporal ? rotate_past_caches(job, batch) : job.kernel(batch);
}

/// Tokens [begin, end) of one batch entry whose x has one head: the rows of one call of the kernel,
/// each with its own row of the table, as heads are that have one each. A call a token takes 1.1
/// to 1.7 times as long within the caches of an Intel Xeon (Sapphire Rapids class).
inline void run_one_head(const Job& job, RowBatch& batch, Index b, Index begin, Index end) {
  batch.layout.x_stride = job.x_strides.seq;
  batch.layout.out_stride = job.out_strides.seq;
  batch.layout.table_stride = job.table_strides.seq;
  const Index last_l1 = end - job.prefetch.tokens_l1, last_l2 = end - job.prefetch.tokens_l2;
  while (begin < end) {
    // As many as have rows of this range before them to prefetch.
    Index stop = job.prefetch.of_table && begin < end - 1 ? end - 1 : end;
    if (begin < last_l1) stop = std::min(stop, last_l1);
    if (begin < last_l2) stop = std::min(stop, last_l2);
    run_heads(job, batch, b, begin, end, 0, stop - begin);
    begin = stop;
  }
}

/// Tokens [begin, end) of one batch entry, nearly in the order in which they stand in memory.
inline void run_tokens(const Job& job, RowBatch& batch, Index b, Index begin, Index end) {
  // Few enough for their coefficients to stay in the second cache until all heads have passed.
  constexpr Index tokens_together = 256;
  const Index heads = job.x->shape.heads;
  // Rows longer than that are walked in parts, all rows of a batch part by part.
  if (heads == 1 && !job.table->ids && job.slots == nullptr && batch.layout.pairs <= most_pairs) {
    return run_one_head(job, batch, b, begin, end);
  }
  const Index together = heads_together(job);
  for (Index first = begin; first < end; first += tokens_together) {
    const Index last = std::min(first + tokens_together, end);
    // Where other heads of these tokens come first, those behind them are far from their turn.
    const Index walked = together < heads ? last : end;
    for (Index h = 0; h < heads; h += together) {
      for (Index s = first; s < last; ++s) {
        run_heads(job, batch, b, s, walked, h, std::min(together, heads - h));
      }
    }
  }
}

/// Tokens [begin, end) of batch and seq taken together.
inline void run_batches(const Job& job, Index begin, Index end) {
  RowBatch batch = job.rows;
  const Index seq = job.x->shape.seq;
  while (begin < end) {
    const Index b = job.x->shape.batch == 1 ? 0 : begin / seq;
    const Index stop = std::min(end, (b + 1) * seq);
    run_tokens(job, batch, b, begin - b * seq, stop - b * seq);
    begin = stop;
  }
}

inline void run(const Job* job, const Job* last, Index begin, Index end) {
  for (; job != last; ++job) {
    if (job->kernel == nullptr) continue;
    run_batches(*job, begin, end);
    if (job->nontemporal) finish_nontemporal_stores();
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_RUN_HPP
