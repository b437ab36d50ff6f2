// The rows of the fused form, written once for every instruction set that has vector registers.
//
// Included by cpu/dispatch.hpp inside a target region, once per instruction set, with
//   ROPEWALK_ISA        its name, which becomes the namespace
//   ROPEWALK_ISA_BYTES  the width of its registers
// No include guard: what stands here is compiled for that instruction set only. What it includes is
// of the same kind.

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

#include "ropewalk/cpu/simd/wide_lanes-inl.hpp"

#include "ropewalk/cpu/simd/row_parts-inl.hpp"

#include "ropewalk/cpu/simd/doubled-inl.hpp"

#include "ropewalk/cpu/simd/steps-inl.hpp"

/// One row: of its `pairs` those from first + done to first + count; lanes begin at first.
template <class P, class Out, class X>
struct Row {
  Out* out;
  const X* x;
  WideLanes<Carrier<P>> lanes;
  Index first, done, count, pairs;
};

template <class P, Pairing From, Pairing To, bool Stream, int Count, class Out, class X>
ROPEWALK_INLINE Index rotate_steps(const Row<P, Out, X>& row, Index i) {
  for (; i + Count <= row.count; i += Count) {
    rotate_step<P, From, To, Stream, Count>(row.out, row.x, row.first + i, row.pairs,
                                            coefficients_at<P, Count>(row.lanes, i));
  }
  return i;
}

/// With the narrowest registers; not inlined, to be compiled once for the rest of a row and its
/// tail. By value: through a pointer its fields would be loaded again after every store (a third of
/// the rate).
template <class P, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] Index rotate_narrow(Row<P, Out, X> row, Index i) {
  return rotate_steps<P, From, To, false, Count>(row, i);
}

/// The last pairs, fewer than the narrowest register has lanes, by way of a copy that has room.
template <class P, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] void rotate_tail(Row<P, Out, X> row, Index i) {
  const Index count = row.count - i;
  if (count == 0) return;
  constexpr auto room = std::size_t{Count};
  X x[2 * room];
  Out out[2 * room];
  Carrier<P> lanes[4][room];
  const Carrier<P>* sources[4] = {row.lanes.cos_a, row.lanes.cos_b, row.lanes.sin_a,
                                  row.lanes.sin_b};
  for (Index j = 0; j < Count; ++j) {
    const Index pair = j < count ? i + j : i;
    const Index at = row.first + pair;
    x[first_feature(From, j)] = row.x[first_feature(From, at)];
    x[second_feature(From, j, Count)] = row.x[second_feature(From, at, row.pairs)];
    for (int k = 0; k < 4; ++k) lanes[k][j] = sources[k][pair];
  }
  const Row<P, Out, X> copy{out, x, {lanes[0], lanes[1], lanes[2], lanes[3]}, 0, 0, Count, Count};
  rotate_narrow<P, From, To, Count>(copy, 0);
  for (Index j = 0; j < count; ++j) {
    const Index at = row.first + i + j;
    row.out[first_feature(To, at)] = out[first_feature(To, j)];
    row.out[second_feature(To, at, row.pairs)] = out[second_feature(To, j, Count)];
  }
}

template <class P, Pairing From, Pairing To, class Out, class X>
ROPEWALK_INLINE void rotate_row(const Row<P, Out, X>& row, bool stream) {
  constexpr int lanes = register_bytes / int{sizeof(Carrier<P>)};
  constexpr int least = 16 / int{sizeof(Carrier<P>)};
  Index i = stream ? rotate_steps<P, From, To, true, lanes>(row, row.done)
                   : rotate_steps<P, From, To, false, lanes>(row, row.done);
  if (i == row.count) return;
  if constexpr (lanes > least) i = rotate_narrow<P, From, To, least>(row, i);
  rotate_tail<P, From, To, least>(row, i);
}

/// Rotates `Group` steps of every row of the batch, from pair i of the part on, their coefficients
/// in registers while the rows go by; with the last of them goes the rest. Returns where they end.
template <class P, Pairing From, Pairing To, bool Stream, int Group, class Out, class X, class Tab>
ROPEWALK_INLINE Index rotate_group(const RowBatch<Out, X, Tab>& rows,
                                   const WideLanes<Carrier<P>>& lanes, const RowPart& part,
                                   Index i) {
  constexpr Index count = register_bytes / int{sizeof(Carrier<P>)};
  const RowBatch<Out, X, Tab> batch = rows;  // a copy, or it is read again after every store
  const Index end = i + Group * count;
  const Index rest = end == part.pairs ? part.rest : 0;
  Coefficients<P, count> table[std::size_t{Group}];
  if constexpr (splits<From, To, Out, X>) {
#pragma GCC unroll 2
    for (int g = 0; g < Group; g += 2) {
      split_coefficients(lanes, i + g * count, table[g], table[g + 1]);
    }
  } else {
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) table[g] = coefficients_at<P, count>(lanes, i + g * count);
  }
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = batch.x + r * batch.x_stride;
    Out* out = batch.out + r * batch.out_stride;
    fetch_ahead(batch, x, out, part.first + i, Group * count);
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      const Index at = part.first + i + g * count;
      if constexpr (!splits<From, To, Out, X>) {
        rotate_step<P, From, To, Stream, count>(out, x, at, batch.pairs, table[g]);
      } else if (g % 2 == 0) {
        rotate_split<P, Stream, count>(out, x, at, batch.pairs, table[g], table[g + 1]);
      }
    }
    if (rest != 0) copy_rest<Stream>(batch, x, out, rest);
  }
  return end;
}

/// Rotates pairs [0, result) of the part of every row by groups of steps: 493 -> 443 ns for 32
/// heads of 128 in half, 459 -> 311 ns for 32 heads of 64 in bfloat16 (half pairs), a twelfth more
/// of the limit at DRAM size, on an Intel Xeon (Emerald Rapids). The 16 registers of AVX2 have no
/// room for it.
template <class P, Pairing From, Pairing To, bool Stream, class Out, class X, class Tab>
ROPEWALK_INLINE Index rotate_held(const RowBatch<Out, X, Tab>& batch,
                                  const WideLanes<Carrier<P>>& lanes, const RowPart& part) {
  constexpr Index count = register_bytes / int{sizeof(Carrier<P>)};
  Index i = 0;
  while (part.pairs - i >= 4 * count) {
    i = rotate_group<P, From, To, Stream, 4>(batch, lanes, part, i);
  }
  // Rows that are streamed wait for memory, and want to be written from front to back.
  if constexpr (!Stream) {
    constexpr bool even = splits<From, To, Out, X>;
    switch ((part.pairs - i) / count) {
      case 3: return rotate_group<P, From, To, Stream, even ? 2 : 3>(batch, lanes, part, i);
      case 2: return rotate_group<P, From, To, Stream, 2>(batch, lanes, part, i);
      case 1:
        if constexpr (!even) return rotate_group<P, From, To, Stream, 1>(batch, lanes, part, i);
        break;
      default: break;
    }
  }
  return i;
}

/// Streaming stores need aligned addresses; rows that are not aligned are stored as usual.
template <Pairing To, class Out, class X, class Tab>
ROPEWALK_INLINE bool can_stream(const RowBatch<Out, X, Tab>& batch) {
  const auto bytes = [](Index count) {
    return static_cast<std::uintptr_t>(count) * sizeof(Out);
  };
  const auto second = To == Pairing::half ? bytes(batch.pairs) : 0;
  return batch.stream && (reinterpret_cast<std::uintptr_t>(batch.out) | bytes(batch.out_stride) |
                          second) % register_bytes == 0;
}

template <class P, Pairing From, Pairing To, class Out, class X, class Tab>
void rotate_rows(const RowBatch<Out, X, Tab>& batch) {
  using C = Carrier<P>;
  const bool stream = can_stream<To>(batch);
  const bool reads_table = is_wide<C>(batch.lanes);
  const bool shares_lanes = batch.lane_stride == 0 && batch.rows > 1;
  LaneScratch<C> scratch;
  // Once at least: a table may have no pairs, and all features pass through.
  for (Index first = 0; first == 0 || first < batch.pairs; first += most_pairs) {
    const Index left = batch.pairs - first;
    const RowPart part = left > most_pairs ? RowPart{first, most_pairs, 0}
                                           : RowPart{first, left, batch.rest};
    fetch_lanes_ahead(batch, 0, first, part.pairs);
    WideLanes<C> lanes = wide_lanes(batch.lanes, 0, first, part.pairs, scratch);
    Index done = 0;
    if constexpr (From == To && From == Pairing::interleaved && std::is_same_v<Out, X> &&
                  can_double<P, X>) {
      if (shares_lanes) {
        done = stream ? rotate_doubled<true>(batch, lanes, part)
                      : rotate_doubled<false>(batch, lanes, part);
      }
    } else if constexpr (register_bytes == 64 && sizeof(C) == 4) {
      if (shares_lanes) {
        done = stream ? rotate_held<P, From, To, true>(batch, lanes, part)
                      : rotate_held<P, From, To, false>(batch, lanes, part);
      }
    }
    if (done == part.pairs && (done > 0 || part.rest == 0)) continue;
    for (Index r = 0; r < batch.rows; ++r) {
      if (r > 0 && batch.lane_stride != 0) {
        fetch_lanes_ahead(batch, r, first, part.pairs);
        lanes = reads_table
                    ? moved(lanes, batch.lane_stride)
                    : wide_lanes(batch.lanes, r * batch.lane_stride, first, part.pairs, scratch);
      }
      const Row<P, Out, X> row{batch.out + r * batch.out_stride,
                               batch.x + r * batch.x_stride,
                               lanes,
                               first,
                               done,
                               part.pairs,
                               batch.pairs};
      fetch_ahead(batch, row.x, row.out, first + done, part.pairs - done);
      rotate_row<P, From, To>(row, stream);
      if (part.rest == 0) continue;
      stream ? copy_rest<true>(batch, row.x, row.out, part.rest)
             : copy_rest<false>(batch, row.x, row.out, part.rest);
    }
  }
}

}  // namespace ROPEWALK_ISA
