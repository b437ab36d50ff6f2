// The threads that the report's Python passes to calls.
#ifndef ROPEWALK_BENCH_REPORT_POOL_HPP
#define ROPEWALK_BENCH_REPORT_POOL_HPP

#include "../devices.hpp"
#include "ropewalk/ropewalk.h"

namespace ropewalk_bench {

/// The device of what ropewalk_report_threads has made.
inline const Eigen::ThreadPoolDevice& device_of(const ropewalk_threads& threads) {
  return static_cast<const Pool*>(threads.context)->device;
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_REPORT_POOL_HPP
