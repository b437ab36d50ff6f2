// Form 3: one pass over x, on the best instruction set of the machine.
#ifndef ROPEWALK_FORMS_FUSED_HPP
#define ROPEWALK_FORMS_FUSED_HPP

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "ropewalk/config.hpp"
#include "ropewalk/detail/arguments.hpp"
#include "ropewalk/detail/dispatch.hpp"
#include "ropewalk/detail/shard.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// How the fused form writes out when it is apart from x.
enum class Stores {
  automatic,  ///< streaming where x and out exceed about half of the last-level cache
  cached,     ///< always through the caches, for a consumer that reads out at once
  streaming,  ///< always past them, where the rows of out are aligned
};

/// What apply may be told.
struct Options {
  Stores stores = Stores::automatic;
  /// The instruction set to use; none: see default_isa.
  std::optional<Isa> isa = std::nullopt;
};

namespace detail {

template <class Out, class X, class Tab>
struct FusedJob {
  View<Out> out;
  View<const X> x;
  TableView<Tab> table;
  RowKernel<Out, X, Tab> kernel;
  bool stream;
};

/// Copies the features beyond the table's width.
template <class Out, class X>
void copy_rest(Out* out, const X* x, Index count) {
  if constexpr (std::is_same_v<Out, X>) {
    if (out != x) std::memcpy(static_cast<void*>(out), x, static_cast<std::size_t>(count) * sizeof(X));
  } else {
    for (Index i = 0; i < count; ++i) out[i] = convert<Out>(x[i]);
  }
}

/// Tokens [begin, end) of one batch entry, rows in the order in which they lie in memory.
template <class Out, class X, class Tab>
void rotate_tokens(const FusedJob<Out, X, Tab>& job, Index b, Index begin, Index end) {
  const Index pairs = job.table.pairs();
  const Index rest = job.x.head_dim() - 2 * pairs;
  const bool heads_inside = job.x.strides().heads <= job.x.strides().seq || job.x.heads() == 1;
  const Index outer = heads_inside ? end - begin : job.x.heads();
  const Index rows = heads_inside ? job.x.heads() : end - begin;
  for (Index i = 0; i < outer; ++i) {
    const Index s = heads_inside ? begin + i : begin;
    const Index h = heads_inside ? 0 : i;
    const RowBatch<Out, X, Tab> batch{
        job.out.row(b, s, h),
        job.x.row(b, s, h),
        rows,
        heads_inside ? job.out.strides().heads : job.out.strides().seq,
        heads_inside ? job.x.strides().heads : job.x.strides().seq,
        job.table.row(b, s, h),
        heads_inside ? job.table.heads_stride() : job.table.seq_stride(),
        pairs,
        job.stream};
    job.kernel(batch);
    for (Index r = 0; rest > 0 && r < rows; ++r) {
      copy_rest(batch.out + r * batch.out_stride + 2 * pairs,
                batch.x + r * batch.x_stride + 2 * pairs, rest);
    }
  }
}

/// Streaming stores win where x and out do not stay in the caches: measured from about half of
/// the last level on.
inline bool exceeds_caches(Index bytes) {
  static const Index half_of_last_level = [] {
    const std::ptrdiff_t last_level = Eigen::l3CacheSize();
    return static_cast<Index>(last_level > 0 ? last_level / 2 : Index{16} << 20);
  }();
  return bytes > half_of_last_level;
}

inline void finish_streaming() {
#if ROPEWALK_X86
  _mm_sfence();
#endif
}

template <class Device, class Out, class X, class Tab>
void fused(const char* function, const Device& device, const View<Out>& out,
           const View<const X>& x, const TableView<Tab>& table, const Options& options) {
  const Isa isa = options.isa ? checked_isa(function, *options.isa) : default_isa();
  if (!check_arguments(function, out, x, table, InPlace::allowed)) return;
  const Index features = x.heads() * x.head_dim();
  const Index tokens = x.batch() * x.seq();
  const Index bytes_read = features * static_cast<Index>(sizeof(X));
  const Index bytes_written = features * static_cast<Index>(sizeof(Out));
  const bool in_place = same_place(out, x);
  const bool stream = !in_place && (options.stores == Stores::streaming ||
                                    (options.stores == Stores::automatic &&
                                     exceeds_caches(tokens * (bytes_read + bytes_written))));
  const FusedJob<Out, X, Tab> job{
      out, x, table,
      row_kernel<Promoted<X, Tab>, Pairing::interleaved, Pairing::interleaved, Out, X, Tab>(isa),
      stream};
  for_token_ranges(device, tokens, bytes_read, bytes_written, [&](Index begin, Index end) {
    while (begin < end) {
      const Index b = begin / x.seq();
      const Index stop = std::min(end, (b + 1) * x.seq());
      rotate_tokens(job, b, begin - b * x.seq(), stop - b * x.seq());
      begin = stop;
    }
    if (stream) finish_streaming();
  });
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_FUSED_HPP
