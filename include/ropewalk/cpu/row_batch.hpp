// RowBatch: the unit of work of the fused form, what a row kernel is given.
#ifndef ROPEWALK_CPU_ROW_BATCH_HPP
#define ROPEWALK_CPU_ROW_BATCH_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NAMESPACE

namespace detail {

/// Rows that are rotated one after the other, each by its row of the table; lane_stride 0: all by
/// the same one.
template <class Out, class X, class Tab>
struct RowBatch {
  Out* out;
  const X* x;
  Index rows, out_stride, x_stride;
  PairLanes<Tab> lanes;
  Index lane_stride;
  Index pairs;
  Index rest;                ///< features behind the pairs, to be copied
  Index lanes_ahead;         ///< from a row of the table to the one to fetch meanwhile; 0: none
  Index out_ahead, x_ahead;  ///< from a row to the one to fetch while it is rotated; 0: none
  Index x_far;               ///< the same, to the one to fetch into the second cache
  bool stream;               ///< write past the caches
};

/// Copies features that pass through, every bit of them; of another type: converted.
template <class Out, class X>
ROPEWALK_INLINE void copy_features(Out* out, const X* x, Index count) {
  if constexpr (std::is_same_v<Out, X>) {
    std::memcpy(static_cast<void*>(out), static_cast<const void*>(x),
                static_cast<std::size_t>(count) * sizeof(X));
  } else {
    for (Index i = 0; i < count; ++i) out[i] = convert<Out>(x[i]);
  }
}

/// Asks for `count` pairs, from `first` on, of the rows that come some rows after that of x and
/// out.
template <class Out, class X, class Tab>
ROPEWALK_INLINE void fetch_ahead(const RowBatch<Out, X, Tab>& batch, const X* x, Out* out,
                                 Index first, Index count) {
  if (batch.x_ahead != 0) fetch(x + batch.x_ahead + 2 * first, 2 * count);
  if (batch.x_far != 0) fetch<2>(x + batch.x_far + 2 * first, 2 * count);
  if (batch.out_ahead != 0) fetch(out + batch.out_ahead + 2 * first, 2 * count);
}

/// Whether every cache line between the first and the last entry of a row holds one of them: where
/// they lie further apart, fetching what stands between them would have no bound.
template <class Tab>
bool lie_close(const Lanes<Tab>& lanes) {
  return lanes.stride <= line_bytes / static_cast<Index>(sizeof(Tab));
}

/// Whether two lane readers stand in the same cache lines, but perhaps for the last: cos and sin
/// next to each other.
template <class Tab>
ROPEWALK_INLINE bool share_lines(const Lanes<Tab>& a, const Lanes<Tab>& b) {
  const auto bytes =
      reinterpret_cast<std::intptr_t>(b.data) - reinterpret_cast<std::intptr_t>(a.data);
  return a.stride == b.stride && bytes < line_bytes && -bytes < line_bytes;
}

/// Asks for the coefficients that come after those of row r, `count` pairs from `first` on, once in
/// the time of all rows that share them: the hardware's prefetcher does not see them coming. 0.84
/// -> 0.88 of the limit at DRAM size, bfloat16 in place, on an Intel Xeon (Emerald Rapids).
template <class Out, class X, class Tab>
ROPEWALK_INLINE void fetch_lanes_ahead(const RowBatch<Out, X, Tab>& batch, Index r, Index first,
                                       Index count) {
  if (batch.lanes_ahead == 0) return;
  const Index ahead = r * batch.lane_stride + batch.lanes_ahead;
  const auto fetch_entries = [&](const Lanes<Tab>& lanes) {
    fetch(lanes.data + ahead + first * lanes.stride, (count - 1) * lanes.stride + 1);
  };
  const Lanes<Tab>&cos = batch.lanes.cos_a, &sin = batch.lanes.sin_a;
  fetch_entries(cos);
  if (!share_lines(cos, sin)) fetch_entries(sin);
}

template <class Out, class X, class Tab>
using RowKernel = void (*)(const RowBatch<Out, X, Tab>&);

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CPU_ROW_BATCH_HPP
