// RowBatch: the unit of work of the fused form, what a row kernel is given.
#ifndef ROPEWALK_CPU_ROW_BATCH_HPP
#define ROPEWALK_CPU_ROW_BATCH_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/scalars.hpp"

// Without types of scalars: a row kernel knows those of x and out, WidenEntries that of the table.
// All distances are in bytes but for strides between coefficients.

ROPEWALK_BEGIN_TYPES
namespace detail {

/// Writes coefficients one after the other to an array of the type that the kernel computes in.
using WidenEntries = void (*)(const RawReader& from, Index pairs, void* to);

struct NormRows;

/// What is the same for every row of a tensor.
struct RowLayout {
  Index pairs;
  Index rest;                  ///< features behind the pairs, to be copied; ~rest: each row goes
                               ///< past the caches, too
  Index x_stride, out_stride;  ///< from a row to that of the next head
  Index table_stride;          ///< the same in the table; 0: all heads share a row
  WidenEntries widen;
  bool is_wide;          ///< whether the table is of the type that the kernel computes in
  bool reads_table;      ///< whether its memory, as it is, is what the kernel wants
  const NormRows* norm;  ///< how rows are normalised first; null: not at all
};

/// From a row to the one to prefetch while it is rotated; 0: none.
struct PrefetchDistances {
  Index x_l1, x_l2, out_l1;
  Index table_l1;  ///< from a row of the table to that of the next token
};

/// Rows that are rotated one after the other: some heads of a token.
struct RowBatch {
  RowLayout layout;
  PrefetchDistances prefetch;
  const RawTable* table;
  Index table_offset;  ///< from what its readers point to: where the first row's coefficients are
  const void* x;
  void* out;
  Index rows;
  void* past;         ///< where rows go past the caches; of others neither is set
  Index past_stride;  ///< from a row there to that of the next head
};

using RowKernel = void (*)(const RowBatch&);

}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
ROPEWALK_INLINE T* moved(T* data, Index bytes) {
  using Byte = std::conditional_t<std::is_const_v<T>, const char, char>;
  return reinterpret_cast<T*>(reinterpret_cast<Byte*>(data) + bytes);
}

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

/// Asks the first cache for `count` pairs, from `first` on, of the rows that come some rows after
/// that of x and out.
template <class Out, class X>
ROPEWALK_INLINE void prefetch_features_l1(const PrefetchDistances& distances, const X* x, Out* out,
                                          Index first, Index count) {
  if (distances.x_l1 != 0) prefetch_l1(moved(x, distances.x_l1) + 2 * first, 2 * count);
  if (distances.out_l1 != 0) prefetch_l1(moved(out, distances.out_l1) + 2 * first, 2 * count);
}

/// The same of the second cache and x.
template <class X>
ROPEWALK_INLINE void prefetch_features_l2(const PrefetchDistances& distances, const X* x,
                                          Index first, Index count) {
  if (distances.x_l2 != 0) prefetch_l2(moved(x, distances.x_l2) + 2 * first, 2 * count);
}

/// Lines of the row that is `distance` bytes after x, or of none if that is 0: as many as a step of
/// `Pairs` pairs has, from pair `at` on, so that all steps of a row together name all of it. The
/// second cache is asked for them between the operations of the step, and not for a row at once: an
/// Intel Xeon (Sapphire Rapids class) takes much longer where neighbouring lines are asked for
/// together. In place beyond the caches, one thread: 111 -> 88 ns a KiB of bfloat16, 118 -> 88 in
/// half pairs, 100 -> 82 of float.
template <Pairing Of, int Pairs, class X>
struct PrefetchedStep {
  static constexpr Index line = line_bytes / Index{sizeof(X)}, lines = Index{2} * Pairs / line;
  /// Whether they are where the step's features and their partners are. Otherwise they come one
  /// after the other, which is slower where a step has two or more of each.
  static constexpr bool in_halves = Of == Pairing::half && sizeof(X) > 2;

  const X* x;
  Index at, pairs, distance;

  /// Whether lines begin with step g of some.
  static constexpr bool begins_line(Index g) {
    return lines != 0 || (in_halves ? 1 : 2) * g * Pairs % line == 0;
  }

  /// Asks for the first half of them, or for the second.
  ROPEWALK_INLINE void prefetch_l2(Index half) const {
    if (distance == 0 || (half != 0 && lines <= (in_halves ? 2 : 1))) return;
    const X* next = moved(x, distance) + half * line;
    if constexpr (in_halves) {
      ROPEWALK_PREFETCH(next + at, 0, 2);
      ROPEWALK_PREFETCH(next + pairs + at, 0, 2);
    } else {
      ROPEWALK_PREFETCH(next + 2 * at, 0, 2);
    }
  }
};

/// Whether every cache line between the first and the last entry of a row holds one of them: where
/// they are further apart, prefetching what stands between them would have no bound.
inline bool is_dense(const RawReader& reader, Index entry_bytes) {
  return reader.stride <= line_bytes / entry_bytes;
}

/// Whether two readers stand in the same cache lines, but perhaps for the last: cos and sin next to
/// each other.
inline bool share_lines(const RawReader& a, const RawReader& b) {
  const auto bytes =
      reinterpret_cast<std::intptr_t>(b.data) - reinterpret_cast<std::intptr_t>(a.data);
  return a.stride == b.stride && bytes < line_bytes && -bytes < line_bytes;
}

/// Asks for the coefficients that come after those of row r, `count` pairs from `first` on, once in
/// the time of all rows that share them: the hardware's prefetcher does not see them coming. 0.84
/// -> 0.88 of the limit at DRAM size, bfloat16 in place, on an Intel Xeon (Emerald Rapids).
[[gnu::noinline]] inline void prefetch_coefficients(const RowBatch& batch, Index r, Index first,
                                                    Index count) {
  const RawTable& table = *batch.table;
  const Index bytes = table.element_bytes;
  const Index distance =
      batch.table_offset + r * batch.layout.table_stride + batch.prefetch.table_l1;
  const auto prefetch_entries = [&](const RawReader& reader) {
    prefetch_l1(
        static_cast<const char*>(moved(reader.data, distance + first * reader.stride * bytes)),
        ((count - 1) * reader.stride + 1) * bytes);
  };
  prefetch_entries(table.cos_a);
  if (!share_lines(table.cos_a, table.sin_a)) prefetch_entries(table.sin_a);
}

/// Up to how many pairs rows turn one after the other in registers of 64 bytes; of x of double half
/// as many.
constexpr Index pairs_at_once = 64;

/// Rows of a multiple of so many pairs are ended by kernels for such registers, none by narrower
/// ones: these take them past the caches, in parts that begin and end where lines do.
constexpr Index pairs_past_caches = 32;
static_assert(pairs_past_caches * Index{sizeof(Eigen::half)} % line_bytes == 0);

// A token's coefficients, widened once for all its heads ------------------------------------------

constexpr Index most_pairs = 256;

/// Coefficients in the type C that a kernel computes in, one after the other: the table's own
/// memory where it is like that, otherwise a copy made once for all heads.
template <class C>
struct WidenedRow {
  const C* cos_a;
  const C* cos_b;
  const C* sin_a;
  const C* sin_b;
};

template <class C>
struct WidenedScratch {
  alignas(64) C entries[4][most_pairs];
};

/// Pairs from `first` on of row r, as they are in the table.
template <class C>
ROPEWALK_INLINE WidenedRow<C> row_in_place(const RowBatch& batch, Index r, Index first) {
  const RawTable& table = *batch.table;
  const Index offset = batch.table_offset + r * batch.layout.table_stride;
  const auto at = [&](const RawReader& reader) {
    return static_cast<const C*>(moved(reader.data, offset)) + first;
  };
  return {at(table.cos_a), at(table.cos_b), at(table.sin_a), at(table.sin_b)};
}

template <class C>
[[gnu::noinline]] WidenedRow<C> copied_row(const RowBatch& batch, Index r, Index first, Index pairs,
                                           WidenedScratch<C>& scratch) {
  const RowLayout& layout = batch.layout;
  const RawTable& table = *batch.table;
  const Index offset = batch.table_offset + r * layout.table_stride;
  const auto entries = [&](const RawReader& reader, C* to) -> const C* {
    const void* from = moved(reader.data, offset + first * reader.stride * table.element_bytes);
    if (layout.is_wide && reader.is_plain()) return static_cast<const C*>(from);
    layout.widen({from, reader.stride, reader.negative}, pairs, to);
    return to;
  };
  WidenedRow<C> row;
  row.cos_a = entries(table.cos_a, scratch.entries[0]);
  row.sin_a = entries(table.sin_a, scratch.entries[1]);
  row.cos_b = table.cos_a == table.cos_b ? row.cos_a : entries(table.cos_b, scratch.entries[2]);
  row.sin_b = table.sin_a == table.sin_b ? row.sin_a : entries(table.sin_b, scratch.entries[3]);
  return row;
}

/// The coefficients of row r, `pairs` from `first` on.
template <class C>
ROPEWALK_INLINE WidenedRow<C> widened_row(const RowBatch& batch, Index r, Index first, Index pairs,
                                          WidenedScratch<C>& scratch) {
  return batch.layout.reads_table ? row_in_place<C>(batch, r, first)
                                  : copied_row(batch, r, first, pairs, scratch);
}

/// Of every row the pairs first, first + 1, ... and, behind the last ones, the features that pass
/// through: `rest` is that of RowLayout.
struct RowPart {
  Index first, pairs, rest;
};

/// What `rest` says of other parts of a row than its last one.
ROPEWALK_INLINE Index rest_before_last(Index rest) { return rest < 0 ? ~Index{0} : 0; }

/// `count` pairs of a part, from its pair i on.
ROPEWALK_INLINE RowPart part_of(const RowPart& whole, Index i, Index count) {
  return {whole.first + i, count,
          i + count == whole.pairs ? whole.rest : rest_before_last(whole.rest)};
}

/// The part from `first` on of rows that are longer than the scratch.
inline RowPart row_part(const RowLayout& layout, Index first) {
  const Index left = layout.pairs - first;
  if (left > most_pairs) return {first, most_pairs, rest_before_last(layout.rest)};
  return {first, left, layout.rest};
}

/// One row of `pairs`, and the part of it that is rotated, whose first `done` pairs already are.
/// The coefficients begin at the part's first pair.
template <class C, class Out, class X>
struct Row {
  Out* out;
  const X* x;
  WidenedRow<C> coefficients;
  RowPart part;
  Index done, pairs;
  Index x_l2;  ///< as in PrefetchDistances
};

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_ROW_BATCH_HPP
