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
constexpr bool has_bf16 = this_isa == Isa::avx512bf16;

// In this order, each on those before it.
#include "ropewalk/cpu/simd/registers-inl.hpp"

#include "ropewalk/cpu/simd/conversions-inl.hpp"

#include "ropewalk/base/formula-inl.hpp"

#include "ropewalk/cpu/simd/features-inl.hpp"

#include "ropewalk/cpu/simd/entries-inl.hpp"

#include "ropewalk/cpu/simd/steps-inl.hpp"

#include "ropewalk/cpu/simd/rest-inl.hpp"

#include "ropewalk/cpu/simd/doubled-inl.hpp"

template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
ROPEWALK_INLINE Index walk_steps(const Row<Carrier<Arithmetic>, Out, X>& row, Index i) {
  for (; i + Count <= row.part.pairs; i += Count) {
    rotate_pairs<Arithmetic, From, To, Count>(
        row.out, row.x, row.part.first + i, row.pairs,
        coefficients_at<Arithmetic, Count>(row.coefficients, i));
  }
  return i;
}

#if ROPEWALK_ISA_BYTES == 64
// The narrowest registers are those of AVX2: not compiled again.
using avx2::finish_tail;
using avx2::walk_narrow;
#else
#include "ropewalk/cpu/simd/narrow-inl.hpp"
#endif

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE void walk_row(const Row<Carrier<Arithmetic>, Out, X>& row) {
  constexpr int lanes = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  constexpr int least = 16 / int{sizeof(Carrier<Arithmetic>)};
  Index i = walk_steps<Arithmetic, From, To, lanes>(row, row.done);
  if (i == row.part.pairs) return;
  if constexpr (lanes > least) i = walk_narrow<Arithmetic, From, To, least>(row, i);
  finish_tail<Arithmetic, From, To, least>(row, i);
}

/// Rotates `Group` steps of every row of the batch, from pair i of the part on, their coefficients
/// in registers while the rows go by. The group that ends the part copies the rest of each row, too.
/// Returns the pair behind the group.
template <class Arithmetic, Pairing From, Pairing To, int Group, class Out, class X>
ROPEWALK_INLINE Index walk_group(const RowBatch& batch,
                                 const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                 const RowPart& part, Index i) {
  constexpr Index count = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  const RowLayout layout = batch.layout;  // copies, or they are read again after every store
  const PrefetchDistances distances = batch.prefetch;
  const Index end = i + Group * count;
  const Index rest = end == part.pairs ? part.rest : 0;
  Coefficients<Arithmetic, count> table[std::size_t{Group}];
  if constexpr (splits<From, To, Out, X>) {
#pragma GCC unroll 2
    for (int g = 0; g < Group; g += 2) {
      split_coefficients(coefficients, i + g * count, table[g], table[g + 1]);
    }
  } else {
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      table[g] = coefficients_at<Arithmetic, count>(coefficients, i + g * count);
    }
  }
  const Index first = part.first + i;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
    Out* out = moved(static_cast<Out*>(batch.out), r * layout.out_stride);
    prefetch_features(distances, x, out, first, Group * count);
    const X* from = steps_from(x + first_feature(From, first));
    Out* to = steps_from(out + first_feature(To, first));
    if constexpr (splits<From, To, Out, X>) {
      const X* from_partners = steps_from(from + layout.pairs);
      Out* to_partners = steps_from(to + layout.pairs);
#pragma GCC unroll 2
      for (int g = 0; g < Group; g += 2) {
        rotate_split_pairs<Arithmetic, count>(to, to_partners, from, from_partners, g * count,
                                              table[g], table[g + 1]);
      }
    } else {
#pragma GCC unroll 4
      for (int g = 0; g < Group; ++g) {
        rotate_pairs<Arithmetic, From, To, count>(to, from, g * count, layout.pairs, table[g]);
      }
    }
    if (rest != 0) copy_rest(distances, x, out, 2 * layout.pairs, rest);
  }
  return end;
}

/// Rotates pairs [0, result) of the part of every row by groups of steps: 493 -> 443 ns for 32
/// heads of 128 in half, 459 -> 311 ns for 32 heads of 64 in bfloat16 (half pairs), a twelfth more
/// of the limit at DRAM size, on an Intel Xeon (Emerald Rapids). The 16 registers of AVX2 have no
/// room for it.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE Index walk_groups(const RowBatch& batch,
                                  const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                  const RowPart& part) {
  constexpr Index count = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  Index i = 0;
  while (part.pairs - i >= 4 * count) {
    i = walk_group<Arithmetic, From, To, 4, Out, X>(batch, coefficients, part, i);
  }
  constexpr bool even = splits<From, To, Out, X>;
  constexpr int most_left = even ? 2 : 3;
  switch ((part.pairs - i) / count) {
    case 3:
      return walk_group<Arithmetic, From, To, most_left, Out, X>(batch, coefficients, part, i);
    case 2:
      return walk_group<Arithmetic, From, To, 2, Out, X>(batch, coefficients, part, i);
    case 1:
      if constexpr (!even) {
        return walk_group<Arithmetic, From, To, 1, Out, X>(batch, coefficients, part, i);
      }
      return i;
    default:
      return i;
  }
}

/// Rotates pairs [0, result) of the part of every row in registers that hold their coefficients.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE Index walk_shared(const RowBatch& batch,
                                  const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                  const RowPart& part) {
  if constexpr (From == To && From == Pairing::interleaved && std::is_same_v<Out, X> &&
                can_double<Arithmetic, X>) {
    return walk_doubled_groups<Carrier<Arithmetic>, X>(batch, coefficients, part);
  } else if constexpr (register_bytes == 64 && sizeof(Carrier<Arithmetic>) == 4) {
    return walk_groups<Arithmetic, From, To, Out, X>(batch, coefficients, part);
  } else {
    return 0;
  }
}

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
void rotate_rows(const RowBatch& batch) {
  using C = Carrier<Arithmetic>;
  const RowLayout& layout = batch.layout;
  WidenedScratch<C> scratch;
  // Once at least: a table may have no pairs, and all features pass through.
  for (Index first = 0; first == 0 || first < layout.pairs; first += most_pairs) {
    const RowPart part = row_part(layout, first);
    if (batch.prefetch.table_l1 != 0) prefetch_coefficients(batch, 0, first, part.pairs);
    WidenedRow<C> coefficients = widened_row(batch, 0, first, part.pairs, scratch);
    Index done = 0;
    if (layout.table_stride == 0 && batch.rows > 1) {
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
      const Row<Carrier<Arithmetic>, Out, X> row{out, x, coefficients, part, done, layout.pairs};
      prefetch_features(batch.prefetch, row.x, row.out, first + done, part.pairs - done);
      walk_row<Arithmetic, From, To>(row);
      if (part.rest != 0) {
        copy_rest(batch.prefetch, row.x, row.out, 2 * layout.pairs, part.rest);
      }
    }
  }
}

}  // namespace ROPEWALK_ISA
