// Splits the tokens of a call over the device that the caller passes.
#ifndef ROPEWALK_CALL_TOKEN_RANGES_HPP
#define ROPEWALK_CALL_TOKEN_RANGES_HPP

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// What a token costs, as parallelFor takes it: bytes loaded, bytes stored, cycles. It becomes
/// Eigen::TensorOpCost where a device asks for one, and nothing here names that.
struct TokenCost {
  template <class Cost, class = std::enable_if_t<std::is_class_v<Cost> &&
                                                 std::is_constructible_v<Cost, double, double,
                                                                         double>>>
  operator Cost() const {
    return Cost(bytes_loaded, bytes_stored, cycles);
  }

  double bytes_loaded, bytes_stored, cycles;
};

// A thread-pool device is known by what it can do: Eigen declares ThreadPoolDevice only where
// EIGEN_USE_THREADS was defined before the first include of its tensors, which need not be there.
template <class Device, class = void>
inline constexpr bool is_thread_pool = false;
template <class Device>
inline constexpr bool is_thread_pool<
    Device, std::void_t<decltype(std::declval<const Device&>().parallelFor(
                            Index{}, std::declval<const TokenCost&>(),
                            std::declval<std::function<void(Index, Index)>>())),
                        decltype(std::declval<const Device&>().currentThreadId())>> = true;

// Whether it says how many threads it has, and takes the size of ranges from the caller.
template <class Device, class = void>
inline constexpr bool takes_range_sizes = false;
template <class Device>
inline constexpr bool takes_range_sizes<
    Device, std::void_t<decltype(std::declval<const Device&>().parallelFor(
                            Index{}, std::declval<const TokenCost&>(),
                            std::declval<std::function<Index(Index)>>(),
                            std::declval<std::function<void(Index, Index)>>())),
                        std::enable_if_t<std::is_convertible_v<
                            decltype(std::declval<const Device&>().numThreads()), Index>>>> = true;

/// What each token of a call is, of all its tensors.
struct TokenWork {
  Index features;
  Index bytes_read, bytes_written;
};

/// How many tokens make a range: one range a thread, of which the caller takes one, and fewer where
/// waking a thread would take longer than its range does. Within the caches a feature takes as long
/// in 16 bits as in float, and the first thread costs most: two ranges from 512 Ki features on,
/// three from 768 Ki, eight from 1 Mi. With them no call of 1 to 4,096 tokens took longer by 2 to
/// 16 threads than by one, beyond the noise, on 16 cores of an Intel Xeon (Sapphire Rapids class,
/// AVX-512); nowhere else measured. 1: as small as the device likes, so that threads that are held
/// up do less.
inline Index tokens_of_range(Index tokens, const TokenWork& each, Index threads) {
  constexpr Index many = Index{1} << 20, most_bytes = Index{8} << 20;
  if (tokens * (each.bytes_read + each.bytes_written) > threads * most_bytes) return 1;
  const Index features = tokens * each.features;
  const Index least = features < many ? many / 4 : many / 8;
  const Index ranges = std::clamp<Index>(features / least, 1, threads);
  return (tokens + ranges - 1) / ranges;
}

/// work(begin, end) on the device's threads.
template <class Device, class Work>
void split_tokens(const Device& device, Index tokens, const TokenWork& each, const Work& work) {
  // Three flops an element of 2 to 8 bytes, at several elements a cycle.
  const TokenCost cost{static_cast<double>(each.bytes_read),
                       static_cast<double>(each.bytes_written),
                       static_cast<double>(each.bytes_written) / 16};
  const auto ranges = [&work](Index begin, Index end) { work(begin, end); };
  if constexpr (takes_range_sizes<Device>) {
    const Index threads = device.numThreads();
    const Index least = tokens_of_range(tokens, each, threads);
    if (least >= tokens) return work(Index{0}, tokens);
    device.parallelFor(tokens, cost, [least](Index size) { return std::max(size, least); }, ranges);
  } else {
    device.parallelFor(tokens, cost, ranges);
  }
}

/// Calls work(begin, end) on ranges that make up [0, tokens).
///
/// One token stays on the caller's thread. So does a call from inside the pool: parallelFor waits
/// for the pool's threads, and if all of them wait, nobody works.
///
/// Tensors and tables are read and written by `work` alone, so here is the border that keeps a
/// caller's accesses by other types where they are: see compiler.hpp.
template <class Device, class Work>
void for_token_ranges(const Device& device, Index tokens, const TokenWork& each, const Work& work) {
  ROPEWALK_MEMORY_BORDER();
  bool is_split = false;
  if constexpr (is_thread_pool<Device>) {
    is_split = tokens > 1 && device.currentThreadId() < 0;
    if (is_split) split_tokens(device, tokens, each, work);
  }
  if (!is_split) work(Index{0}, tokens);
  ROPEWALK_MEMORY_BORDER();
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_TOKEN_RANGES_HPP
