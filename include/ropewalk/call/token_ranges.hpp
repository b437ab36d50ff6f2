// Splits the tokens of a call over the device that the caller passes.
#ifndef ROPEWALK_CALL_TOKEN_RANGES_HPP
#define ROPEWALK_CALL_TOKEN_RANGES_HPP

#include <functional>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

// A thread-pool device is known by what it can do: Eigen declares ThreadPoolDevice only where
// EIGEN_USE_THREADS was defined before its first include, which may be after ours.
template <class Device, class = void>
inline constexpr bool is_thread_pool = false;
template <class Device>
inline constexpr bool is_thread_pool<
    Device, std::void_t<decltype(std::declval<const Device&>().parallelFor(
                            Eigen::Index{}, std::declval<const Eigen::TensorOpCost&>(),
                            std::declval<std::function<void(Eigen::Index, Eigen::Index)>>())),
                        decltype(std::declval<const Device&>().currentThreadId())>> = true;

/// Calls work(begin, end) on ranges that make up [0, tokens).
///
/// One token stays on the caller's thread. So does a call from inside the pool: parallelFor waits
/// for the pool's threads, and if all of them wait, nobody works.
template <class Device, class Work>
void for_token_ranges(const Device& device, Index tokens, Index bytes_read, Index bytes_written,
                      const Work& work) {
  if constexpr (is_thread_pool<Device>) {
    if (tokens > 1 && device.currentThreadId() < 0) {
      // Three flops an element of 2 to 8 bytes, at several elements a cycle.
      const double cycles = static_cast<double>(bytes_written) / 16;
      const Eigen::TensorOpCost cost(static_cast<double>(bytes_read),
                                     static_cast<double>(bytes_written), cycles);
      device.parallelFor(tokens, cost, [&work](Eigen::Index begin, Eigen::Index end) {
        work(begin, end);
      });
      return;
    }
  }
  work(Index{0}, tokens);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_TOKEN_RANGES_HPP
