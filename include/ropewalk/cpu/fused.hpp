// Form 3: one pass over x, on the best instruction set of the machine.
#ifndef ROPEWALK_CPU_FUSED_HPP
#define ROPEWALK_CPU_FUSED_HPP

#include <algorithm>
#include <type_traits>

#include "ropewalk/base/caches.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/dispatch.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// How far ahead a job prefetches.
struct PrefetchPlan {
  Index tokens_l1 = 0, tokens_l2 = 0;  ///< in tokens; 0: not at all
  PrefetchDistances distances;         ///< the same in elements of x and of out
  bool of_table = false;               ///< whether the next token's coefficients, too

  /// While token s is rotated: of rows before token `end` only.
  PrefetchDistances at(Index s, Index end) const {
    PrefetchDistances within = distances;
    if (s + tokens_l1 >= end) within.x_l1 = within.out_l1 = 0;
    if (s + tokens_l2 >= end) within.x_l2 = 0;
    return within;
  }
};

/// One tensor to rotate.
template <class Out, class X, class Tab>
struct FusedJob {
  View<Out> out;
  View<const X> x;
  TableView<Tab> table;
  RowKernel<Out, X, Tab> kernel = nullptr;
  RowLayout layout = {};
  PrefetchPlan prefetch = {};

  Index tokens() const { return x.batch() * x.seq(); }
  Index features() const { return x.heads() * x.head_dim(); }
  Index bytes_read() const { return features() * static_cast<Index>(sizeof(X)); }
  Index bytes_written() const { return features() * static_cast<Index>(sizeof(Out)); }
  /// All heads of a token, unless they are further apart than its tokens. Then each is a sequence
  /// of its own in memory, of which caches and prefetchers follow so many: with 16 at once
  /// [batch, heads, seq, head_dim] reaches 0.9 to 1.0 of the rate of [batch, seq, heads, head_dim],
  /// one after the other 0.65, on an Intel Xeon (Emerald Rapids).
  Index heads_together() const {
    constexpr Index followed = 16;
    return x.strides().heads <= x.strides().seq ? x.heads() : std::min(x.heads(), followed);
  }
};

/// Heads [h, h + heads) of token s, before those of s + 1 and so on up to token `end`. What is
/// prefetched meanwhile is theirs: beyond may be the end of the tensor, or another thread's part.
template <class Out, class X, class Tab>
void run_heads(const FusedJob<Out, X, Tab>& job, Index b, Index s, Index end, Index h,
               Index heads) {
  RowBatch<Out, X, Tab> batch{job.layout,         job.prefetch.at(s, end), job.table.row(b, s, h),
                              job.x.row(b, s, h), job.out.row(b, s, h),    heads};
  // Rows of a gathered table come in any order.
  if (job.prefetch.of_table && s + 1 < end) {
    batch.prefetch.table_l1 = job.table.row(b, s + 1, h).cos_a.data - batch.readers.cos_a.data;
  }
  job.kernel(batch);
}

/// Tokens [begin, end) of one batch entry, nearly in the order in which they stand in memory.
template <class Out, class X, class Tab>
void run_tokens(const FusedJob<Out, X, Tab>& job, Index b, Index begin, Index end) {
  // Few enough for their coefficients to stay in the second cache until all heads have passed.
  constexpr Index tokens_together = 256;
  const Index heads = job.x.heads();
  const Index heads_together = job.heads_together();
  for (Index first = begin; first < end; first += tokens_together) {
    const Index last = std::min(first + tokens_together, end);
    // Where other heads of these tokens come first, those behind them are far from their turn.
    const Index walked = heads_together < heads ? last : end;
    for (Index h = 0; h < heads; h += heads_together) {
      for (Index s = first; s < last; ++s) {
        run_heads(job, b, s, walked, h, std::min(heads_together, heads - h));
      }
    }
  }
}

/// Tokens [begin, end) of batch and seq taken together.
template <class Out, class X, class Tab>
void run_range(const FusedJob<Out, X, Tab>& job, Index begin, Index end) {
  if (job.x.empty()) return;
  const Index seq = job.x.seq();
  while (begin < end) {
    const Index b = job.x.batch() == 1 ? 0 : begin / seq;
    const Index stop = std::min(end, (b + 1) * seq);
    run_tokens(job, b, begin - b * seq, stop - b * seq);
    begin = stop;
  }
}

inline void finish_nontemporal_stores() {
#if ROPEWALK_X86
  _mm_sfence();
#endif
}

template <class Out, class X, class Tab>
PrefetchPlan planned_prefetches(const FusedJob<Out, X, Tab>& job, bool in_place) {
  const Index bytes_together =
      job.heads_together() * job.x.head_dim() * static_cast<Index>(sizeof(X));
  PrefetchPlan plan;
  plan.tokens_l1 = prefetch_tokens(job.x.seq(), bytes_together, prefetch_l1_bytes);
  plan.tokens_l2 = prefetch_tokens(job.x.seq(), bytes_together, prefetch_l2_bytes);
  plan.distances.x_l1 = plan.tokens_l1 * job.x.strides().seq;
  plan.distances.x_l2 = plan.tokens_l2 * job.x.strides().seq;
  // Nontemporal stores need no line in the cache; in place, x has brought it.
  if (!job.layout.nontemporal && !in_place) {
    plan.distances.out_l1 = plan.tokens_l1 * job.out.strides().seq;
  }
  plan.of_table = is_dense(job.table.readers().cos_a) && is_dense(job.table.readers().sin_a);
  return plan;
}

template <class Out, class X, class Tab>
RowLayout row_layout(const FusedJob<Out, X, Tab>& job, bool in_place, bool nontemporal) {
  RowLayout layout;
  layout.pairs = job.table.pairs();
  layout.rest = in_place ? 0 : job.x.head_dim() - 2 * job.table.pairs();
  layout.x_stride = job.x.strides().heads;
  layout.out_stride = job.out.strides().heads;
  layout.table_stride = job.table.heads_stride();
  layout.nontemporal = nontemporal;
  return layout;
}

/// Checks one tensor and settles how it is done; false if there is nothing to do.
template <class Out, class X, class Tab, class How>
bool prepare(const Names& names, FusedJob<Out, X, Tab>& job, const How& options,
             const CpuOptions& cpu) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  if (!check_arguments(
          names, job.out, job.x, job.table,
          moves_features(options.pairing) ? InPlace::features_move : InPlace::allowed)) {
    return false;
  }
  const bool in_place = same_place(job.out, job.x);
  const Index bytes = job.tokens() * (job.bytes_read() + (in_place ? 0 : job.bytes_written()));
  const bool nontemporal =
      !in_place && (cpu.stores == Stores::nontemporal ||
                    (cpu.stores == Stores::automatic && exceeds_caches(bytes)));
  job.layout = row_layout(job, in_place, nontemporal);
  if (!fits_second_cache(bytes)) job.prefetch = planned_prefetches(job, in_place);
  job.kernel = select_kernel<Out, X, Tab>(isa, options);
  return true;
}

/// Rotates every job; all have the same batch and seq, and their checks are done.
template <class Device, class... Jobs>
void run_jobs(const Device& device, Index tokens, const Jobs&... jobs) {
  for_token_ranges(device, tokens, (jobs.bytes_read() + ...), (jobs.bytes_written() + ...),
                   [&](Index begin, Index end) {
                     (run_range(jobs, begin, end), ...);
                     if ((jobs.layout.nontemporal || ...)) finish_nontemporal_stores();
                   });
}

template <class Out, class X, class Tab>
FusedJob<Out, std::remove_const_t<X>, Tab> fused_job(const View<Out>& out, const View<X>& x,
                                                     const TableView<Tab>& table) {
  return {out, read_only(x), table};
}

/// Rotates one tensor or several: all are checked before the first is written, also after one with
/// nothing to do.
template <class Device, class How, class... Jobs>
void fused(const Names& names, const Device& device, const How& options, const CpuOptions& cpu,
           Jobs... jobs) {
  Names of = names;
  bool work = false;
  ((work = prepare(of, jobs, options, cpu) || work, of.next()), ...);
  check_all_apart(names, jobs...);
  if (work) run_jobs(device, std::max({jobs.tokens()...}), jobs...);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_FUSED_HPP
