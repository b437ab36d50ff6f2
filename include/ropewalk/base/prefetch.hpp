// Fetching rows ahead of their use.
#ifndef ROPEWALK_BASE_PREFETCH_HPP
#define ROPEWALK_BASE_PREFETCH_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// Bytes of rows between a row and those that are fetched meanwhile.
///
/// The hardware's own prefetching leaves computing and waiting to add up where rows cost much to
/// convert. Near, for the first cache: on an Intel Xeon (Sapphire Rapids) 0.6 -> 0.9 of the limit
/// for the fused form in bfloat16, 0.43 -> 0.56 of memcpy for the readable forms in float; on Zen 4
/// no difference. Far, for the second: it has the memory at work on several pages at once, as a
/// plain copy has not; on an Intel Xeon (Emerald Rapids), one thread, bfloat16 out of place 0.95
/// -> 1.1 of the limit, in place 1.0 -> 1.1.
constexpr Index near_bytes = Index{8} << 10;
constexpr Index far_bytes = Index{64} << 10;

constexpr Index line_bytes = 64;

/// How many tokens make up so many bytes; 0, for none, if there are not as many. Whole tokens,
/// because that is a row which will be used whatever else lies in between.
inline Index tokens_ahead(Index seq, Index bytes_per_token, Index bytes) {
  if (seq == 1) return 0;
  const Index tokens = (bytes + bytes_per_token - 1) / bytes_per_token;
  return tokens < seq ? tokens : 0;
}

/// Asks for memory that will be read or written soon, once for each 64 bytes of it. Only for what
/// the call touches: a prefetch never faults, but one of an unmapped page has cost 90 ns in a
/// virtual machine on Zen 3.
///
/// Level   the cache that it is wanted in
template <int Level = 1, class T>
ROPEWALK_INLINE void fetch(T* from, Index count) {
  constexpr Index line = line_bytes / static_cast<Index>(sizeof(T));
  [[maybe_unused]] constexpr int to_write = std::is_const_v<T> ? 0 : 1;
  for (Index i = 0; i < count; i += line) ROPEWALK_PREFETCH(from + i, to_write, 4 - Level);
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BASE_PREFETCH_HPP
