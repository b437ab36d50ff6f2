// The fused form and threads: many give the bits of one, calls may run at once, pools included.
#define EIGEN_USE_THREADS  // Eigen declares its ThreadPoolDevice only then

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/apply.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// A pool and its device.
struct Pool {
  explicit Pool(int threads) : pool(threads), device(&pool, threads) {}
  Eigen::ThreadPool pool;
  Eigen::ThreadPoolDevice device;
};

/// A tensor that is worth several threads, and what its rotation must be.
template <class T>
struct Problem {
  explicit Problem(const rw::Shape& of_shape, std::uint64_t seed = 1)
      : shape(of_shape),
        x(random_values<T>(size_of(shape), Values::special, seed)),
        values(random_values<float>(count_of(shape.seq * shape.head_dim), Values::special, ~seed)),
        wanted(x.size()) {
    apply_definition(rw::View<T>(wanted.data(), shape), view(), table());
  }

  rw::View<const T> view() const { return {x.data(), shape}; }
  rw::TableView<float> table() const {
    return table_over(values.data(), Layout::half, {1, shape.seq, 1, shape.head_dim / 2});
  }

  /// The result of `form` on that device is the wanted one.
  template <class Device>
  testing::AssertionResult holds(const Form& form, const Device& device) const {
    std::vector<T> out(x.size());
    apply_form(form, device, rw::View<T>(out.data(), shape), view(), table());
    return same_bits(out, wanted);
  }

  rw::Shape shape;
  std::vector<T> x;
  std::vector<float> values;
  std::vector<T> wanted;
};

const rw::Shape large{2, 701, 4, 94};

/// Ends the program when what it watches takes too long: threads that wait for each other for ever
/// cannot be ended otherwise.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit) : thread_([this, limit] { watch(limit); }) {}
  ~Watchdog() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    finished_.notify_one();
    thread_.join();
  }

 private:
  void watch(std::chrono::seconds limit) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (finished_.wait_for(lock, limit, [this] { return done_; })) return;
    std::fprintf(stderr, "a call has not returned: deadlock\n");
    std::abort();
  }

  std::mutex mutex_;
  std::condition_variable finished_;
  bool done_ = false;
  std::thread thread_;
};
constexpr std::chrono::seconds patience{120};

/// Where `count` threads wait until all of them are there, none of them asleep.
class Barrier {
 public:
  explicit Barrier(int count) : missing_(count) {}
  void arrive() {
    --missing_;
    while (missing_ > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

template <class T>
class FusedThreads : public testing::Test {};
using Dtypes = testing::Types<float, Eigen::bfloat16>;
TYPED_TEST_SUITE(FusedThreads, Dtypes);

TYPED_TEST(FusedThreads, ManyGiveTheBitsOfOne) {
  for (const rw::Shape& shape :
       {large, rw::Shape{1, 1, 32, 128}, rw::Shape{5000, 1, 1, 64}, rw::Shape{1, 2, 3, 40000}}) {
    const Problem<TypeParam> problem(shape);
    for (int threads = 1; threads <= 4; ++threads) {
      const Pool pool(threads);
      for (const Form& form : forms_of<TypeParam, TypeParam>()) {
        EXPECT_TRUE(problem.holds(form, pool.device)) << form.name() << ", threads " << threads;
      }
    }
  }
}

// The ranges of threads begin and end inside samples.
TYPED_TEST(FusedThreads, TokensThatIdsLeaveGiveTheBitsOfOne) {
  const Problem<TypeParam> problem(large);
  std::vector<std::int32_t> ids, starts = {-1, 0};
  for (Index i = 0; i < large.batch * large.seq; ++i) {
    ids.push_back(static_cast<std::int32_t>(i % 3 == 0 ? -1 : 7 * i % large.seq));
  }
  const auto rows = problem.table();
  for (const auto& table : {rows.gather(ids.data(), large.batch, large.seq).leaving(-1),
                            rows.rows_of_each(starts, large.seq).leaving(-1)}) {
    const auto rotated_over = [&](std::vector<TypeParam> out) {
      apply_definition(rw::View<TypeParam>(out.data(), large), problem.view(), table);
      return out;
    };
    const std::vector<TypeParam> before(problem.x.size(), TypeParam(3));
    const auto apart = rotated_over(before), in_place = rotated_over(problem.x);
    for (int threads = 1; threads <= 4; ++threads) {
      const Pool pool(threads);
      for (const Form& form : forms_of<TypeParam, TypeParam>()) {
        std::vector<TypeParam> out = before;
        apply_form(form, pool.device, rw::View<TypeParam>(out.data(), large), problem.view(),
                   table);
        EXPECT_TRUE(same_bits(out, form.in_place() ? in_place : apart))
            << form.name() << ", threads " << threads;
      }
    }
  }
}

TYPED_TEST(FusedThreads, StridedViewsGiveTheBitsOfOne) {
  const Problem<TypeParam> problem(large);
  const rw::Strides heads_first{large.heads * large.seq * large.head_dim, large.head_dim,
                                large.seq * large.head_dim};
  const Pool pool(4);
  for (const rw::Isa isa : rw::available_isas()) {
    std::vector<TypeParam> out(problem.x.size());
    const rw::View<TypeParam> view(out.data(), large, heads_first);
    rw::apply(pool.device, view, problem.view(), problem.table(), {},
              forced(isa, rw::Stores::nontemporal));
    std::vector<TypeParam> dense(out.size());
    copy_rows(rw::View<TypeParam>(dense.data(), large), rw::View<const TypeParam>(view));
    EXPECT_TRUE(same_bits(dense, problem.wanted)) << rw::isa_name(isa);
  }
}

// Every thread calls the library and checks its own result; failures are counted.
template <class T, class Device>
void call_often(const Problem<T>& problem, const Device& device, Barrier& barrier,
                std::atomic<int>& failures) {
  const std::vector<Form> forms = forms_of<T, T>();
  barrier.arrive();
  for (const Form& form : forms) {
    if (!problem.holds(form, device)) ++failures;
  }
}

TYPED_TEST(FusedThreads, SeveralMayCallAtOnce) {
  const Watchdog watchdog(patience);
  const Problem<TypeParam> problem(large);
  const Pool pool(2);
  Barrier barrier(4);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      if (i % 2 == 0) call_often(problem, pool.device, barrier, failures);
      if (i % 2 == 1) call_often(problem, Eigen::DefaultDevice(), barrier, failures);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TYPED_TEST(FusedThreads, EveryWorkerOfThePoolMayCallAtOnce) {
  const Watchdog watchdog(patience);
  const Problem<TypeParam> problem(large);
  for (int workers = 1; workers <= 4; ++workers) {
    Pool pool(workers);
    Barrier barrier(workers);
    std::atomic<int> failures{0};
    Eigen::Barrier finished(static_cast<unsigned>(workers));
    for (int i = 0; i < workers; ++i) {
      pool.pool.Schedule([&] {
        call_often(problem, pool.device, barrier, failures);
        finished.Notify();
      });
    }
    finished.Wait();
    EXPECT_EQ(failures, 0) << "workers " << workers;
  }
}

/// A device that the library takes for a thread pool; it splits the work at will.
struct RecordingDevice {
  Eigen::Index piece;
  int thread = -1;
  mutable std::vector<Eigen::Index> calls = {};
  mutable double bytes_each = 0;

  int currentThreadId() const { return thread; }
  void parallelFor(Eigen::Index size, const Eigen::TensorOpCost& of_each,
                   std::function<void(Eigen::Index, Eigen::Index)> work) const {
    calls.push_back(size);
    bytes_each = of_each.bytes_loaded() + of_each.bytes_stored();
    // The last piece first: no order is promised.
    for (Eigen::Index end = size; end > 0; end -= std::min(end, piece)) {
      work(std::max<Eigen::Index>(0, end - piece), end);
    }
  }
};

/// One that says how many threads it has, and takes the sizes of ranges.
struct SizedDevice {
  Eigen::Index threads;
  mutable int calls = 0;

  int numThreads() const { return static_cast<int>(threads); }
  int currentThreadId() const { return -1; }
  void parallelFor(Eigen::Index size, const Eigen::TensorOpCost&,
                   std::function<Eigen::Index(Eigen::Index)> at_least,
                   std::function<void(Eigen::Index, Eigen::Index)> work) const {
    ++calls;
    const Eigen::Index piece = at_least(3);
    for (Eigen::Index begin = 0; begin < size; begin += piece) {
      work(begin, std::min(begin + piece, size));
    }
  }
  void parallelFor(Eigen::Index, const Eigen::TensorOpCost&,
                   std::function<void(Eigen::Index, Eigen::Index)>) const {
    ADD_FAILURE() << "the sizes of ranges are left to the device";
  }
};

// A token has 512 features and reads and writes 1 KiB: two ranges from 1,024 tokens on, and eight
// from 2,048 tokens on.
TEST(TokenRanges, AreOneAThreadAndNoneTooSmall) {
  const auto sizes = [](Eigen::Index tokens, Eigen::Index threads) {
    const SizedDevice device{threads};
    std::vector<Eigen::Index> found;
    Eigen::Index next = 0;
    rw::detail::for_token_ranges(device, tokens, {512, 1024, 1024},
                                 [&](Eigen::Index begin, Eigen::Index end) {
                                   EXPECT_EQ(begin, next);
                                   next = end;
                                   found.push_back(end - begin);
                                 });
    EXPECT_EQ(next, tokens);
    return found;
  };
  using Sizes = std::vector<Eigen::Index>;
  EXPECT_EQ(sizes(1023, 4), Sizes({1023}));
  EXPECT_EQ(sizes(1024, 4), Sizes({512, 512}));
  EXPECT_EQ(sizes(2047, 4), Sizes({683, 683, 681})) << "three of 256 Ki features, not four";
  EXPECT_EQ(sizes(2048, 16), Sizes(8, 256)) << "eight of 128 Ki features";
  EXPECT_EQ(sizes(4097, 4), Sizes({1025, 1025, 1025, 1022}));
  EXPECT_EQ(sizes(4096, 1), Sizes({4096}));
  EXPECT_EQ(sizes(16384, 4), Sizes({4096, 4096, 4096, 4096}));
  EXPECT_EQ(sizes(16386, 4).size(), 5462u) << "beyond 8 MiB a thread as the device likes";
}

// 256 Ki features of 64 tokens of queries and as many of keys are worth two ranges; half are not.
TEST(TokenRanges, CountTheFeaturesOfAllTensors) {
  const rw::Shape shape{1, 64, 32, 128};
  std::vector<float> q_values(64 * 32 * 128), k_values(64 * 32 * 128), entries(64 * 64, 0.5f);
  const rw::View<float> q(q_values.data(), shape), k(k_values.data(), shape);
  const rw::View<const float> rows(entries.data(), {1, 64, 1, 64});
  const SizedDevice device{2};
  rw::apply_inplace(device, q, rw::half_table(rows, rows));
  EXPECT_EQ(device.calls, 0);
  rw::apply_inplace(device, std::tie(q, k), rw::half_table(rows, rows));
  EXPECT_EQ(device.calls, 1);
}

TYPED_TEST(FusedThreads, AnySplitGivesTheBitsOfOne) {
  const Problem<TypeParam> problem(rw::Shape{3, 7, 2, 30});
  for (Eigen::Index piece = 1; piece <= 21; ++piece) {
    const RecordingDevice device{piece};
    EXPECT_TRUE(problem.holds({Form::fused, rw::default_isa()}, device)) << "piece " << piece;
    EXPECT_EQ(device.calls, std::vector<Eigen::Index>{21});
    EXPECT_EQ(device.bytes_each, 2.0 * 2 * 30 * sizeof(TypeParam)) << "x and out of a token";
    // In place a token that two pieces took would be turned twice.
    std::vector<TypeParam> turned = problem.x;
    rw::apply_inplace(device, rw::View<TypeParam>(turned.data(), problem.shape), problem.table());
    EXPECT_TRUE(same_bits(turned, problem.wanted)) << "in place, piece " << piece;
  }
}

TYPED_TEST(FusedThreads, OneTokenStaysOnTheCallersThread) {
  const RecordingDevice device{1};
  const Problem<TypeParam> problem(rw::Shape{1, 1, 32, 128});
  EXPECT_TRUE(problem.holds({Form::fused, rw::default_isa()}, device));
  EXPECT_TRUE(device.calls.empty());
}

TYPED_TEST(FusedThreads, CallFromInsideThePoolStaysOnItsThread) {
  const RecordingDevice device{1, 0};
  const Problem<TypeParam> problem(large);
  EXPECT_TRUE(problem.holds({Form::fused, rw::default_isa()}, device));
  EXPECT_TRUE(device.calls.empty());
}

}  // namespace
}  // namespace ropewalk_test
