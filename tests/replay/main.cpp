// Every form for every pair of types, norms, slots, and many threads at once, without GoogleTest:
// what MemorySanitizer and ThreadSanitizer watch. Between rows nothing is initialised.
#define EIGEN_USE_THREADS  // Eigen declares its ThreadPoolDevice only then

#include <Eigen/Core>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/norm_turns.hpp"
#include "../support/reader_tables.hpp"
#include "ropewalk/ropewalk.hpp"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define ROPEWALK_TESTS_EXPECT_INITIALISED(data, size) __msan_check_mem_is_initialized(data, size)
#endif
#endif
#if !defined(ROPEWALK_TESTS_EXPECT_INITIALISED)
#define ROPEWALK_TESTS_EXPECT_INITIALISED(data, size) static_cast<void>(0)
#endif

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

std::atomic<int> calls{0};
std::atomic<int> failures{0};

void expect(bool holds, const char* what) {
  ++calls;
  if (holds) return;
  if (++failures < 10) std::fprintf(stderr, "FAILED  %s\n", what);
}

/// Memory as malloc leaves it.
template <class T>
class Uninitialised {
 public:
  explicit Uninitialised(Index count)
      : values_(static_cast<T*>(std::malloc(count_of(count) * sizeof(T)))) {}
  T* data() { return values_.get(); }

 private:
  struct Free {
    void operator()(T* values) const { std::free(values); }
  };
  std::unique_ptr<T, Free> values_;
};

/// Rows 6 entries apart; tokens too.
rw::Strides apart(const rw::Shape& shape) {
  const Index row = shape.head_dim + 6;
  const Index token = shape.heads * row + 6;
  return {shape.seq * token, token, row};
}

/// Of the rows row_of(b, s, h).
template <class RowOf>
std::uint64_t hash_rows(const rw::Shape& shape, const RowOf& row_of) {
  std::uint64_t hash = 0;
  for (Index b = 0; b < shape.batch; ++b) {
    for (Index s = 0; s < shape.seq; ++s) {
      for (Index h = 0; h < shape.heads; ++h) {
        const auto* row = row_of(b, s, h);
        const std::size_t count = count_of(shape.head_dim);
        ROPEWALK_TESTS_EXPECT_INITIALISED(row, count * sizeof(*row));
        hash = hash_bits(row, count, hash);
      }
    }
  }
  return hash;
}

template <class T>
std::uint64_t hash_rows(const rw::View<T>& view) {
  return hash_rows(view.shape(), [&](Index b, Index s, Index h) { return view.row(b, s, h); });
}

// One thread
// ---------------------------------------------------------------------------------------

struct Case {
  rw::Shape shape;
  Index pairs;
  Layout layout;
  rw::Pairing pairing;
  rw::Stores stores;
  rw::Compute compute;
  Values values = Values::special;
};

template <class X, class Tab>
struct Problem {
  explicit Problem(const Case& of)
      : shape(of.shape),
        x_memory(shape.batch * apart(shape).batch),
        out_memory(shape.batch * apart(shape).batch),
        x(x_memory.data(), shape, apart(shape)),
        table_values(random_values<Tab>(
            count_of(table_size(of.layout, {1, shape.seq, 1, of.pairs})), of.values, 2)),
        table(table_over(table_values.data(), of.layout, {1, shape.seq, 1, of.pairs})) {
    const auto values = random_values<X>(size_of(shape), of.values, 1);
    copy_rows(x, rw::View<const X>(values.data(), shape));
    options.pairing = of.pairing;
    options.stores = of.stores;
    options.compute = of.compute;
  }

  std::uint64_t hash_of(const Form& form) {
    const rw::View<X> out(out_memory.data(), shape, apart(shape));
    apply_form(form, Eigen::DefaultDevice{}, out, rw::View<const X>(x), table, options);
    return hash_rows(out);
  }

  rw::Shape shape;
  Uninitialised<X> x_memory, out_memory;
  rw::View<X> x;
  std::vector<Tab> table_values;
  rw::TableView<Tab> table;
  CallOptions options;
};

template <class X, class Tab>
void replay() {
  const rw::Pairing pairings[] = {rw::Pairing::interleaved, rw::Pairing::half};
  const Layout layouts[] = {Layout::half, Layout::packed, Layout::four};
  std::size_t turn = 0;
  for (const Index head_dim : {2, 6, 14, 30, 62, 94, 128, 188, 256}) {
    for (const Index rest : {0, 4}) {
      const Index pairs = head_dim > rest ? (head_dim - rest) / 2 : 0;
      const Layout layout = layouts[turn++ % 3];
      for (const rw::Pairing pairing : pairings) {
        Problem<X, Tab> problem({{2, 2, 3, head_dim},
                                 pairs,
                                 layout,
                                 pairing,
                                 turn % 2 == 0 ? rw::Stores::nontemporal : rw::Stores::cached,
                                 turn % 4 == 3 ? rw::Compute::wide : rw::Compute::promoted});
        const std::uint64_t wanted = problem.hash_of({Form::strided, {}});
        for (const Form& form : forms_of<X, X>()) {
          expect(problem.hash_of(form) == wanted, "a form has other bits");
        }
      }
    }
  }
}

template <class X>
void replay_tables() {
  replay<X, double>();
  replay<X, float>();
  replay<X, Eigen::half>();
  replay<X, Eigen::bfloat16>();
}

// Norms
// -------------------------------------------------------------------------------------------

template <class X, class W>
struct NormProblem : Problem<X, float> {
  NormProblem(const Case& of, bool over_token, int turn)
      : Problem<X, float>(of),
        weight(random_values<W>(count_of((over_token ? of.shape.heads : 1) * of.shape.head_dim),
                                Values::uniform, 3)),
        norm(rw::rms_norm_torch(weight.data(), static_cast<Index>(weight.size()))) {
    norm.finish = finish_of<X, W>(turn);
    if (over_token) norm = norm.over_token();
    const Index tokens = of.shape.batch * of.shape.seq;
    for (Index token = 0; token < tokens; ++token) slots.push_back(tokens - 1 - token);
  }

  /// Of what call(out) writes to memory as malloc leaves it.
  template <class Call>
  std::uint64_t hash_after(const Call& call) const {
    Uninitialised<X> memory(this->shape.batch * apart(this->shape).batch);
    const rw::View<X> out(memory.data(), this->shape, apart(this->shape));
    call(out);
    return hash_rows(out);
  }

  std::uint64_t hash_of_definition() const {
    return hash_after([this](const rw::View<X>& out) {
      rw::apply_strided(rw::serial, out, this->x, norm, this->table, this->options);
    });
  }

  template <class Device>
  std::uint64_t hash_of_fused(const Device& device, const rw::CpuOptions& cpu) const {
    return hash_after([&](const rw::View<X>& out) {
      rw::apply(device, out, this->x, norm, this->table, this->options, cpu);
    });
  }

  template <class Device>
  std::uint64_t hash_in_place(const Device& device, const rw::CpuOptions& cpu) const {
    return hash_after([&](const rw::View<X>& out) {
      copy_rows(out, rw::View<const X>(this->x));
      rw::apply_inplace(device, out, norm, this->table, this->options, cpu);
    });
  }

  /// Of the rows of a cache of one block, the last slot for the first token.
  template <class Device>
  std::uint64_t hash_of_slots(const Device& device, const rw::CpuOptions& cpu) const {
    const auto [batch, seq, heads, head_dim] = this->shape;
    const rw::Shape block{1, batch * seq, heads, head_dim};
    Uninitialised<X> memory(apart(block).batch);
    const rw::View<X> cache(memory.data(), block, apart(block));
    const auto row_of = [&, seq = seq](Index b, Index s, Index h) {
      return cache.row(0, slots[count_of(b * seq + s)], h);
    };
    rw::apply(device, cache.rows(slots.data(), batch, seq), this->x, norm, this->table,
              this->options, cpu);
    return hash_rows(this->shape, row_of);
  }

  std::vector<W> weight;
  rw::RmsNorm<W> norm;
  std::vector<std::int64_t> slots;
};

template <class X, class W, class Device>
void expect_norm(const NormProblem<X, W>& problem, const Device& device) {
  const std::uint64_t wanted = problem.hash_of_definition();
  for (const rw::Isa isa : rw::available_isas()) {
    const rw::CpuOptions cpu(problem.options.stores, isa);
    expect(problem.hash_of_fused(device, cpu) == wanted, "a norm has other bits");
    expect(problem.hash_of_slots(device, cpu) == wanted, "a norm into slots has other bits");
    if (problem.options.pairing == rw::Pairing::interleaved_to_half) continue;
    expect(problem.hash_in_place(device, cpu) == wanted, "a norm in place has other bits");
  }
}

template <class X, class W>
void replay_norms() {
  int turn = 0;
  for (const Index head_dim : {2, 6, 14, 30, 62, 94, 128, 188, 576}) {
    for (const bool over_token : {false, true}) {
      for (const rw::Pairing pairing : pairings) {
        const Index pairs = turn % 4 == 3 ? head_dim / 4 : head_dim / 2;
        Case of{{2, 2, 3, head_dim},
                pairs,
                turn % 5 == 4 ? Layout::packed : Layout::half,
                pairing,
                turn % 2 == 0 ? rw::Stores::nontemporal : rw::Stores::cached,
                rw::Compute::promoted};
        of.values = Values::uniform;
        // By the size, too, so that a pairing meets every finish.
        expect_norm(NormProblem<X, W>(of, over_token, turn + turn / 6), rw::serial);
        ++turn;
      }
    }
  }
}

// Many threads
// -------------------------------------------------------------------------------------

constexpr rw::Shape shared_shape{2, 701, 4, 94};  // 512 Ki features: a pool splits them
constexpr int thread_count = 4;

/// One x and one table that all threads read.
struct Shared {
  std::vector<float> x = random_values<float>(size_of(shared_shape), Values::special, 1);
  std::vector<float> table_values = random_values<float>(701 * 94, Values::special, 2);

  rw::TableView<float> table() const {
    return table_over(table_values.data(), Layout::half, {1, 701, 1, 47});
  }

  template <class Device>
  std::vector<float> applied(const Device& device) const {
    std::vector<float> out(x.size());
    rw::apply(device, rw::View<float>(out.data(), shared_shape),
              rw::View<const float>(x.data(), shared_shape), table());
    return out;
  }
};

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return hash_bits(a) == hash_bits(b);
}

template <class Body>
void on_threads(const Body& body) {
  std::atomic<int> missing{thread_count};
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      // All start at once.
      --missing;
      while (missing > 0) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Nothing may call the library before: what settles the instruction set and the size of the cache
/// is raced for.
void race_first_use(const Shared& shared) {
  std::vector<std::vector<float>> results(thread_count);
  on_threads([&](int i) {
    results[static_cast<std::size_t>(i)] = shared.applied(Eigen::DefaultDevice{});
  });
  for (const std::vector<float>& result : results) {
    expect(same(result, results[0]), "threads that call first have other bits");
  }
}

/// From outside of the pool and from all of its threads, at once.
void apply_on_pool(const Shared& shared) {
  const std::vector<float> wanted = shared.applied(Eigen::DefaultDevice{});
  Eigen::ThreadPool pool(thread_count);
  const Eigen::ThreadPoolDevice device(&pool, thread_count);
  const auto call = [&] {
    for (int i = 0; i < 5; ++i) expect(same(shared.applied(device), wanted), "on the pool");
  };
  Eigen::Barrier finished(2 * thread_count);
  for (int i = 0; i < 2 * thread_count; ++i) {
    pool.Schedule([&] {
      call();
      finished.Notify();
    });
  }
  on_threads([&](int) { call(); });
  finished.Wait();
}

template <class X, class W>
void norms_on_pool(const Eigen::ThreadPoolDevice& device, int turn) {
  for (const bool over_token : {false, true}) {
    Case of{shared_shape,         47, Layout::half, rw::Pairing::interleaved, rw::Stores::automatic,
            rw::Compute::promoted};
    of.values = Values::uniform;
    expect_norm(NormProblem<X, W>(of, over_token, turn++), device);
  }
}

template <class X, class W>
void all_of_norms(const Eigen::ThreadPoolDevice& device, int turn) {
  replay_norms<X, W>();
  norms_on_pool<X, W>(device, turn);
}

void all_norms() {
  Eigen::ThreadPool pool(thread_count);
  const Eigen::ThreadPoolDevice device(&pool, thread_count);
  all_of_norms<float, float>(device, 0);
  all_of_norms<Eigen::half, Eigen::half>(device, 1);
  all_of_norms<Eigen::half, float>(device, 2);
  all_of_norms<Eigen::bfloat16, Eigen::bfloat16>(device, 0);
  all_of_norms<Eigen::bfloat16, float>(device, 1);
}

}  // namespace
}  // namespace ropewalk_test

int main() {
  using namespace ropewalk_test;
  {
    const Shared shared;
    race_first_use(shared);
    apply_on_pool(shared);
  }
  replay_tables<float>();
  replay_tables<double>();
  replay_tables<Eigen::half>();
  replay_tables<Eigen::bfloat16>();
  all_norms();
  std::printf("%d calls, %d failed\n", calls.load(), failures.load());
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
