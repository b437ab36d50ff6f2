// Splits the tokens of a call over the device that the caller passes.
#ifndef ROPEWALK_CALL_TOKEN_RANGES_HPP
#define ROPEWALK_CALL_TOKEN_RANGES_HPP

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

/// Calls work(begin, end) on ranges that make up [0, tokens).
///
/// One token stays on the caller's thread. So does a call from inside the pool: parallelFor waits
/// for the pool's threads, and if all of them wait, nobody works.
///
/// Tensors and tables are read and written by `work` alone, so here is the border that keeps a
/// caller's accesses by other types where they are: see compiler.hpp.
template <class Device, class Work>
void for_token_ranges(const Device& device, Index tokens, Index bytes_read, Index bytes_written,
                      const Work& work) {
  ROPEWALK_MEMORY_BORDER();
  bool is_split = false;
  if constexpr (is_thread_pool<Device>) {
    is_split = tokens > 1 && device.currentThreadId() < 0;
    if (is_split) {
      // Three flops an element of 2 to 8 bytes, at several elements a cycle.
      const double cycles = static_cast<double>(bytes_written) / 16;
      const TokenCost cost{static_cast<double>(bytes_read), static_cast<double>(bytes_written),
                           cycles};
      device.parallelFor(tokens, cost, [&work](Index begin, Index end) { work(begin, end); });
    }
  }
  if (!is_split) work(Index{0}, tokens);
  ROPEWALK_MEMORY_BORDER();
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_TOKEN_RANGES_HPP
