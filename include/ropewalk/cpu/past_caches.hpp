// Rows written past the caches.
#ifndef ROPEWALK_CPU_PAST_CACHES_HPP
#define ROPEWALK_CPU_PAST_CACHES_HPP

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

#if ROPEWALK_X86
#include <emmintrin.h>
#endif

ROPEWALK_BEGIN_NESTED(detail)

constexpr bool has_nontemporal_stores = ROPEWALK_X86;
constexpr Index nontemporal_bytes = 16;  ///< of a store, and what addresses must be multiples of

/// Copies that many bytes, a multiple of nontemporal_bytes, between such addresses. Wider stores
/// would gain nothing: the CPU collects four of these to a cache line before it writes one.
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

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_PAST_CACHES_HPP
