// The Eigen devices that rows run on: t1 and t2 of their names.
#ifndef ROPEWALK_BENCH_DEVICES_HPP
#define ROPEWALK_BENCH_DEVICES_HPP

// Eigen declares ThreadPoolDevice only where this stands before its first include: every file of
// the benchmark includes this header before any other that includes Eigen.
#define EIGEN_USE_THREADS
#include <unsupported/Eigen/CXX11/Tensor>

namespace ropewalk_bench {

struct Devices {
  Eigen::DefaultDevice one;
  Eigen::ThreadPool pool{2};
  Eigen::ThreadPoolDevice two{&pool, 2};
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_DEVICES_HPP
