// The Eigen devices that rows run on: t<threads> of their names; one thread is a DefaultDevice.
#ifndef ROPEWALK_BENCH_DEVICES_HPP
#define ROPEWALK_BENCH_DEVICES_HPP

// Eigen declares ThreadPoolDevice only where this stands before its first include: every file of
// the benchmark includes this header before any other that includes Eigen.
#define EIGEN_USE_THREADS
#include <unsupported/Eigen/CXX11/Tensor>

namespace ropewalk_bench {

struct Pool {
  explicit Pool(int threads) : pool(threads), device(&pool, threads) {}

  Eigen::ThreadPool pool;
  Eigen::ThreadPoolDevice device;
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_DEVICES_HPP
