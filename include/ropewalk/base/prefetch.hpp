// Prefetches: which rows to ask for ahead of their use, and asking for them.
#ifndef ROPEWALK_BASE_PREFETCH_HPP
#define ROPEWALK_BASE_PREFETCH_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Distance in bytes from a row to the one that is prefetched meanwhile.
///
/// With the hardware's prefetching alone, computing and waiting add up where rows cost much to
/// convert. Into the first cache: on an Intel Xeon (Sapphire Rapids) 0.6 -> 0.9 of the limit for
/// the fused form in bfloat16, 0.43 -> 0.56 of memcpy for the readable forms in float. Into the
/// second: it has the memory at work on several pages at once, as a plain copy has not; on an Intel
/// Xeon (Emerald Rapids), one thread, bfloat16 out of place 0.95 -> 1.1 of the limit, in place 1.0
/// -> 1.1. On a Zen 4 fewer rows are asked for: see is_followed.
constexpr Index prefetch_l1_bytes = Index{8} << 10;
constexpr Index prefetch_l2_bytes = Index{64} << 10;

constexpr Index line_bytes = 64;

/// How many tokens make up so many bytes; 0, for none, if there are not as many. Whole tokens,
/// because that is a row which will be used whatever else stands in between.
inline Index prefetch_tokens(Index seq, Index bytes_per_token, Index bytes) {
  if (seq == 1) return 0;
  const Index tokens = (bytes + bytes_per_token - 1) / bytes_per_token;
  return tokens < seq ? tokens : 0;
}

/// Asks for memory that will be read or written soon, once for each 64 bytes of it. Only for what
/// the call touches: a prefetch never faults, but one of an unmapped page has cost 90 ns in a
/// virtual machine on Zen 3.
///
/// Locality   as __builtin_prefetch takes it: 3 is into the first cache, 2 into the second
template <int Locality, class T>
ROPEWALK_INLINE void prefetch(T* from, Index count) {
  constexpr Index line = line_bytes / static_cast<Index>(sizeof(T));
  [[maybe_unused]] constexpr int to_write = std::is_const_v<T> ? 0 : 1;
  for (Index i = 0; i < count; i += line) ROPEWALK_PREFETCH(from + i, to_write, Locality);
}

template <class T>
ROPEWALK_INLINE void prefetch_l1(T* from, Index count) {
  prefetch<3>(from, count);
}

template <class T>
ROPEWALK_INLINE void prefetch_l2(T* from, Index count) {
  prefetch<2>(from, count);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_PREFETCH_HPP
