// Rows that go to slots of a cache, values that are copied with them: against a call with a dense
// out whose rows are then moved one by one.
#define EIGEN_USE_THREADS  // Eigen declares its ThreadPoolDevice only then

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Shape;

constexpr Index blocks = 5, block_size = 4, heads = 3, head_dim = 24, pairs = 10;
constexpr Shape cache_shape{blocks, block_size, heads, head_dim};

/// How a cache lies in memory: its blocks one after the other, heads before tokens, or keys and
/// values of each block side by side.
enum class Order { dense, heads_first, with_gaps };
constexpr Order orders[] = {Order::dense, Order::heads_first, Order::with_gaps};

template <class T>
rw::View<T> cache_view(T* data, Order order) {
  if (order == Order::heads_first) return rw::bhsd_view(data, cache_shape);
  const Index token = heads * head_dim, block = block_size * token;
  return {data, cache_shape, {order == Order::with_gaps ? 2 * block : block, token, head_dim}};
}

/// Random bits for a cache in any order.
template <class T>
std::vector<T> filled_cache(std::uint64_t seed) {
  return random_values<T>(2 * size_of(cache_shape), Values::any, seed);
}

/// Every slot at most once, in no order; some tokens have none.
template <class Id>
std::vector<Id> some_slots(Index tokens) {
  std::vector<Id> slots;
  for (Index token = 0; token < tokens; ++token) {
    const Index slot = (7 * token + 3) % (blocks * block_size);
    slots.push_back(static_cast<Id>(token % 5 == 2 ? -1 - token : slot));
  }
  return slots;
}

/// Moves rows to their slots as a reader of View::rows' docstring would.
template <class T, class Id>
void move_rows(const rw::View<T>& cache, const rw::View<const T>& rows,
               const std::vector<Id>& slots) {
  for (Index b = 0; b < rows.batch(); ++b) {
    for (Index s = 0; s < rows.seq(); ++s) {
      const Index slot = slots[count_of(b * rows.seq() + s)];
      for (Index h = 0; h < rows.heads() && slot >= 0; ++h) {
        std::memcpy(static_cast<void*>(cache.row(slot / block_size, slot % block_size, h)),
                    rows.row(b, s, h), count_of(rows.head_dim()) * sizeof(T));
      }
    }
  }
}

rw::Table<float> table_of(Index seq) {
  return rw::make_table(rw::sequence_positions(seq), rw::frequencies(2 * pairs, 1e4));
}

template <class T>
class Slots : public testing::Test {};
TYPED_TEST_SUITE(Slots, Dtypes, DtypeNames);

// Every instruction set and pairing, ids of both sizes, stores through the caches and past them.
TYPED_TEST(Slots, TakeWhatADenseOutWould) {
  const Shape shape{1, 17, heads, head_dim};
  const auto x = random_values<TypeParam>(size_of(shape), Values::special, 1);
  const rw::View<const TypeParam> rows(x.data(), shape);
  const auto table = table_of(shape.seq);
  const auto slots = some_slots<std::int64_t>(shape.seq);
  const auto short_slots = some_slots<std::int32_t>(shape.seq);
  for (const rw::Pairing pairing :
       {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
    std::vector<TypeParam> turned(x.size());
    rw::apply_strided(rw::serial, rw::View<TypeParam>(turned.data(), shape), rows, table,
                      rw::Options(pairing));
    for (const Order order : orders) {
      auto wanted = filled_cache<TypeParam>(2);
      move_rows(cache_view(wanted.data(), order), {turned.data(), shape}, slots);
      for (const rw::Isa isa : rw::available_isas()) {
        for (const rw::Stores stores : {rw::Stores::cached, rw::Stores::nontemporal}) {
          auto cache = filled_cache<TypeParam>(2);
          rw::apply(rw::serial, cache_view(cache.data(), order).rows(slots), rows, table,
                    rw::Options(pairing), forced(isa, stores));
          EXPECT_TRUE(same_bits(cache, wanted)) << rw::isa_name(isa);
          cache = filled_cache<TypeParam>(2);
          rw::apply(rw::serial, cache_view(cache.data(), order).rows(short_slots), rows, table,
                    rw::Options(pairing), forced(isa, stores));
          EXPECT_TRUE(same_bits(cache, wanted)) << rw::isa_name(isa) << ", ids of 32 bits";
        }
      }
    }
  }
}

TYPED_TEST(Slots, ValuesAreCopiedToTheBit) {
  const Shape shape{2, 8, heads, head_dim};
  const auto k = random_values<TypeParam>(size_of(shape), Values::special, 1);
  const auto v = random_values<TypeParam>(size_of(shape), Values::any, 2);
  const rw::View<const TypeParam> k_rows(k.data(), shape), v_rows(v.data(), shape);
  const auto table = table_of(shape.seq);
  const auto slots = some_slots<std::int64_t>(shape.batch * shape.seq);
  std::vector<TypeParam> turned(k.size());
  rw::apply_strided(rw::serial, rw::View<TypeParam>(turned.data(), shape), k_rows, table);
  auto wanted = filled_cache<TypeParam>(3), wanted_values = filled_cache<TypeParam>(4);
  move_rows(cache_view(wanted.data(), Order::dense), {turned.data(), shape}, slots);
  move_rows(cache_view(wanted_values.data(), Order::dense), v_rows, slots);

  auto keys = filled_cache<TypeParam>(3), values = filled_cache<TypeParam>(4);
  std::vector<TypeParam> dense(v.size());
  rw::apply(rw::serial,
            std::tuple{cache_view(keys.data(), Order::dense).rows(slots.data(), 2, 8),
                       cache_view(values.data(), Order::dense).rows(slots.data(), 2, 8),
                       rw::View<TypeParam>(dense.data(), shape)},
            std::tuple{k_rows, rw::copied(v_rows), rw::copied(v_rows)}, table);
  EXPECT_TRUE(same_bits(keys, wanted));
  EXPECT_TRUE(same_bytes(values, wanted_values));
  EXPECT_TRUE(same_bytes(dense, v));
}

// Keys and values of each block side by side.
TEST(Slots, OneCacheOfBoth) {
  const Shape shape{1, 9, heads, head_dim};
  const auto k = random_values<float>(size_of(shape), Values::uniform, 1);
  const auto v = random_values<float>(size_of(shape), Values::uniform, 2);
  const rw::View<const float> k_rows(k.data(), shape), v_rows(v.data(), shape);
  const auto slots = some_slots<std::int32_t>(shape.seq);
  const auto table = table_of(shape.seq);
  std::vector<float> turned(k.size());
  rw::apply_strided(rw::serial, rw::View<float>(turned.data(), shape), k_rows, table);
  const auto values_of = [](std::vector<float>& cache) {
    return cache_view(cache.data() + block_size * heads * head_dim, Order::with_gaps);
  };
  auto wanted = filled_cache<float>(3), cache = wanted;
  move_rows(cache_view(wanted.data(), Order::with_gaps), {turned.data(), shape}, slots);
  move_rows(values_of(wanted), v_rows, slots);
  rw::apply(rw::serial,
            std::tuple{cache_view(cache.data(), Order::with_gaps).rows(slots),
                       values_of(cache).rows(slots)},
            std::tuple{k_rows, rw::copied(v_rows)}, table);
  EXPECT_TRUE(same_bytes(cache, wanted));
}

// One head, whose tokens would be the rows of one batch, and one token, which would have no job.
TYPED_TEST(Slots, OneHeadAndOneToken) {
  for (const Shape& shape : {Shape{1, 17, 1, head_dim}, Shape{1, 1, heads, head_dim}}) {
    const auto x = random_values<TypeParam>(size_of(shape), Values::special, 1);
    const rw::View<const TypeParam> rows(x.data(), shape);
    const auto table = table_of(shape.seq);
    const auto slots = some_slots<std::int64_t>(shape.seq);
    std::vector<TypeParam> turned(x.size());
    rw::apply_strided(rw::serial, rw::View<TypeParam>(turned.data(), shape), rows, table);
    auto wanted = filled_cache<TypeParam>(2), cache = wanted;
    const auto heads_of = [&](std::vector<TypeParam>& of) {
      return cache_view(of.data(), Order::with_gaps).heads(0, shape.heads);
    };
    move_rows(heads_of(wanted), {turned.data(), shape}, slots);
    rw::apply(rw::serial, heads_of(cache).rows(slots), rows, table);
    EXPECT_TRUE(same_bits(cache, wanted));
  }
}

// A cache of one row has the shape of one token, which may be left all the same.
TEST(Slots, OneRowIsNotADenseOut) {
  const Shape shape{1, 1, heads, head_dim};
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  auto cache = random_values<float>(size_of(shape), Values::uniform, 2);
  const auto before = cache;
  const std::vector<int> slots = {-1};
  rw::apply(rw::serial, rw::View<float>(cache.data(), shape).rows(slots),
            rw::View<const float>(x.data(), shape), table_of(1));
  EXPECT_TRUE(same_bytes(cache, before));
  rw::apply(rw::serial, rw::View<float>(cache.data(), shape).rows(slots),
            rw::View<const float>(x.data(), shape), rw::rms_norm_without_weight(1e-6), table_of(1));
  EXPECT_TRUE(same_bytes(cache, before));
}

template <class T>
class NormedSlots : public testing::Test {};
using NormDtypes = testing::Types<float, half, bfloat16>;
TYPED_TEST_SUITE(NormedSlots, NormDtypes, DtypeNames);

// Queries in place, keys normalised per head or over the token, values as they are: a prologue.
TYPED_TEST(NormedSlots, TakeWhatADenseOutWould) {
  const Shape shape{1, 13, heads, head_dim};
  const auto k = random_values<TypeParam>(size_of(shape), Values::uniform, 1);
  const auto v = random_values<TypeParam>(size_of(shape), Values::any, 2);
  const auto weight = random_values<TypeParam>(count_of(heads * head_dim), Values::uniform, 3);
  const rw::View<const TypeParam> k_rows(k.data(), shape), v_rows(v.data(), shape);
  const auto table = table_of(shape.seq);
  const auto slots = some_slots<std::int64_t>(shape.seq);
  for (const auto& norm : {rw::rms_norm_hf(weight.data(), head_dim),
                           rw::rms_norm_torch(weight.data(), heads * head_dim).over_token()}) {
    for (const rw::Pairing pairing : {rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
      std::vector<TypeParam> turned(k.size());
      const rw::View<TypeParam> dense(turned.data(), shape);
      rw::apply_strided(rw::serial, dense, k_rows, norm, table, rw::Options(pairing));
      for (const Order order : orders) {
        auto wanted = filled_cache<TypeParam>(4), wanted_values = filled_cache<TypeParam>(5);
        move_rows(cache_view(wanted.data(), order), {turned.data(), shape}, slots);
        move_rows(cache_view(wanted_values.data(), order), v_rows, slots);
        for (const rw::Isa isa : rw::available_isas()) {
          auto keys = filled_cache<TypeParam>(4), values = filled_cache<TypeParam>(5);
          rw::apply(rw::serial,
                    std::tuple{cache_view(keys.data(), order).rows(slots),
                               cache_view(values.data(), order).rows(slots)},
                    std::tuple{k_rows, rw::copied(v_rows)}, std::tuple{norm, rw::no_norm}, table,
                    rw::Options(pairing), forced(isa));
          EXPECT_TRUE(same_bits(keys, wanted)) << rw::isa_name(isa);
          EXPECT_TRUE(same_bytes(values, wanted_values)) << rw::isa_name(isa);
        }
      }
    }
  }
}

// Tokens that position ids leave have no row in the cache, whatever their slot.
TEST(Slots, PositionIdsChooseRowsOfTheTable) {
  const Shape shape{1, 6, heads, head_dim};
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  const rw::View<const float> rows(x.data(), shape);
  const auto table = table_of(9);
  const std::vector<int> positions = {8, 0, -1, 3, 3, 1};
  const auto view = table.view().gather(positions).leaving(-1);
  std::vector<std::int64_t> slots = {4, 19, 5, 0, -1, 7};
  auto turned = x;
  rw::apply_inplace(rw::serial, rw::View<float>(turned.data(), shape), view);
  auto wanted = filled_cache<float>(2), cache = wanted;
  slots[2] = -1;
  move_rows(cache_view(wanted.data(), Order::dense), {turned.data(), shape}, slots);
  slots[2] = 5;
  rw::apply(rw::serial, cache_view(cache.data(), Order::dense).rows(slots), rows, view);
  EXPECT_TRUE(same_bits(cache, wanted));
}

// So many tokens, of 512 Ki features and more, that a pool splits them.
TEST(Slots, ThreadsWriteTheirOwnTokens) {
  const Shape shape{3, 2500, heads, head_dim};
  const Index tokens = shape.batch * shape.seq;
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  const rw::View<const float> rows(x.data(), shape);
  const auto table = table_of(shape.seq);
  Eigen::Tensor<std::int64_t, 2, Eigen::RowMajor> slots(shape.batch, shape.seq);
  for (Index token = 0; token < tokens; ++token) slots.data()[token] = token * 7 % tokens;
  std::vector<float> turned(x.size()), cache(x.size()), wanted(x.size());
  rw::apply_strided(rw::serial, rw::View<float>(turned.data(), shape), rows, table);
  const std::size_t row = count_of(heads * head_dim);
  for (Index token = 0; token < tokens; ++token) {
    std::memcpy(wanted.data() + count_of(slots.data()[token]) * row,
                turned.data() + count_of(token) * row, row * sizeof(float));
  }
  Eigen::ThreadPool pool(4);
  const rw::View<float> slots_of(cache.data(), {tokens, 1, heads, head_dim});
  rw::apply(Eigen::ThreadPoolDevice(&pool, 4), slots_of.rows(slots), rows, table);
  EXPECT_TRUE(same_bits(cache, wanted));
}

// rotate as apply: also of a model whose first features pass through, and which moves the others.
TEST(Slots, TakeWhatAModelTurns) {
  for (const char* name : {"Llama 3.1 8B", "DeepSeek-V3"}) {
    const rw::Model& model = rw::model_named(name);
    const Shape shape{1, 6, 2, model.shape.head_dim}, of_cache{2, 4, 2, model.shape.head_dim};
    const auto k = random_values<bfloat16>(size_of(shape), Values::uniform, 1);
    const auto v = random_values<bfloat16>(size_of(shape), Values::any, 2);
    const rw::View<const bfloat16> k_rows(k.data(), shape), v_rows(v.data(), shape);
    const auto table = rw::model_table<bfloat16>(model, rw::Grid{6});
    const std::vector<long> slots = {7, 2, -1, 0, 5, 1};
    std::vector<bfloat16> turned(k.size());
    rw::rotate(rw::serial, rw::View<bfloat16>(turned.data(), shape), k_rows, model, table);
    std::vector<bfloat16> keys(size_of(of_cache)), values = keys, wanted = keys,
                                                   wanted_values = keys;
    const auto row_of = [&](std::vector<bfloat16>& of, Index slot) {
      return of.data() + slot * 2 * model.shape.head_dim;
    };
    const std::size_t bytes = count_of(2 * model.shape.head_dim) * sizeof(bfloat16);
    for (Index s = 0; s < 6; ++s) {
      const Index slot = slots[count_of(s)];
      if (slot < 0) continue;
      std::memcpy(static_cast<void*>(row_of(wanted, slot)), row_of(turned, s), bytes);
      std::memcpy(static_cast<void*>(row_of(wanted_values, slot)), v_rows.row(0, s, 0), bytes);
    }
    const rw::View<bfloat16> key_cache(keys.data(), of_cache), value_cache(values.data(), of_cache);
    rw::rotate(rw::serial, std::tuple{key_cache.rows(slots), value_cache.rows(slots)},
               std::tuple{k_rows, rw::copied(v_rows)}, model, table);
    EXPECT_TRUE(same_bits(keys, wanted)) << name;
    EXPECT_TRUE(same_bytes(values, wanted_values)) << name;
  }
}

// Errors ------------------------------------------------------------------------------------------

struct SlotErrors : testing::Test {
  const Shape shape{2, 3, heads, head_dim};
  std::vector<float> x = random_values<float>(size_of(shape), Values::uniform, 1);
  std::vector<float> cache = filled_cache<float>(2), before = cache;
  rw::Table<float> table = table_of(3);
  std::vector<std::int64_t> slots = {1, 2, 3, 4, 5, 6};

  rw::View<const float> rows() const { return {x.data(), shape}; }
  rw::View<float> out() { return cache_view(cache.data(), Order::dense); }
  rw::SlotView<float> in_slots() { return out().rows(slots.data(), 2, 3); }

  template <class Out>
  std::string error(const Out& to, const rw::CpuOptions& cpu = {}) {
    const std::string text =
        error_of([&] { rw::apply(rw::serial, to, rows(), table, rw::half_pairs, cpu); });
    EXPECT_TRUE(same_bytes(cache, before)) << "written before it was refused";
    return text;
  }
};

TEST_F(SlotErrors, ASlotPastTheLast) {
  slots[4] = blocks * block_size;
  EXPECT_EQ(
      error(in_slots()),
      "apply: slot [1, 1] of out is 20, must be below 20, the rows of the cache, or negative, "
      "which leaves the token");
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, std::tuple{in_slots(), in_slots()},
                        std::tuple{rows(), rw::copied(rows())},
                        std::tuple{rw::no_norm, rw::no_norm}, table);
            }),
            "apply: slot [1, 1] of outs[0] is 20, must be below 20, the rows of the cache, or "
            "negative, which leaves the token");
  slots[4] = std::int64_t{1} << 40;
  EXPECT_NE(error(in_slots()), "");
}

TEST_F(SlotErrors, NoSlots) {
  const std::int64_t* null = nullptr;
  EXPECT_EQ(error(out().rows(null, 2, 3)), "apply: slots of out are null, must point to the slots");
}

TEST_F(SlotErrors, SlotsOfOtherTokens) {
  EXPECT_EQ(error(out().rows(slots)), "apply: batch of out is 1, must be 2");
  EXPECT_EQ(error(out().rows(slots.data(), 2, 2)), "apply: seq of out is 2, must be 3");
  EXPECT_EQ(error(out().heads(0, 2).rows(slots.data(), 2, 3)),
            "apply: heads of out is 2, must be 3");
  EXPECT_EQ(error_of([&] { static_cast<void>(out().rows(slots.data(), 2, -3)); }),
            "rows: seq of slots is -3, must be 0 or more");
  EXPECT_NE(error_of([&] {
              static_cast<void>(out().rows(slots.data(), Index{1} << 40, Index{1} << 40));
            }),
            "");
}

TEST_F(SlotErrors, MemoryThatMeets) {
  EXPECT_EQ(error(rw::View<float>(x.data(), {1, 6, heads, head_dim}).rows(slots.data(), 2, 3)),
            "apply: memory of out overlaps that of x, must be apart from it");
  // Slot ids that lie in the cache itself.
  auto* inside = reinterpret_cast<std::int64_t*>(cache.data() + 2);
  std::memcpy(inside, slots.data(), slots.size() * sizeof(std::int64_t));
  before = cache;
  EXPECT_EQ(error(out().rows(inside, 2, 3)),
            "apply: memory of out overlaps that of the slots of out, must be apart from it");
  // Two outs in one cache, whatever their slots.
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, std::tuple{in_slots(), in_slots()}, std::tuple{rows(), rows()},
                        table);
            }),
            "apply: memory of outs[1] overlaps that of outs[0], must be apart from it");
  EXPECT_TRUE(same_bytes(cache, before));
}

// Of another tensor's out, too.
TEST_F(SlotErrors, SlotsThatAnotherOutWouldWrite) {
  std::vector<float> other(x.size());
  auto* inside = reinterpret_cast<std::int64_t*>(other.data());
  std::memcpy(inside, slots.data(), slots.size() * sizeof(std::int64_t));
  EXPECT_EQ(
      error_of([&] {
        rw::apply(rw::serial,
                  std::tuple{rw::View<float>(other.data(), shape), out().rows(inside, 2, 3)},
                  std::tuple{rows(), rows()}, table);
      }),
      "apply: memory of outs[0] overlaps that of the slots of outs[1], must be apart from it");
}

TEST_F(SlotErrors, OneSlotTwiceWhereThatIsChecked) {
  slots = {1, -1, 3, -1, 3, 6};
  rw::CpuOptions checked;
  checked.slots = rw::Slots::checked;
  EXPECT_EQ(error(in_slots(), checked),
            "apply: slot [1, 1] of out is 3, must not be that of a token before it");
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, std::tuple{in_slots()}, std::tuple{rows()},
                        std::tuple{rw::no_norm}, table, rw::half_pairs, checked);
            }),
            "apply: slot [1, 1] of outs[0] is 3, must not be that of a token before it");
  slots[5] = slots[4] = 7;
  EXPECT_EQ(error(in_slots(), checked),
            "apply: slot [1, 2] of out is 7, must not be that of a token before it");
  slots[5] = 6;
  EXPECT_EQ(
      error_of([&] { rw::apply(rw::serial, in_slots(), rows(), table, rw::half_pairs, checked); }),
      "");
}

// Copied rows turn by no pairs of the table, but others of the call read it.
TEST_F(SlotErrors, CopiesInTheTable) {
  std::vector<float> memory(2 * x.size(), 0.5f), values = memory;
  const rw::TableView<float> in_memory =
      rw::half_table(rw::View<const float>(memory.data(), {1, 3, 1, pairs}),
                     rw::View<const float>(memory.data() + 3 * pairs, {1, 3, 1, pairs}));
  const std::string wanted =
      "apply: memory of outs[1] overlaps that of the table, must be apart from it";
  const rw::View<float> dense(memory.data() + 8, shape);
  std::vector<float> turned(x.size());
  const rw::View<float> first(turned.data(), shape);
  const std::tuple xs{rows(), rw::copied(rw::View<const float>(values.data(), shape))};
  EXPECT_EQ(error_of([&] { rw::apply(rw::serial, std::tie(first, dense), xs, in_memory); }),
            wanted);
  const auto cache_of_table = dense.rows(slots.data(), 2, 3);
  slots = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(
      error_of([&] { rw::apply(rw::serial, std::tie(first, cache_of_table), xs, in_memory); }),
      wanted);
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, std::tie(first, dense), xs,
                        std::tuple{rw::rms_norm_without_weight(1e-6), rw::no_norm}, in_memory);
            }),
            wanted);
  EXPECT_TRUE(same_bytes(turned, std::vector<float>(x.size())));
}

// Of a model whose first features pass through, which are written by themselves.
TEST_F(SlotErrors, OfAModelInTwoParts) {
  const rw::Model& model = rw::model_named("DeepSeek-V3");
  const Index width = model.shape.head_dim;
  const std::vector<bfloat16> k(count_of(2 * width), bfloat16(1.0f));
  std::vector<bfloat16> memory(count_of(4 * width)), first = memory;
  auto* inside = reinterpret_cast<int*>(memory.data());
  const rw::View<bfloat16> out(memory.data(), {2, 2, 1, width});
  EXPECT_EQ(error_of([&] {
              rw::rotate(rw::serial, out.rows(inside, 2),
                         rw::View<const bfloat16>(k.data(), {1, 2, 1, width}), model,
                         rw::model_table<bfloat16>(model, rw::Grid{2}));
            }),
            "rotate: memory of out overlaps that of the slots of out, must be apart from it");
  EXPECT_TRUE(same_bytes(memory, first));
}

TEST_F(SlotErrors, CopiedRowsMayBeOdd) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  std::vector<float> copies(6);
  rw::apply(rw::serial, rw::View<float>(copies.data(), {1, 2, 1, 3}),
            rw::copied(rw::View<const float>(values.data(), {1, 2, 1, 3})), table_of(2));
  EXPECT_TRUE(same_bytes(copies, values));
}

TEST_F(SlotErrors, NothingToDo) {
  const rw::View<const float> none(x.data(), {1, 0, heads, head_dim});
  const std::int64_t* null = nullptr;
  EXPECT_EQ(error_of([&] { rw::apply(rw::serial, out().rows(null, 1, 0), none, table_of(0)); }),
            "");
  rw::CpuOptions checked;
  checked.slots = rw::Slots::checked;
  const rw::View<const float> no_heads(x.data(), {1, 2, 0, head_dim});
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, out().heads(0, 0).rows(null, 1, 2), no_heads, table_of(2),
                        rw::half_pairs, checked);
            }),
            "");
  // All tokens left: a cache of no rows is enough.
  slots.assign(6, -1);
  for (const Shape& none_of :
       {Shape{0, block_size, heads, head_dim}, Shape{4, 0, heads, head_dim}}) {
    const rw::View<float> empty(nullptr, none_of, {1, head_dim, head_dim});
    EXPECT_EQ(error(empty.rows(slots.data(), 2, 3)), "");
  }
}

}  // namespace
}  // namespace ropewalk_test
