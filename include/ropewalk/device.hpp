// serial: the device of a call that has no thread pool.
#ifndef ROPEWALK_DEVICE_HPP
#define ROPEWALK_DEVICE_HPP

#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_TYPES

/// The type of `serial`: a call that takes one runs on the thread that makes it.
///
/// Other devices are not named here, since they are known by what they can do. One with
/// parallelFor(size, cost, work) and currentThreadId(), as Eigen::ThreadPoolDevice has them, splits
/// the work; with its numThreads() and parallelFor(size, cost, size of ranges, work) into ranges
/// that are worth a thread. Any other, Eigen::DefaultDevice too, is as good as this one.
struct Serial {};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// No pool, and no header of Eigen's tensors either: rw::apply(rw::serial, out, x, table).
inline constexpr Serial serial{};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_DEVICE_HPP
