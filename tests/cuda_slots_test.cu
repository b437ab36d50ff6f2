// Rows that go to slots of a cache on a device, values that are copied with them: against the CPU's
// own, and what only a device has: slots past the last one, which leave their token.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/cuda_memory.cuh"
#include "support/error_of.hpp"
#include "support/forms.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::NormOrder;
using rw::Pairing;
using rw::Shape;

constexpr Index block_size = 4;

/// How a cache lies in memory: its blocks one after the other, heads before tokens, or keys and
/// values of each block side by side.
enum class Order { dense, heads_first, with_gaps };
constexpr Order orders[] = {Order::dense, Order::heads_first, Order::with_gaps};

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half, Pairing::interleaved_to_half};

/// As many blocks as tokens need, and one more row at least.
Shape cache_shape(const Shape& x) {
  return {x.batch * x.seq / block_size + 1, block_size, x.heads, x.head_dim};
}

template <class T>
rw::View<T> cache_view(T* data, const Shape& x, Order order) {
  const Shape shape = cache_shape(x);
  if (order == Order::heads_first) return rw::bhsd_view(data, shape);
  const Index token = shape.heads * shape.head_dim, block = block_size * token;
  return {data, shape, {order == Order::with_gaps ? 2 * block : block, token, shape.head_dim}};
}

/// Random bits for a cache in any order: beyond its last row, too, where a slot past it would be.
template <class T>
std::vector<T> filled_cache(const Shape& x, std::uint64_t seed) {
  return random_values<T>(2 * size_of(cache_shape(x)), Values::any, seed);
}

/// Every slot at most once, in no order; some tokens have a negative one, some one past the last.
/// For the CPU, which refuses those, the same with negative ones in their place.
template <class Id>
struct SomeSlots {
  std::vector<Id> given, for_cpu;
  DeviceMemory memory;
  Index batch, seq;

  explicit SomeSlots(const Shape& x)
      : given(drawn(x, false)),
        for_cpu(drawn(x, true)),
        memory(given),
        batch(x.batch),
        seq(x.seq) {}

  static std::vector<Id> drawn(const Shape& x, bool of_cpu) {
    const Shape cache = cache_shape(x);
    const Index rows = cache.batch * cache.seq, step = rows % 7 == 0 ? 11 : 7;
    const Id past[] = {static_cast<Id>(rows), static_cast<Id>(rows + 2),
                       std::numeric_limits<Id>::max()};
    const Id negative[] = {-1, -2, std::numeric_limits<Id>::min()};
    std::vector<Id> slots;
    for (Index token = 0; token < x.batch * x.seq; ++token) {
      Id slot = static_cast<Id>((step * token + 3) % rows);
      if (token % 5 == 2) slot = negative[token % 3];
      if (token % 7 == 3) slot = of_cpu ? -1 : past[token % 3];
      slots.push_back(slot);
    }
    return slots;
  }

  template <class T>
  rw::SlotView<T> on_cpu(const rw::View<T>& cache) const {
    return cache.rows(for_cpu.data(), batch, seq);
  }
  template <class T>
  rw::SlotView<T> on_device(const rw::View<T>& cache) const {
    return cache.rows(memory.as<Id>(), batch, seq);
  }
};

/// A table of half width on the host and on the device.
template <class Tab>
struct Tables {
  Shape rows;
  std::vector<Tab> cos, sin;
  DeviceMemory device_cos, device_sin;

  Tables(Index seq, Index pairs)
      : rows{1, seq, 1, pairs},
        cos(random_values<Tab>(count_of(seq * pairs), Values::uniform, 11)),
        sin(random_values<Tab>(count_of(seq * pairs), Values::uniform, 12)),
        device_cos(cos),
        device_sin(sin) {}

  rw::TableView<Tab> of(const Tab* c, const Tab* s) const {
    return rw::half_table(rw::View<const Tab>(c, rows), rw::View<const Tab>(s, rows));
  }
  rw::TableView<Tab> on_cpu() const { return of(cos.data(), sin.data()); }
  rw::TableView<Tab> on_device() const { return of(device_cos.as<Tab>(), device_sin.as<Tab>()); }
};

template <class T>
rw::View<const T> placed(const T* data, const Shape& shape, bool heads_outside) {
  if (heads_outside) return rw::bhsd_view(data, shape);
  return {data, shape};
}

// Rotations ---------------------------------------------------------------------------------------

template <class T>
class CudaSlots : public testing::Test {
 public:
  /// Of one tensor whose out is a cache.
  template <class Tab, class Id>
  static void expect_of_cpu(const Shape& shape, Index pairs, Pairing pairing, Order order,
                            bool heads_outside) {
    const Tables<Tab> table(shape.seq, pairs);
    const SomeSlots<Id> slots(shape);
    const auto x = random_values<T>(size_of(shape), Values::special, 1);
    auto wanted = filled_cache<T>(shape, 2);
    const DeviceMemory from(x), cache(wanted);
    rw::apply(rw::serial, slots.on_cpu(cache_view(wanted.data(), shape, order)),
              placed(x.data(), shape, heads_outside), table.on_cpu(), rw::Options(pairing));
    rw::cuda::apply(nullptr, slots.on_device(cache_view(cache.as<T>(), shape, order)),
                    placed<T>(from.as<T>(), shape, heads_outside), table.on_device(),
                    rw::Options(pairing));
    check(cudaDeviceSynchronize());
    EXPECT_TRUE(same_bits(cache.values<T>(), wanted));
  }
};
TYPED_TEST_SUITE(CudaSlots, Dtypes, DtypeNames);

// Kernels for units and for heads, in whole packs, narrow ones and pair by pair; launches of one
// token, of few and of many; features that pass through.
TYPED_TEST(CudaSlots, TakeWhatTheCpuWrites) {
  struct Rows {
    Shape shape;
    Index pairs;
  };
  const Rows all[] = {{{1, 17, 3, 128}, 64}, {{2, 37, 5, 64}, 24}, {{1, 1, 8, 128}, 64},
                      {{1, 13, 2, 10}, 5},   {{1, 9, 1, 72}, 36},  {{1, 1031, 8, 128}, 64},
                      {{2, 600, 3, 96}, 32}};
  Index i = 0;
  for (const Rows& of : all) {
    for (const Pairing pairing : pairings) {
      for (const Order order : orders) {
        for (const bool heads_outside : {false, true}) {
          SCOPED_TRACE(testing::Message() << "case " << ++i);
          if (i % 2 == 0) {
            this->template expect_of_cpu<float, std::int32_t>(of.shape, of.pairs, pairing, order,
                                                              heads_outside);
          } else {
            this->template expect_of_cpu<TypeParam, std::int64_t>(of.shape, of.pairs, pairing,
                                                                  order, heads_outside);
          }
          if (this->HasFailure()) return;
        }
      }
    }
  }
}

// Queries with an out of their own, keys and values to the slots of two caches, values also to a
// dense out: one launch.
TYPED_TEST(CudaSlots, ValuesAreCopiedToTheBit) {
  for (const Shape& shape : {Shape{2, 19, 4, 128}, Shape{1, 1031, 2, 64}, Shape{1, 5, 3, 10}}) {
    const Shape q_shape{shape.batch, shape.seq, 2 * shape.heads, shape.head_dim};
    const Tables<float> table(shape.seq, shape.head_dim / 2);
    const SomeSlots<std::int64_t> slots(shape);
    const auto q = random_values<TypeParam>(size_of(q_shape), Values::special, 1);
    const auto k = random_values<TypeParam>(size_of(shape), Values::special, 2);
    const auto v = random_values<TypeParam>(size_of(shape), Values::any, 3);
    const DeviceMemory q_there(q), k_there(k), v_there(v), q_out(q), v_out(k);
    const rw::View<const TypeParam> v_rows(v.data(), shape);
    const rw::View<const TypeParam> v_rows_there(v_there.as<TypeParam>(), shape);
    for (const Order order : orders) {
      auto keys = filled_cache<TypeParam>(shape, 4), values = filled_cache<TypeParam>(shape, 5);
      const DeviceMemory keys_there(keys), values_there(values);
      auto wanted_q = q, wanted_v = k;
      rw::apply(rw::serial,
                std::tuple{rw::View<TypeParam>(wanted_q.data(), q_shape),
                           slots.on_cpu(cache_view(keys.data(), shape, order)),
                           slots.on_cpu(cache_view(values.data(), shape, order)),
                           rw::View<TypeParam>(wanted_v.data(), shape)},
                std::tuple{rw::View<const TypeParam>(q.data(), q_shape),
                           rw::View<const TypeParam>(k.data(), shape), rw::copied(v_rows),
                           rw::copied(v_rows)},
                table.on_cpu(), rw::half_pairs);
      rw::cuda::apply(
          nullptr,
          std::tuple{rw::View<TypeParam>(q_out.as<TypeParam>(), q_shape),
                     slots.on_device(cache_view(keys_there.as<TypeParam>(), shape, order)),
                     slots.on_device(cache_view(values_there.as<TypeParam>(), shape, order)),
                     rw::View<TypeParam>(v_out.as<TypeParam>(), shape)},
          std::tuple{rw::View<const TypeParam>(q_there.as<TypeParam>(), q_shape),
                     rw::View<const TypeParam>(k_there.as<TypeParam>(), shape),
                     rw::copied(v_rows_there), rw::copied(v_rows_there)},
          table.on_device(), rw::half_pairs);
      check(cudaDeviceSynchronize());
      EXPECT_TRUE(same_bits(q_out.template values<TypeParam>(), wanted_q));
      EXPECT_TRUE(same_bits(keys_there.template values<TypeParam>(), keys));
      EXPECT_TRUE(same_bytes(values_there.template values<TypeParam>(), values));
      EXPECT_TRUE(same_bytes(v_out.template values<TypeParam>(), v));
    }
  }
}

// A cache of the type that x and the table promote to.
TEST(CudaSlotsOfPromotedRows, TakeWhatTheCpuWrites) {
  for (const Shape& shape : {Shape{1, 21, 2, 64}, Shape{1, 7, 2, 10}}) {
    const Tables<float> table(shape.seq, shape.head_dim / 2);
    const SomeSlots<std::int32_t> slots(shape);
    const auto x = random_values<half>(size_of(shape), Values::special, 1);
    auto wanted = filled_cache<float>(shape, 2);
    const DeviceMemory from(x), cache(wanted);
    rw::apply(rw::serial, slots.on_cpu(cache_view(wanted.data(), shape, Order::with_gaps)),
              rw::View<const half>(x.data(), shape), table.on_cpu());
    rw::cuda::apply(nullptr,
                    slots.on_device(cache_view(cache.as<float>(), shape, Order::with_gaps)),
                    rw::View<const half>(from.as<half>(), shape), table.on_device());
    check(cudaDeviceSynchronize());
    EXPECT_TRUE(same_bits(cache.values<float>(), wanted));
  }
}

// Ids of the table beside slots: some leave their token, too.
TEST(CudaSlotsOfGatheredRows, TakeWhatTheCpuWrites) {
  for (const Shape& shape : {Shape{1, 23, 4, 128}, Shape{1, 1100, 4, 128}, Shape{1, 23, 3, 10}}) {
    const Tables<float> table(64, shape.head_dim / 2);
    const SomeSlots<std::int64_t> slots(shape);
    const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
    for (const bool leaves : {false, true}) {
      std::vector<int> positions;
      for (Index s = 0; s < shape.seq; ++s) {
        positions.push_back(leaves && s % 4 == 1 ? -7 : static_cast<int>(s * 5 % 64));
      }
      const auto gathered = [&](const rw::TableView<float>& view, const int* ids) {
        const auto rows = view.gather(ids, shape.seq);
        return leaves ? rows.leaving(-7) : rows;
      };
      const DeviceMemory ids(positions), from(x);
      auto wanted = filled_cache<float>(shape, 2), wanted_values = filled_cache<float>(shape, 3);
      const DeviceMemory keys(wanted), values(wanted_values);
      const rw::View<const float> rows(x.data(), shape), rows_there(from.as<float>(), shape);
      rw::apply(rw::serial,
                std::tuple{slots.on_cpu(cache_view(wanted.data(), shape, Order::dense)),
                           slots.on_cpu(cache_view(wanted_values.data(), shape, Order::dense))},
                std::tuple{rows, rw::copied(rows)}, gathered(table.on_cpu(), positions.data()));
      rw::cuda::apply(
          nullptr,
          std::tuple{slots.on_device(cache_view(keys.as<float>(), shape, Order::dense)),
                     slots.on_device(cache_view(values.as<float>(), shape, Order::dense))},
          std::tuple{rows_there, rw::copied(rows_there)},
          gathered(table.on_device(), ids.as<int>()));
      check(cudaDeviceSynchronize());
      EXPECT_TRUE(same_bits(keys.values<float>(), wanted));
      EXPECT_TRUE(same_bytes(values.values<float>(), wanted_values));
    }
  }
}

TEST(CudaSlotsOfNoRows, NothingIsWritten) {
  const Shape shape{1, 9, 2, 64};
  const Tables<float> table(shape.seq, 32);
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  const auto before = filled_cache<float>(shape, 2);
  const DeviceMemory from(x), cache(before);
  const rw::View<const float> rows(from.as<float>(), shape);
  const auto all = cache_view(cache.as<float>(), shape, Order::dense);
  for (const int slot : {-1, 12, std::numeric_limits<int>::max()}) {
    const DeviceMemory slots(std::vector<int>(9, slot));
    rw::cuda::apply(nullptr, all.rows(slots.as<int>(), 1, 9), rows, table.on_device());
    rw::cuda::apply(nullptr, all.rows(slots.as<int>(), 1, 9), rows,
                    rw::rms_norm_without_weight(1e-6), table.on_device());
  }
  // A cache of no rows, in no memory.
  const DeviceMemory slots(std::vector<int>(9, 0));
  const rw::View<float> none(nullptr, {0, block_size, 2, 64});
  rw::cuda::apply(nullptr, none.rows(slots.as<int>(), 1, 9), rows, table.on_device());
  check(cudaDeviceSynchronize());
  EXPECT_TRUE(same_bytes(cache.values<float>(), before));
}

// Norms -------------------------------------------------------------------------------------------

template <class T>
class CudaNormedSlots : public testing::Test {};
using NormDtypes = testing::Types<float, half, bfloat16>;
TYPED_TEST_SUITE(CudaNormedSlots, NormDtypes, DtypeNames);

/// A prologue: queries in place, keys normalised to their slots, values copied there.
template <class T, class NormType, class Tab>
struct Prologue {
  Shape q_shape, shape;
  Tables<Tab> table;
  SomeSlots<std::int32_t> slots;
  std::vector<T> q, k, v;
  std::vector<T> weight;
  DeviceMemory k_there, v_there, weight_there;

  explicit Prologue(const Shape& of)
      : q_shape{of.batch, of.seq, 2 * of.heads, of.head_dim},
        shape(of),
        table(of.seq, of.head_dim / 2),
        slots(of),
        q(random_values<T>(size_of(q_shape), Values::special, 1)),
        k(random_values<T>(size_of(of), Values::special, 2)),
        v(random_values<T>(size_of(of), Values::any, 3)),
        weight(random_values<T>(count_of(2 * of.heads * of.head_dim), Values::uniform, 4)),
        k_there(k),
        v_there(v),
        weight_there(weight) {}

  static rw::RmsNorm<T> norm(const T* of, const Shape& rows) { return NormType::of(of, rows); }

  /// What the device writes: queries, the caches of keys and of values.
  std::vector<std::vector<T>> on_device(Order order, Pairing pairing, NormOrder sums) const {
    const DeviceMemory q_there(q), q_out(q), keys(filled_cache<T>(shape, 5)),
        values(filled_cache<T>(shape, 6));
    const rw::View<const T> v_rows(v_there.as<T>(), shape);
    rw::cuda::apply(nullptr,
                    std::tuple{rw::View<T>(q_out.as<T>(), q_shape),
                               slots.on_device(cache_view(keys.as<T>(), shape, order)),
                               slots.on_device(cache_view(values.as<T>(), shape, order))},
                    std::tuple{rw::View<const T>(q_there.as<T>(), q_shape),
                               rw::View<const T>(k_there.as<T>(), shape), rw::copied(v_rows)},
                    std::tuple{norm(weight_there.as<T>(), q_shape).in_order(sums),
                               norm(weight_there.as<T>(), shape).in_order(sums), rw::no_norm},
                    table.on_device(), rw::Options(pairing));
    check(cudaDeviceSynchronize());
    return {q_out.values<T>(), keys.values<T>(), values.values<T>()};
  }

  std::vector<std::vector<T>> on_cpu(Order order, Pairing pairing) const {
    auto q_out = q, keys = filled_cache<T>(shape, 5), values = filled_cache<T>(shape, 6);
    const rw::View<const T> v_rows(v.data(), shape);
    rw::apply(rw::serial,
              std::tuple{rw::View<T>(q_out.data(), q_shape),
                         slots.on_cpu(cache_view(keys.data(), shape, order)),
                         slots.on_cpu(cache_view(values.data(), shape, order))},
              std::tuple{rw::View<const T>(q.data(), q_shape), rw::View<const T>(k.data(), shape),
                         rw::copied(v_rows)},
              std::tuple{norm(weight.data(), q_shape), norm(weight.data(), shape), rw::no_norm},
              table.on_cpu(), rw::Options(pairing));
    return {q_out, keys, values};
  }

  /// What the device writes where out is dense, its rows then moved one by one.
  std::vector<std::vector<T>> moved(Order order, Pairing pairing) const {
    const DeviceMemory q_there(q), q_out(q), dense(k);
    rw::cuda::apply(
        nullptr, std::tuple{rw::View<T>(q_out.as<T>(), q_shape), rw::View<T>(dense.as<T>(), shape)},
        std::tuple{rw::View<const T>(q_there.as<T>(), q_shape),
                   rw::View<const T>(k_there.as<T>(), shape)},
        std::tuple{norm(weight_there.as<T>(), q_shape), norm(weight_there.as<T>(), shape)},
        table.on_device(), rw::Options(pairing));
    check(cudaDeviceSynchronize());
    auto keys = filled_cache<T>(shape, 5), values = filled_cache<T>(shape, 6);
    move_rows(cache_view(keys.data(), shape, order), dense.values<T>());
    move_rows(cache_view(values.data(), shape, order), v);
    return {q_out.values<T>(), keys, values};
  }

  void move_rows(const rw::View<T>& cache, const std::vector<T>& rows) const {
    const rw::View<const T> from(rows.data(), shape);
    for (Index b = 0; b < shape.batch; ++b) {
      for (Index s = 0; s < shape.seq; ++s) {
        const Index slot = slots.for_cpu[count_of(b * shape.seq + s)];
        for (Index h = 0; h < shape.heads && slot >= 0; ++h) {
          std::memcpy(static_cast<void*>(cache.row(slot / block_size, slot % block_size, h)),
                      from.row(b, s, h), count_of(shape.head_dim) * sizeof(T));
        }
      }
    }
  }
};

template <class T>
void expect_same(const std::vector<std::vector<T>>& out, const std::vector<std::vector<T>>& wanted,
                 const char* what) {
  EXPECT_TRUE(same_bits(out[0], wanted[0])) << "queries, " << what;
  EXPECT_TRUE(same_bits(out[1], wanted[1])) << "keys, " << what;
  EXPECT_TRUE(same_bytes(out[2], wanted[2])) << "values, " << what;
}

/// Every order of sums: a CPU's against the CPU, the rule's own against a dense out on the device.
template <class T, class NormType, class Tab = T>
void expect_prologues() {
  for (const Shape& shape :
       {Shape{1, 13, 4, 128}, Shape{2, 19, 4, 128}, Shape{2, 600, 2, 128}, Shape{1, 1, 2, 64},
        Shape{1, 1031, 3, 64}, Shape{2, 7, 3, 80}, Shape{1, 5, 2, 10}}) {
    const Prologue<T, NormType, Tab> of(shape);
    for (const Order order : orders) {
      for (const Pairing pairing : pairings) {
        SCOPED_TRACE(testing::Message()
                     << shape.seq << " tokens, head_dim " << shape.head_dim << ", order "
                     << static_cast<int>(order) << ", pairing " << static_cast<int>(pairing));
        expect_same(of.on_device(order, pairing, NormOrder::cpu), of.on_cpu(order, pairing),
                    "as on a CPU");
        expect_same(of.on_device(order, pairing, NormOrder::automatic), of.moved(order, pairing),
                    "as a dense out");
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

struct PerHead {
  template <class T>
  static rw::RmsNorm<T> of(const T* weight, const Shape& rows) {
    return rw::rms_norm_torch(weight, rows.head_dim);
  }
};
struct PerHeadByPowers {
  template <class T>
  static rw::RmsNorm<T> of(const T* weight, const Shape& rows) {
    return rw::rms_norm_hf(weight, rows.head_dim);
  }
};
struct OverToken {
  template <class T>
  static rw::RmsNorm<T> of(const T* weight, const Shape& rows) {
    return rw::rms_norm_torch(weight, rows.heads * rows.head_dim).over_token();
  }
};

TYPED_TEST(CudaNormedSlots, PerHead) { expect_prologues<TypeParam, PerHead>(); }
TYPED_TEST(CudaNormedSlots, PerHeadByPowers) { expect_prologues<TypeParam, PerHeadByPowers>(); }
TYPED_TEST(CudaNormedSlots, OverToken) { expect_prologues<TypeParam, OverToken>(); }

TEST(CudaNormedSlotsByFloats, PerHead) { expect_prologues<bfloat16, PerHead, float>(); }
TEST(CudaNormedSlotsByFloats, OverToken) { expect_prologues<bfloat16, OverToken, float>(); }

// Errors ------------------------------------------------------------------------------------------

struct CudaSlotErrors : testing::Test {
  const Shape shape{2, 3, 2, 64};
  Tables<float> table{3, 32};
  std::vector<float> before = filled_cache<float>(shape, 2);
  DeviceMemory x{random_values<float>(size_of(shape), Values::uniform, 1)}, cache{before};
  DeviceMemory slots{std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}};

  rw::View<const float> rows() const { return {x.as<float>(), shape}; }
  rw::View<float> out() const { return cache_view(cache.as<float>(), shape, Order::dense); }

  template <class Out>
  std::string error(const Out& to, const rw::cuda::CudaOptions& device = {}) {
    const std::string text = error_of(
        [&] { rw::cuda::apply(nullptr, to, rows(), table.on_device(), rw::half_pairs, device); });
    const std::string of_norm = error_of([&] {
      rw::cuda::apply(nullptr, to, rows(), rw::rms_norm_without_weight(1e-6), table.on_device(),
                      rw::half_pairs, device);
    });
    check(cudaDeviceSynchronize());
    EXPECT_EQ(text, of_norm);
    EXPECT_TRUE(same_bytes(cache.values<float>(), before)) << "written before it was refused";
    return text;
  }
};

TEST_F(CudaSlotErrors, NoSlots) {
  const std::int64_t* null = nullptr;
  EXPECT_EQ(error(out().rows(null, 2, 3)),
            "cuda::apply: slots of out are null, must point to the slots");
}

TEST_F(CudaSlotErrors, SlotsOfOtherTokens) {
  const auto* ids = slots.as<std::int64_t>();
  EXPECT_EQ(error(out().rows(ids, 1, 6)), "cuda::apply: batch of out is 1, must be 2");
  EXPECT_EQ(error(out().rows(ids, 2, 2)), "cuda::apply: seq of out is 2, must be 3");
  EXPECT_EQ(error(out().heads(0, 1).rows(ids, 2, 3)), "cuda::apply: heads of out is 1, must be 2");
}

TEST_F(CudaSlotErrors, MemoryThatMeets) {
  const auto* ids = slots.as<std::int64_t>();
  EXPECT_EQ(error(rw::View<float>(x.as<float>(), {1, 6, 2, 64}).rows(ids, 2, 3)),
            "cuda::apply: memory of out overlaps that of x, must be apart from it");
  const auto* inside = reinterpret_cast<std::int64_t*>(cache.as<float>() + 2);
  EXPECT_EQ(error(out().rows(inside, 2, 3)),
            "cuda::apply: memory of out overlaps that of the slots of out, must be apart from it");
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, std::tuple{out().rows(ids, 2, 3), out().rows(ids, 2, 3)},
                              std::tuple{rows(), rw::copied(rows())}, table.on_device());
            }),
            "cuda::apply: memory of outs[1] overlaps that of outs[0], must be apart from it");
}

// Copied rows turn by no pairs of the table, but others of the call read it.
TEST_F(CudaSlotErrors, TableWhereValuesAreCopied) {
  float* memory = cache.as<float>();
  const rw::TableView<float> in_cache =
      rw::half_table(rw::View<const float>(memory, {1, 3, 1, 32}),
                     rw::View<const float>(memory + 3 * 32, {1, 3, 1, 32}));
  const DeviceMemory turned{x.bytes()};
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr,
                              std::tuple{rw::View<float>(turned.as<float>(), shape),
                                         rw::View<float>(memory, shape)},
                              std::tuple{rows(), rw::copied(rows())}, in_cache);
            }),
            "cuda::apply: memory of outs[1] overlaps that of the table, must be apart from it");
}

TEST_F(CudaSlotErrors, HostMemoryWhereThatIsChecked) {
  const std::vector<std::int64_t> host = {1, 2, 3, 4, 5, 6};
  rw::cuda::CudaOptions checked;
  checked.check_pointers = true;
  EXPECT_EQ(error(out().rows(host.data(), 2, 3), checked),
            "cuda::apply: data of the slots of out is host memory that CUDA does not know, must be "
            "device memory");
}

}  // namespace
}  // namespace ropewalk_test
