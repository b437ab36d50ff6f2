// Devices: without a pool, and without the header of Eigen's tensors; pools by what they can do.
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_layouts.hpp"

// What needs no tensor of Eigen's does not include them; every call of `EveryEntry` by rw::serial
// compiles here.
#if defined(EIGEN_CXX11_TENSOR_TENSOR_H) || defined(EIGEN_CXX11_TENSOR_TENSOR_BASE_H)
#error "a header of the library includes <unsupported/Eigen/CXX11/Tensor>"
#endif

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

static_assert(std::is_empty_v<rw::Serial>);
static_assert(std::is_same_v<decltype(rw::serial), const rw::Serial>);
static_assert(!rw::detail::is_thread_pool<rw::Serial>);

/// x of one value after the other, turned by each entry.
template <class X>
class EveryEntry {
 public:
  template <class Device>
  std::vector<std::vector<X>> by(const Device& device) const {
    std::vector<std::vector<X>> outs(8, x_);
    std::vector<std::vector<X>*> out;
    for (std::vector<X>& each : outs) out.push_back(&each);
    const rw::View<const X> x(x_.data(), shape);
    const auto at = [&out](std::size_t i) { return rw::View<X>(out[i]->data(), shape); };
    const auto table = rw::half_table(rw::View<const float>(cos_.data(), rows),
                                      rw::View<const float>(sin_.data(), rows));
    rw::apply(device, at(0), x, table, rw::half_pairs);
    rw::apply_inplace(device, at(1), table, rw::half_pairs);
    const rw::View<X> two[] = {at(2), at(3), at(4), at(5)};
    rw::apply(device, std::tie(two[0], two[1]), std::tie(x, x), table, rw::half_pairs);
    rw::apply_inplace(device, std::tie(two[2], two[3]), table, rw::half_pairs);
    rw::apply_strided(device, at(6), x, table, rw::half_pairs);
    rw::apply_stack_flatten(device, at(7), x, table, rw::half_pairs);
    return outs;
  }

  std::vector<X> x() const { return x_; }

 private:
  static constexpr rw::Shape shape{2, 9, 3, 38};
  static constexpr rw::Shape rows{1, 9, 1, 17};

  template <class T>
  static std::vector<T> values(std::size_t count, float step) {
    std::vector<T> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(static_cast<T>(step * static_cast<float>(i % 101) - 1.0f));
    }
    return all;
  }

  std::vector<X> x_ = values<X>(2 * 9 * 3 * 38, 0.0625f);
  std::vector<float> cos_ = values<float>(9 * 17, 0.02f), sin_ = values<float>(9 * 17, 0.017f);
};

using Results = std::vector<std::vector<float>>;
Results results_by_serial() { return EveryEntry<float>().by(rw::serial); }

}  // namespace
}  // namespace ropewalk_test

#define EIGEN_USE_THREADS  // after our headers: they do not decide what Eigen declares
#include <gtest/gtest.h>

#include <functional>
#include <unsupported/Eigen/CXX11/Tensor>

#include "support/bits.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

static_assert(!rw::detail::is_thread_pool<Eigen::DefaultDevice>);
static_assert(rw::detail::is_thread_pool<Eigen::ThreadPoolDevice>);

TEST(Serial, CompilesBeforeEigensTensors) {
  const Results results = results_by_serial();
  for (const std::vector<float>& each : results) EXPECT_NE(each, EveryEntry<float>().x());
}

template <class X>
class Devices : public testing::Test {};
TYPED_TEST_SUITE(Devices, Dtypes, DtypeNames);

TYPED_TEST(Devices, AllGiveTheBitsOfSerial) {
  const EveryEntry<TypeParam> entries;
  const auto wanted = entries.by(rw::serial);
  Eigen::ThreadPool pool(2);
  const auto by_default = entries.by(Eigen::DefaultDevice());
  const auto by_pool = entries.by(Eigen::ThreadPoolDevice(&pool, 2));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(same_bits(by_default[i], wanted[i])) << "entry " << i;
    EXPECT_TRUE(same_bits(by_pool[i], wanted[i])) << "entry " << i;
    EXPECT_TRUE(same_bits(wanted[i], wanted[0])) << "entry " << i;
  }
}

using Work = std::function<void(Eigen::Index, Eigen::Index)>;

/// Runs the work at once and keeps the cost of a token.
struct Recorder {
  int currentThreadId() const { return -1; }
  void record(double loaded, double stored, double cycles) const {
    cost[0] = loaded, cost[1] = stored, cost[2] = cycles;
  }
  mutable double cost[3] = {};
};

struct ByReference : Recorder {
  void parallelFor(Eigen::Index size, const Eigen::TensorOpCost& of, const Work& work) const {
    record(of.bytes_loaded(), of.bytes_stored(), of.compute_cycles());
    work(0, size);
  }
};

struct ByValue : Recorder {
  void parallelFor(Eigen::Index size, Eigen::TensorOpCost of, Work work) const {
    record(of.bytes_loaded(), of.bytes_stored(), of.compute_cycles());
    work(0, size);
  }
};

/// A pool that is none of Eigen's, with its own kind of cost and two functions of the name.
struct OwnCost {
  double loaded, stored, cycles;
  OwnCost(double l, double s, double c) : loaded(l), stored(s), cycles(c) {}
};
struct OwnPool : Recorder {
  template <class F>
  void parallelFor(long size, OwnCost&& of, F&& work) const {
    record(of.loaded, of.stored, of.cycles);
    work(0, size);
  }
  void parallelFor(long size, const OwnCost& of, long align, const Work& work) const;
};

struct WithoutThreadId {
  void parallelFor(Eigen::Index, const Eigen::TensorOpCost&, const Work&) const {}
};
struct OfOtherCost : Recorder {
  void parallelFor(Eigen::Index, double, const Work&) const {}
};
static_assert(!rw::detail::is_thread_pool<WithoutThreadId>);
static_assert(!rw::detail::is_thread_pool<OfOtherCost>);
static_assert(rw::detail::is_thread_pool<OwnPool>);

template <class Device>
void expect_cost(const Device& device) {
  std::vector<rw::Index> ends;
  rw::detail::for_token_ranges(device, 5, {96, 192, 64},
                               [&ends](rw::Index, rw::Index end) { ends.push_back(end); });
  EXPECT_EQ(ends, std::vector<rw::Index>{5});
  EXPECT_EQ(device.cost[0], 192);
  EXPECT_EQ(device.cost[1], 64);
  EXPECT_EQ(device.cost[2], 4);
}

// Bytes loaded, bytes stored, cycles, in that order, however parallelFor takes them.
TEST(ThreadPools, AreToldTheCostOfAToken) {
  expect_cost(ByReference());
  expect_cost(ByValue());
  expect_cost(OwnPool());
}

// Of queries and keys with heads of their own, and of an output wider than its input.
TEST(ThreadPools, AreToldTheCostOfAllTensorsOfACall) {
  const std::vector<Eigen::bfloat16> values(5 * 3 * 8);
  const std::vector<float> entries(5 * 4);
  std::vector<float> q_values(5 * 3 * 8), k_values(5 * 8);
  const rw::View<const Eigen::bfloat16> q(values.data(), {1, 5, 3, 8}),
      k(values.data(), {1, 5, 1, 8});
  const rw::View<float> q_out(q_values.data(), q.shape()), k_out(k_values.data(), k.shape());
  const rw::View<const float> rows(entries.data(), {1, 5, 1, 4});
  const ByReference device;
  rw::apply(device, std::tie(q_out, k_out), std::tie(q, k), rw::half_table(rows, rows));
  EXPECT_EQ(device.cost[0], (3 + 1) * 8 * 2);
  EXPECT_EQ(device.cost[1], (3 + 1) * 8 * 4);
}

}  // namespace
}  // namespace ropewalk_test
