// The processor's caches: they decide what to prefetch, and whether stores are nontemporal.
#ifndef ROPEWALK_BASE_CACHES_HPP
#define ROPEWALK_BASE_CACHES_HPP

#include <unistd.h>  // for the sizes of the caches

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

#if ROPEWALK_X86
#include <cpuid.h>  // for AMD's last level, which the C library adds up over all cores
#endif

ROPEWALK_BEGIN_NESTED(detail)

struct CacheSizes {
  Index near;        ///< in bytes: what a core reads as fast as it computes, without prefetching
  Index last_level;  ///< in bytes
  bool of_zen4;      ///< or of a later AMD; of one whose AVX-512 is hidden it is not known
};

#if ROPEWALK_X86
/// What the third level of an AMD holds for the cores that share it; 0 on other processors. glibc
/// 2.36 says 256 MiB on an EPYC whose eight cores share 32.
inline Index third_level_of_amd() {
  constexpr unsigned leaf = 0x8000001D, third = 3;
  unsigned level = 0, shape = 0, sets = 0, unused = 0;
  if (__get_cpuid_count(leaf, third, &level, &shape, &sets, &unused) == 0) return 0;
  if ((level >> 5 & 7) != third) return 0;
  const Index ways = (shape >> 22) + 1, partitions = (shape >> 12 & 0x3ff) + 1;
  const Index line = (shape & 0xfff) + 1;
  return ways * partitions * line * (Index{sets} + 1);
}
#endif

/// The system is asked, and not Eigen, whose answer is code that a unit compiled for a wider
/// instruction set would share with this one. Out of line: each place that asks would hold it.
[[gnu::cold, gnu::noinline]] inline CacheSizes ask_cache_sizes() {
  // Not every system tells. A core has from 512 KiB (Zen 3) to 2 MiB (Sapphire Rapids) of its own,
  // and most servers have 32 MiB for all cores or more.
  CacheSizes found{Index{1} << 20, Index{32} << 20, false};
#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
  if (const long second = sysconf(_SC_LEVEL2_CACHE_SIZE); second > 0) found.near = second;
  if (const long third = sysconf(_SC_LEVEL3_CACHE_SIZE); third > 0) found.last_level = third;
#endif
#if defined(_SC_NPROCESSORS_ONLN)
  // A virtual machine with two processors of many says 480 MiB, which its neighbours use, too:
  // nontemporal stores win there from 64 MB on (an Intel Xeon, Sapphire Rapids class, 128 MB of
  // float with one thread: 160 -> 133 ns a KiB). No machine has as much for each of its processors.
  constexpr Index most_of_one = Index{64} << 20;
  const Index most = sysconf(_SC_NPROCESSORS_ONLN) * most_of_one;
  if (most > 0 && most < found.last_level) found.last_level = most;
#endif
#if ROPEWALK_X86
  if (const Index third = third_level_of_amd(); third > 0) {
    found.near = third / 4;  // others use the rest
    found.last_level = third;
  }
  // The first of AMD that has AVX-512.
  found.of_zen4 = __builtin_cpu_is("amd") != 0 && __builtin_cpu_supports("avx512f") != 0;
#endif
#if defined(ROPEWALK_TEST_NEAR_CACHES)
  found.near = ROPEWALK_TEST_NEAR_CACHES;  // so that a test is of one length everywhere
#endif
  return found;
}

/// Out of line: each place that asks would hold its guard.
[[gnu::noinline]] inline const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = ask_cache_sizes();
  return sizes;
}

/// Whether the processor is a Zen 4; later ones of AMD are assumed to be like it.
[[gnu::cold, gnu::noinline]] inline bool is_zen4() {
#if defined(ROPEWALK_TEST_ZEN4)
  return ROPEWALK_TEST_ZEN4;
#else
  return cache_sizes().of_zen4;
#endif
}

/// Whether a call that touches so many bytes may find all of them so near that prefetching costs
/// more than it brings. In place in float on a Zen 3, where a quarter of the third level is near:
/// 256 tokens of 32 heads of 128 186 us with it and 149 us without, half pairs of 8,192 tokens 13.5
/// ms and 17.2 ms.
inline bool fits_near_caches(Index bytes) { return bytes <= cache_sizes().near; }

/// Nontemporal stores win where x and out do not stay in the caches: measured from about half of
/// the last level on. On a Zen 3 with 32 MiB, 512 tokens of 32 heads of 128 floats are half of it,
/// and take 1.21 ms by them and 1.79 ms without; a quarter, 0.46 ms and 0.36 ms.
inline bool exceeds_caches(Index bytes) { return bytes >= cache_sizes().last_level / 2; }

/// The same of rows that hardware alone follows: 16 bits from twice the last level on, others from
/// one and a half on. A call alone is faster past the caches from somewhat less on, but who reads
/// out next is slower. On a Zen 4 with 32 MiB, tokens of 32 heads of 128, through the caches ->
/// past them, ns a KiB of a call alone, and of a call and a sum of out, with one thread and two:
///   float of the last level 56 -> 48, 35 -> 39;  77 -> 98, 41 -> 68
///   float of 1.25 times     65 -> 48, 47 -> 42;  96 -> 100, 60 -> 68
///   float of 1.6 times                           136 -> 110, 73 -> 69
///   half of 1.25 times      65 -> 72, 34 -> 41
///   half of twice           75 -> 79, 48 -> 43
inline bool exceeds_caches_followed(Index bytes, Index element_bytes) {
  const Index last_level = cache_sizes().last_level;
  return bytes >= (element_bytes < 4 ? 2 * last_level : last_level + last_level / 2);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_CACHES_HPP
