// The rows of the fused form, written once for every instruction set that has vector registers.
//
// Included by cpu/kernels.hpp inside a target region, once per instruction set, with
//   ROPEWALK_ISA        its name, which becomes the namespace
//   ROPEWALK_ISA_BYTES  the width of its registers
// No include guard.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

namespace ROPEWALK_ISA {

constexpr int register_bytes = ROPEWALK_ISA_BYTES;
constexpr auto this_isa = Isa::ROPEWALK_ISA;
constexpr bool has_f16c = this_isa >= Isa::avx2;
constexpr bool has_bf16 = this_isa >= Isa::avx512bf16;
constexpr bool has_fp16 = this_isa == Isa::avx512fp16;

// In this order, each on those before it.
#include "ropewalk/cpu/simd/registers-inl.hpp"

#include "ropewalk/cpu/simd/conversions-inl.hpp"

#include "ropewalk/base/formula-inl.hpp"

#include "ropewalk/cpu/simd/features-inl.hpp"

#include "ropewalk/cpu/simd/entries-inl.hpp"

#include "ropewalk/cpu/simd/steps-inl.hpp"

#include "ropewalk/cpu/simd/quick-inl.hpp"

#include "ropewalk/cpu/simd/rest-inl.hpp"

#include "ropewalk/cpu/simd/group-inl.hpp"

#include "ropewalk/cpu/simd/doubled-inl.hpp"

#include "ropewalk/cpu/simd/halves-inl.hpp"

#include "ropewalk/cpu/simd/own-inl.hpp"

#if ROPEWALK_X86
#include "ropewalk/cpu/simd/estimate-inl.hpp"
#endif

/// Whether the second cache is asked for a row by steps of 8 pairs, where it turns by itself.
template <class Arithmetic>
constexpr bool steps_prefetch = register_bytes == 32 && std::is_same_v<Arithmetic, float>;

template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
ROPEWALK_INLINE Index walk_steps(const Row<Carrier<Arithmetic>, Out, X>& row, Index i) {
  for (; i + Count <= row.part.pairs; i += Count) {
    if constexpr (steps_prefetch<Arithmetic> && Count == 8) {
      const PrefetchedStep<Pairing::interleaved, Count, X> prefetched{row.x, row.part.first + i,
                                                                      row.pairs, row.x_l2};
      if (prefetched.begins_line(i / Count)) prefetched.prefetch_l2(0);
    }
    rotate_pairs<Arithmetic, From, To, Count>(
        row.out, row.x, row.part.first + i, row.pairs,
        coefficients_at<Arithmetic, Count>(row.coefficients, i));
  }
  return i;
}

/// Whether a row by itself is rotated by split steps.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
constexpr bool splits_row =
    register_bytes == 32 && sizeof(Carrier<Arithmetic>) == 4 && splits<From, To, Out, X>;

/// The same, by split steps where both features of a pair have the same coefficients: 32 -> 25 ns a
/// row of 128 with a table row of its own, in cache, on an Intel Xeon (Sapphire Rapids class).
/// Not inlined, for the size of the text.
template <class Arithmetic, Pairing Of, int Count, class X>
[[gnu::noinline]] Index walk_split_steps(Row<Carrier<Arithmetic>, X, X> row) {
  Index i = row.done;
  const auto& with = row.coefficients;
  if (with.cos_a == with.cos_b && with.sin_a == with.sin_b) {
    constexpr Index step = Index{2} * Count;
    for (const Index end = row.part.pairs - step; i <= end; i += step) {
      const PrefetchedStep<Of, int{step}, X> prefetched{
          row.x, row.part.first + i, row.pairs, steps_prefetch<Arithmetic> ? row.x_l2 : 0};
      Coefficients<Arithmetic, Count> even, odd;
      split_coefficients(with, i, even, odd, true);
      rotate_split_pairs(row.out, row.out + row.pairs, row.x, row.x + row.pairs,
                         row.part.first + i, even, odd, prefetched);
    }
  }
  return walk_steps<Arithmetic, Of, Of, Count>(row, i);
}

#if ROPEWALK_ISA_BYTES == 64
// Narrower registers are those of AVX2: not compiled again.
using avx2::finish_tail;
using avx2::walk_narrow;
using avx2::walk_narrower_doubled;
using avx2::walk_narrower_groups;
#else
#include "ropewalk/cpu/simd/narrow-inl.hpp"
#endif

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE void walk_row(const Row<Carrier<Arithmetic>, Out, X>& row) {
  constexpr int lanes = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  constexpr int least = 16 / int{sizeof(Carrier<Arithmetic>)};
  Index i;
  if constexpr (splits_row<Arithmetic, From, To, Out, X>) {
    i = walk_split_steps<Arithmetic, From, lanes>(row);
  } else {
    i = walk_steps<Arithmetic, From, To, lanes>(row, row.done);
  }
  if (i == row.part.pairs) return;
  if constexpr (lanes > least) {
    i = walk_narrow<Arithmetic, From, To, least>(row, i);
    if (i == row.part.pairs) return;
  }
  finish_tail<Arithmetic, From, To, least>(row, i);
}

/// Rotates pairs [0, result) of the part of every row by groups of steps: 493 -> 443 ns for 32
/// heads of 128 in half, 459 -> 311 ns for 32 heads of 64 in bfloat16 (half pairs), a twelfth more
/// of the limit at DRAM size, on an Intel Xeon (Emerald Rapids). The 16 registers of AVX2 have room
/// for groups of two; half's conversions leave so few operations that four take fewer instructions.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE Index walk_groups(const RowBatch& batch,
                                  const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                  const RowPart& part) {
  constexpr Index count = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  constexpr int most = register_bytes == 64 || std::is_same_v<Out, Eigen::half> ? 4 : 2;
  static_assert(register_bytes != 64 ||
                (most * count == pairs_at_once && 2 * count == pairs_past_caches));
  Index i = 0;
  while (part.pairs - i >= most * count) {
    i = walk_group<Arithmetic, From, To, most, count, Out, X>(batch, coefficients, part, i);
  }
  if constexpr (most > 2) {
    if (part.pairs - i >= 2 * count) {
      i = walk_group<Arithmetic, From, To, 2, count, Out, X>(batch, coefficients, part, i);
    }
  }
  if constexpr (register_bytes == 64 && !splits<From, To, Out, X>) {
    if (part.pairs - i >= count) {
      i = walk_group<Arithmetic, From, To, 1, count, Out, X>(batch, coefficients, part, i);
    }
  }
  if (i == part.pairs) return i;
  return walk_narrower_groups<Arithmetic, From, To, Out, X>(batch, coefficients, part, i);
}

/// Rotates pairs [0, result) of the part of every row; see walk_groups.
template <class Arithmetic, class X>
ROPEWALK_INLINE Index walk_doubled_groups(const RowBatch& batch,
                                          const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                          const RowPart& part) {
  using C = Carrier<Arithmetic>;
  constexpr Index count = register_bytes / int{sizeof(C)};
  static_assert(register_bytes != 64 || (count == pairs_at_once / Index{sizeof(C)} &&
                                         pairs_past_caches % (2 * count) == 0));
  Index i = 0;
  while (part.pairs - i >= 4 * count) {
    i = walk_doubled_group<Arithmetic, 4, count, X>(batch, coefficients, part, i);
  }
  if (part.pairs - i >= 2 * count) {
    i = walk_doubled_group<Arithmetic, 2, count, X>(batch, coefficients, part, i);
  }
  if constexpr (register_bytes == 64) {
    if (part.pairs - i >= count) {
      i = walk_doubled_group<Arithmetic, 1, count, X>(batch, coefficients, part, i);
    }
  }
  if (i == part.pairs) return i;
  return walk_narrower_doubled<Arithmetic, X>(batch, coefficients, part, i);
}

/// Whether rows are rotated by walk_doubled_groups.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
constexpr bool has_doubled_groups = From == To && From == Pairing::interleaved &&
                                    std::is_same_v<Out, X> && can_double<Arithmetic, X>;

/// Whether rows are rotated by walk_groups. Float's are bound by memory where registers are narrow.
template <class Arithmetic, class Out>
constexpr bool has_groups =
    sizeof(Carrier<Arithmetic>) == 4 &&
    (register_bytes == 64 || (register_bytes == 32 && sizeof(Out) == 2));

/// Rotates pairs [0, result) of the part of every row in registers that hold their coefficients.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE Index walk_together(const RowBatch& batch,
                                    const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                    const RowPart& part) {
  if constexpr (has_doubled_groups<Arithmetic, From, To, Out, X>) {
    return walk_doubled_groups<Arithmetic, X>(batch, coefficients, part);
  } else if constexpr (has_half_steps<Arithmetic, From, To, Out, X>) {
    return walk_half_groups<From, 32>(batch, coefficients, part, 0);
#if ROPEWALK_X86
  } else if constexpr (can_estimate<Arithmetic, From, To, Out, X>) {
    return walk_estimated<From, X>(batch, coefficients, part);
#endif
  } else if constexpr (has_groups<Arithmetic, Out>) {
    return walk_groups<Arithmetic, From, To, Out, X>(batch, coefficients, part);
  } else {
    return 0;
  }
}

/// The same, by AVX2's groups eight rows at a time: they stay in the first cache until the last
/// group has passed them, and what is prefetched comes evenly. 56 -> 43 ns a KiB of half in half
/// pairs, and no cliff where rows are a power of two apart, on an Intel Xeon (Sapphire Rapids
/// class). Groups whose lanes stay where they are only where rows are prefetched: 109 -> 87 ns a
/// KiB of float beyond its caches, but 27 -> 31 within them.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE Index walk_shared(const RowBatch& batch,
                                  const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                  const RowPart& part) {
  constexpr bool doubles = has_doubled_groups<Arithmetic, From, To, Out, X>;
  if constexpr (register_bytes == 32 && (doubles || has_groups<Arithmetic, Out>)) {
    if (doubles && batch.prefetch.x_l1 == 0) {
      return walk_together<Arithmetic, From, To, Out, X>(batch, coefficients, part);
    }
    constexpr Index together = 8;
    RowBatch few = batch;
    Index done = 0;
    for (Index r = 0; r < batch.rows; r += together) {
      few.x = moved(batch.x, r * batch.layout.x_stride);
      few.out = moved(batch.out, r * batch.layout.out_stride);
      few.rows = batch.rows - r < together ? batch.rows - r : together;
      done = walk_together<Arithmetic, From, To, Out, X>(few, coefficients, part);
    }
    return done;
  } else {
    return walk_together<Arithmetic, From, To, Out, X>(batch, coefficients, part);
  }
}

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
void rotate_rows(const RowBatch& batch) {
  using C = Carrier<Arithmetic>;
  constexpr bool alone = has_half_steps<Arithmetic, From, To, Out, X>;
  const RowLayout& layout = batch.layout;
  WidenedScratch<C> scratch;
  // Once at least: a table may have no pairs, and all features pass through.
  for (Index first = 0; first == 0 || first < layout.pairs; first += most_pairs) {
    const RowPart part = row_part(layout, first);
    if (batch.prefetch.table_l1 != 0) prefetch_coefficients(batch, 0, first, part.pairs);
    Index done = 0;
    if constexpr (reads_own<Arithmetic, From, To, Out, X>) {
      if (has_own_rows(batch)) {
        done = walk_own_rows<Arithmetic, From, X>(batch, part);
        if (done == part.pairs) continue;
      }
    }
    WidenedRow<C> coefficients = widened_row(batch, 0, first, part.pairs, scratch);
    // A row by itself has been turned whole by now, or not at all.
    if (layout.table_stride == 0 && (batch.rows > 1 || alone)) {
      done = walk_shared<Arithmetic, From, To, Out, X>(batch, coefficients, part);
    }
    if (done == part.pairs && (done > 0 || part.rest == 0)) continue;
    for (Index r = 0; r < batch.rows; ++r) {
      if (r > 0 && layout.table_stride != 0) {
        if (batch.prefetch.table_l1 != 0) prefetch_coefficients(batch, r, first, part.pairs);
        coefficients = widened_row(batch, r, first, part.pairs, scratch);
      }
      Out* out = moved(static_cast<Out*>(batch.out), r * layout.out_stride);
      const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
      const Row<Carrier<Arithmetic>, Out, X> row{
          out, x, coefficients, part, done, layout.pairs, batch.prefetch.x_l2};
      prefetch_features_l1(batch.prefetch, row.x, row.out, first + done, part.pairs - done);
      if (batch.prefetch.x_l2 != 0) {
        const Index by_steps = steps_prefetch<Arithmetic> ? (part.pairs - done) & ~Index{7} : 0;
        prefetch_features_l2(batch.prefetch, row.x, first + done + by_steps,
                             part.pairs - done - by_steps);
      }
      walk_row<Arithmetic, From, To>(row);
      end_part<To>(batch, batch.prefetch, layout.pairs, part, r, row.x, row.out);
    }
  }
}

}  // namespace ROPEWALK_ISA
