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

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// One tensor to rotate.
template <class Out, class X, class Tab>
struct FusedJob {
  View<Out> out;
  View<const X> x;
  TableView<Tab> table;
  RowKernel<Out, X, Tab> kernel = nullptr;
  Index ahead = 0;  ///< tokens from a row to the one to fetch while it is rotated; 0: none
  Index far = 0;    ///< the same, to the one to fetch into the second cache
  bool fetches_lanes = false;  ///< whether to fetch the next token's coefficients, too
  bool stream = false;

  Index tokens() const { return x.batch() * x.seq(); }
  Index features() const { return x.heads() * x.head_dim(); }
  Index bytes_read() const { return features() * static_cast<Index>(sizeof(X)); }
  Index bytes_written() const { return features() * static_cast<Index>(sizeof(Out)); }
  /// All heads of a token, unless they lie further apart than its tokens. Then each is a stream of
  /// its own through memory, of which caches and prefetchers take so many: with 16 at once
  /// [batch, heads, seq, head_dim] reaches 0.9 to 1.0 of the rate of [batch, seq, heads, head_dim],
  /// one after the other 0.65, on an Intel Xeon (Emerald Rapids).
  Index heads_together() const {
    constexpr Index streams = 16;
    return x.strides().heads <= x.strides().seq ? x.heads() : std::min(x.heads(), streams);
  }
};

/// Heads [h, h + heads) of token s, before those of s + 1 and so on up to token `end`. What is
/// fetched meanwhile is theirs: beyond may be the end of the tensor, or another thread's part.
template <class Out, class X, class Tab>
void rotate_heads(const FusedJob<Out, X, Tab>& job, Index b, Index s, Index end, Index h,
                  Index heads) {
  const Strides& x_strides = job.x.strides();
  const Strides& out_strides = job.out.strides();
  const Index pairs = job.table.pairs();
  const PairLanes<Tab> lanes = job.table.row(b, s, h);
  const bool in_place = same_place(job.out, job.x);
  // Streaming stores need no line in the cache; in place, x has brought it.
  const bool fetches_out = !job.stream && !in_place;
  const Index ahead = s + job.ahead < end ? job.ahead : 0;
  const Index far = s + job.far < end ? job.far : 0;
  const Index lanes_ahead = job.fetches_lanes && s + 1 < end
                                ? job.table.row(b, s + 1, h).cos_a.data - lanes.cos_a.data
                                : 0;
  const RowBatch<Out, X, Tab> batch{job.out.row(b, s, h),
                                    job.x.row(b, s, h),
                                    heads,
                                    out_strides.heads,
                                    x_strides.heads,
                                    lanes,
                                    job.table.heads_stride(),
                                    pairs,
                                    in_place ? 0 : job.x.head_dim() - 2 * pairs,
                                    lanes_ahead,
                                    fetches_out ? ahead * out_strides.seq : 0,
                                    ahead * x_strides.seq,
                                    far * x_strides.seq,
                                    job.stream};
  job.kernel(batch);
}

/// Tokens [begin, end) of one batch entry, nearly in the order in which they lie in memory.
template <class Out, class X, class Tab>
void rotate_tokens(const FusedJob<Out, X, Tab>& job, Index b, Index begin, Index end) {
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
        rotate_heads(job, b, s, walked, h, std::min(heads_together, heads - h));
      }
    }
  }
}

/// Tokens [begin, end) of batch and seq taken together.
template <class Out, class X, class Tab>
void rotate_range(const FusedJob<Out, X, Tab>& job, Index begin, Index end) {
  if (job.x.empty()) return;
  const Index seq = job.x.seq();
  while (begin < end) {
    const Index b = job.x.batch() == 1 ? 0 : begin / seq;
    const Index stop = std::min(end, (b + 1) * seq);
    rotate_tokens(job, b, begin - b * seq, stop - b * seq);
    begin = stop;
  }
}

inline void finish_streaming() {
#if ROPEWALK_X86
  _mm_sfence();
#endif
}

template <class Out, class X, class Tab>
void plan_fetches(FusedJob<Out, X, Tab>& job) {
  const Index bytes_together =
      job.heads_together() * job.x.head_dim() * static_cast<Index>(sizeof(X));
  job.ahead = tokens_ahead(job.x.seq(), bytes_together, near_bytes);
  job.far = tokens_ahead(job.x.seq(), bytes_together, far_bytes);
  job.fetches_lanes = lie_close(job.table.lanes().cos_a) && lie_close(job.table.lanes().sin_a);
}

/// Checks one tensor and settles how it is done; false if there is nothing to do.
template <class Out, class X, class Tab>
bool prepare(const Names& names, FusedJob<Out, X, Tab>& job, const Options& options) {
  const Isa isa = options.isa ? checked_isa(names.function, *options.isa) : default_isa();
  if (!check_arguments(
          names, job.out, job.x, job.table,
          moves_features(options.pairing) ? InPlace::features_move : InPlace::allowed)) {
    return false;
  }
  const bool in_place = same_place(job.out, job.x);
  const Index bytes = job.tokens() * (job.bytes_read() + (in_place ? 0 : job.bytes_written()));
  job.stream = !in_place && (options.stores == Stores::streaming ||
                             (options.stores == Stores::automatic && exceeds_caches(bytes)));
  if (!fits_second_cache(bytes)) plan_fetches(job);
  job.kernel = select_kernel<Out, X, Tab>(isa, options);
  return true;
}

/// Rotates every job; all have the same batch and seq, and their checks are done.
template <class Device, class... Jobs>
void run_jobs(const Device& device, Index tokens, const Jobs&... jobs) {
  for_token_ranges(device, tokens, (jobs.bytes_read() + ...), (jobs.bytes_written() + ...),
                   [&](Index begin, Index end) {
                     (rotate_range(jobs, begin, end), ...);
                     if ((jobs.stream || ...)) finish_streaming();
                   });
}

template <class Out, class X, class Tab>
FusedJob<Out, std::remove_const_t<X>, Tab> fused_job(const View<Out>& out, const View<X>& x,
                                                     const TableView<Tab>& table) {
  return {out, read_only(x), table};
}

/// Rotates one tensor or several: all are checked before the first is written, also after one with
/// nothing to do.
template <class Device, class... Jobs>
void fused(const Names& names, const Device& device, const Options& options, Jobs... jobs) {
  Names of = names;
  bool work = false;
  ((work = prepare(of, jobs, options) || work, of.next()), ...);
  check_all_apart(names, jobs...);
  if (work) run_jobs(device, std::max({jobs.tokens()...}), jobs...);
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CPU_FUSED_HPP
