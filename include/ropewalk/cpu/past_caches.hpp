// Rows written past the caches: which are, and how.
#ifndef ROPEWALK_CPU_PAST_CACHES_HPP
#define ROPEWALK_CPU_PAST_CACHES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/prefetch.hpp"  // for the size of a line
#include "ropewalk/base/shape.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/cpu/row_batch.hpp"

#if ROPEWALK_X86
#include <emmintrin.h>
#endif

ROPEWALK_BEGIN_NESTED(detail)

constexpr bool has_nontemporal_stores = ROPEWALK_X86;
constexpr Index nontemporal_bytes = 16;  ///< of a store, and what addresses must be multiples of

/// Copies that many bytes, a multiple of nontemporal_bytes, between such addresses. Wider stores
/// gain nothing here: the CPU collects four of these to a cache line before it writes one.
inline void copy_past_caches(void* to, const void* from, Index bytes) {
#if ROPEWALK_X86
  const auto* source = static_cast<const __m128i*>(from);
  auto* target = static_cast<__m128i*>(to);
  const __m128i* const end = source + bytes / nontemporal_bytes;
#pragma GCC unroll 4
  while (source != end) _mm_stream_si128(target++, _mm_load_si128(source++));
#else
  static_cast<void>(to), static_cast<void>(from), static_cast<void>(bytes);
#endif
}

/// Before another thread is told that they are done.
inline void finish_nontemporal_stores() {
#if ROPEWALK_X86
  _mm_sfence();
#endif
}

/// Whether rows of out begin and end at multiples of so many bytes.
inline bool are_aligned(const Job& job, Index bytes) {
  const TokenStrides& strides = job.out_strides;
  const Index together = row_bytes(*job.out) | strides.batch | strides.seq |
                         job.rows.layout.out_stride |
                         static_cast<Index>(reinterpret_cast<std::uintptr_t>(job.out->data));
  return together % bytes == 0;
}

/// Settles whether rows go past the caches, and how. Nontemporal stores need aligned addresses;
/// rows that are not aligned are stored as usual. By parts go those whose kernel ends them: of
/// normalised rows none does. Where heads are further apart than tokens they do not go by parts:
/// [1, 8192, 40, 128] of bfloat16, 40 heads of 2 MiB, one thread of a Zen 4, 106 ns a KiB by 40
/// rows and 165 by parts (of 5,000 tokens and 32 heads 84 and 71).
inline void set_past_caches(Job& job, const Kernels& kernels) {
  const Index bytes = row_bytes(*job.out);
  job.nontemporal =
      has_nontemporal_stores && are_aligned(job, nontemporal_bytes) && bytes <= past_caches_room;
  const bool heads_are_near = job.rows.layout.out_stride <= std::max(job.out_strides.seq, bytes);
  job.by_parts = job.nontemporal && kernels.at_once != 0 && job.normed == Normed::no &&
                 heads_are_near && job.rows.layout.pairs % pairs_past_caches == 0 &&
                 are_aligned(job, line_bytes);
}

/// Copies rows that lie one after the other past the caches, to where rows are `stride` apart.
inline void copy_rows_past_caches(void* to, Index stride, const std::byte* from, Index bytes,
                                  Index rows) {
  if (stride == bytes) return copy_past_caches(to, from, rows * bytes);
  for (Index i = 0; i < rows; ++i) copy_past_caches(moved(to, i * stride), from + i * bytes, bytes);
}

/// Rotates rows into memory that stays in the first cache, from where they are copied past it: by
/// the kernel, a part of a row while the next one turns, or, where it cannot, some rows when they
/// have turned. By parts, [1, 8192, 40, 128], one thread and two of a Zen 4, ns a KiB: bfloat16 84
/// -> 69 and 48 -> 42, half 89 -> 76 and 50 -> 42, float 92 -> 79 and 57 -> 43; by 8 and 16 threads
/// of an Intel Xeon (Emerald Rapids class) bfloat16 20 -> 14 and 11 -> 9.
[[gnu::noinline]] inline void rotate_past_caches(const Job& job, const RowBatch& rows) {
  alignas(64) std::byte rotated[past_caches_room];
  const Index bytes = row_bytes(*job.out);
  const Index stride = rows.layout.out_stride;
  Index most = past_caches_room / bytes;
  if (job.normed != Normed::over_token) {
    // So that they turn while those before them are still on their way. Fewer would read the table
    // too often; four of up to 2 KiB end where lines do. 16 KiB -> 4 KiB, one thread of a Zen 4, ns
    // a KiB: float of 80 features a row 88 -> 76, bfloat16 by AVX2 and a table per head 183 -> 141.
    constexpr Index room = Index{4} << 10, least = 8, of_lines = line_bytes / nontemporal_bytes;
    most = std::min(most, std::max(least, room / bytes / of_lines * of_lines));
  }
  void* out = rows.out;
  RowBatch batch = rows;
  batch.out = rotated;
  batch.layout.out_stride = bytes;
  if (job.by_parts) batch.layout.rest = ~batch.layout.rest;
  batch.past_stride = stride;
  for (Index r = 0; r < rows.rows; r += most) {
    batch.rows = std::min(most, rows.rows - r);
    batch.past = out;
    job.kernel(batch);
    if (!job.by_parts) copy_rows_past_caches(out, stride, rotated, bytes, batch.rows);
    out = moved(out, batch.rows * stride);
    batch.x = moved(batch.x, batch.rows * batch.layout.x_stride);
    batch.table_offset += batch.rows * batch.layout.table_stride;
    if (batch.layout.table_stride == 0) batch.prefetch.table_l1 = 0;  // they have been asked for
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_PAST_CACHES_HPP
