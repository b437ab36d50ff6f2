// A table as kernels read it: which row a token takes, and the coefficients of its pairs.
#ifndef ROPEWALK_CUDA_TABLE_ROWS_CUH
#define ROPEWALK_CUDA_TABLE_ROWS_CUH

#include <cstdint>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/cuda/arithmetic.cuh"
#include "ropewalk/cuda/packs.cuh"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
namespace gpu {

/// How the entries of a lane reader are fetched: as packs where they lie one or two apart, at
/// addresses that allow it, otherwise each by itself.
enum class Fetch { one_apart, two_apart, each };

template <class Tab>
struct LaneReader {
  const Raw<Tab>* data;
  Index stride;
  Fetch fetch;
  bool odd;  // two_apart: data is the entry before the first one
  bool negative;
};

/// The position ids, if the table is gathered; see RowIds.
struct DeviceIds {
  const void* data;
  Index batch_stride, seq_stride, first, rows;
  bool wide;
};

template <class Tab>
struct DeviceTable {
  LaneReader<Tab> cos_a, cos_b, sin_a, sin_b;
  Index batch_stride, seq_stride, heads_stride;
  DeviceIds ids;
};

/// Where a token's coefficients begin, from the lane readers' data on; none: the id is bad.
struct TableRow {
  Index offset;
  bool is_there;
};

template <class Tab>
__device__ __forceinline__ TableRow row_of(const DeviceTable<Tab>& table, Index b, Index s) {
  Index row = s;
  bool is_there = true;
  if (table.ids.data != nullptr) {
    const Index at = b * table.ids.batch_stride + s * table.ids.seq_stride;
    const Index id = table.ids.wide ? __ldg(static_cast<const long long*>(table.ids.data) + at)
                                    : __ldg(static_cast<const int*>(table.ids.data) + at);
    // Without a sign, so that ids below the first are beyond the last.
    const auto from_first =
        static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(table.ids.first);
    is_there = id >= table.ids.first && from_first < static_cast<std::uint64_t>(table.ids.rows);
    row = static_cast<Index>(from_first);
  }
  return {is_there ? b * table.batch_stride + row * table.seq_stride : 0, is_there};
}

/// Entry `pair` of a lane reader in P.
template <class P, class Tab>
__device__ __forceinline__ Value<P> coefficient(const LaneReader<Tab>& lane, const TableRow& row,
                                                Index pair) {
  if (!row.is_there) return {not_a_number<P>()};
  const Raw<Tab> raw = __ldg(lane.data + row.offset + pair * lane.stride);
  return {with_sign<P>(in_carrier<Carrier<P>>(widened<Tab>(raw)), lane.negative)};
}

/// Entries `first` to `first + Pairs - 1` of a lane reader in P.
///
/// Two apart, whole packs are read: an entry outside the reader's own may be among them, but lies
/// in the same 16 bytes as one of its own, so in the same allocation.
template <class P, int Pairs, class Tab>
__device__ __forceinline__ void coefficients(Value<P> (&to)[Pairs], const LaneReader<Tab>& lane,
                                             const TableRow& row, Index first) {
  using C = Carrier<P>;
  if (!row.is_there) {
#pragma unroll
    for (int i = 0; i < Pairs; ++i) to[i] = {not_a_number<P>()};
  } else if (lane.fetch == Fetch::one_apart) {
    const auto pack = load_table<Tab, Pairs>(lane.data + row.offset + first);
#pragma unroll
    for (int i = 0; i < Pairs; ++i) {
      to[i] = {with_sign<P>(in_carrier<C>(value_at(pack, i)), lane.negative)};
    }
  } else if (lane.fetch == Fetch::two_apart) {
    const auto pack = load_table<Tab, 2 * Pairs>(lane.data + row.offset + 2 * first);
#pragma unroll
    for (int i = 0; i < Pairs; ++i) {
      const C number = lane.odd ? in_carrier<C>(value_at(pack, 2 * i + 1))
                                : in_carrier<C>(value_at(pack, 2 * i));
      to[i] = {with_sign<P>(number, lane.negative)};
    }
  } else {
#pragma unroll
    for (int i = 0; i < Pairs; ++i) to[i] = coefficient<P>(lane, row, first + i);
  }
}

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_TABLE_ROWS_CUH
