// RowBatch: the unit of work of the fused form, what a row kernel is given.
#ifndef ROPEWALK_CPU_ROW_BATCH_HPP
#define ROPEWALK_CPU_ROW_BATCH_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// What is the same for every row of a call.
struct RowLayout {
  Index pairs = 0;
  Index rest = 0;                      ///< features behind the pairs, to be copied
  Index x_stride = 0, out_stride = 0;  ///< from a row to that of the next head
  Index table_stride = 0;              ///< the same in the table; 0: all heads share a row
  bool nontemporal = false;            ///< write past the caches
};

/// From a row to the one to prefetch while it is rotated, in elements; 0: none.
struct PrefetchDistances {
  Index x_l1 = 0, x_l2 = 0, out_l1 = 0;
  Index table_l1 = 0;  ///< from a row of the table to that of the next token
};

/// Rows that are rotated one after the other: some heads of a token.
template <class Out, class X, class Tab>
struct RowBatch {
  RowLayout layout;
  PrefetchDistances prefetch;
  PairReaders<Tab> readers;
  const X* x;
  Out* out;
  Index rows;
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
template <class Out, class X>
ROPEWALK_INLINE void prefetch_features(const PrefetchDistances& distances, const X* x, Out* out,
                                       Index first, Index count) {
  if (distances.x_l1 != 0) prefetch_l1(x + distances.x_l1 + 2 * first, 2 * count);
  if (distances.x_l2 != 0) prefetch_l2(x + distances.x_l2 + 2 * first, 2 * count);
  if (distances.out_l1 != 0) prefetch_l1(out + distances.out_l1 + 2 * first, 2 * count);
}

/// Whether every cache line between the first and the last entry of a row holds one of them: where
/// they are further apart, prefetching what stands between them would have no bound.
template <class Tab>
bool is_dense(const CoefficientReader<Tab>& reader) {
  return reader.stride <= line_bytes / static_cast<Index>(sizeof(Tab));
}

/// Whether two readers stand in the same cache lines, but perhaps for the last: cos and sin next to
/// each other.
template <class Tab>
ROPEWALK_INLINE bool share_lines(const CoefficientReader<Tab>& a, const CoefficientReader<Tab>& b) {
  const auto bytes =
      reinterpret_cast<std::intptr_t>(b.data) - reinterpret_cast<std::intptr_t>(a.data);
  return a.stride == b.stride && bytes < line_bytes && -bytes < line_bytes;
}

/// Asks for the coefficients that come after those of row r, `count` pairs from `first` on, once in
/// the time of all rows that share them: the hardware's prefetcher does not see them coming. 0.84
/// -> 0.88 of the limit at DRAM size, bfloat16 in place, on an Intel Xeon (Emerald Rapids).
template <class Out, class X, class Tab>
ROPEWALK_INLINE void prefetch_coefficients(const RowBatch<Out, X, Tab>& batch, Index r, Index first,
                                           Index count) {
  if (batch.prefetch.table_l1 == 0) return;
  const Index distance = r * batch.layout.table_stride + batch.prefetch.table_l1;
  const auto prefetch_entries = [&](const CoefficientReader<Tab>& reader) {
    prefetch_l1(reader.data + distance + first * reader.stride, (count - 1) * reader.stride + 1);
  };
  const CoefficientReader<Tab>&cos = batch.readers.cos_a, &sin = batch.readers.sin_a;
  prefetch_entries(cos);
  if (!share_lines(cos, sin)) prefetch_entries(sin);
}

template <class Out, class X, class Tab>
using RowKernel = void (*)(const RowBatch<Out, X, Tab>&);

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_ROW_BATCH_HPP
