// What may share memory: queries and keys of one packed tensor, several tensors in one call; and
// position ids, which are checked like everything else before anything is written.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

constexpr Index seq = 6;
constexpr Index heads = 3;
constexpr Index width = 8;
const Eigen::DefaultDevice device;

/// The rows of x, one after the other.
template <class T>
std::vector<T> dense(const rw::View<T>& x) {
  std::vector<T> values(size_of(x.shape()));
  copy_rows(rw::View<T>(values.data(), x.shape()), rw::View<const T>(x));
  return values;
}

/// Packed queries, keys and values of two batch entries, and a table for them.
struct Packed {
  rw::Shape shape{2, seq, heads, width};
  StoredTable<float> table{Width::half, false, shape, width / 2, Values::uniform, 1};
  std::vector<float> memory = random_values<float>(3 * size_of(shape), Values::uniform, 2);

  rw::View<float> part(Index which) { return rw::qkv_view(memory.data(), shape, which); }

  std::vector<float> dense(Index which) { return ropewalk_test::dense(part(which)); }
};

const std::string apart =
    "apply: memory of out overlaps that of x, must be apart from it or the "
    "same tensor";

std::string meets(const std::string& memory, const std::string& other) {
  return memory + " overlaps that of " + other + ", must be apart from it";
}

TEST(PackedTensors, PartsThatShareNoElementAreApart) {
  Packed of;
  const auto rotated_q = rotated<float>(of.dense(0), of.shape, of.table);
  const auto q = of.dense(0);
  rw::apply(device, of.part(1), of.part(0), of.table.view());
  EXPECT_TRUE(same_bits(of.dense(1), rotated_q));
  EXPECT_TRUE(same_bits(of.dense(0), q));
  rw::apply_strided(device, of.part(2), of.part(0), of.table.view());
  EXPECT_TRUE(same_bits(of.dense(2), rotated_q));
  // Features of one head: its second half from its first.
  const StoredTable<float> narrow(Width::half, true, of.shape, width / 4, Values::uniform, 3);
  const auto x = of.part(0).features(0, width / 2);
  EXPECT_EQ(error_of([&] { rw::apply(device, of.part(0).features(4, 4), x, narrow.view()); }), "");
}

// Heads and features of [batch, heads, seq, head_dim], where the heads' stride is not the least.
TEST(PackedTensors, PartsOfOtherLayoutsAreApart) {
  const rw::Shape shape{2, 3, 6, 4};
  const auto x = random_values<float>(2 * 3 * 6 * 4, Values::uniform, 5);
  const StoredTable<float> table(Width::half, true, shape, 2, Values::uniform, 3);
  auto memory = x;
  const rw::View<float> all = rw::bhsd_view(memory.data(), shape);
  const auto q = all.heads(0, 4), k = all.heads(4, 2);
  rw::apply_inplace(device, std::tie(q, k), table.view());
  auto one_by_one = x;
  rw::apply_inplace(device, rw::bhsd_view(one_by_one.data(), shape), table.view());
  EXPECT_TRUE(same_bits(memory, one_by_one));

  const StoredTable<float> narrow(Width::half, true, shape, 1, Values::uniform, 3);
  const auto low = all.features(0, 2), high = all.features(2, 2), middle = all.features(1, 2);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(low, high), narrow.view()); }), "");
  EXPECT_NE(error_of([&] { rw::apply_inplace(device, std::tie(low, middle), narrow.view()); }), "");
  const auto overlapping = all.heads(3, 3);
  EXPECT_NE(error_of([&] { rw::apply_inplace(device, std::tie(q, overlapping), table.view()); }),
            "");
}

// One head's rows of a table that has some for each: all heads take them, and nothing else is read.
TEST(TableParts, OneHeadOfATableServesAllHeads) {
  const rw::Shape shape{1, 2, 3, 4};
  const auto x = random_values<float>(2 * 3 * 4, Values::uniform, 5);
  const auto values = random_values<float>(2 * 3 * 4, Values::uniform, 6);
  const rw::TableView<float> all =
      rw::packed_cos_sin_table(Map<const float, 4>(values.data(), 1, 2, 3, 4));
  for (const rw::Index head : {0, 1, 2}) {
    std::vector<float> out(x.size());
    rw::apply(device, rw::View<float>(out.data(), shape), rw::View<const float>(x.data(), shape),
              all.heads(head, 1));
    const auto at = [&](rw::Index, rw::Index s, rw::Index, rw::Index i) {
      const float* row = values.data() + (s * 3 + head) * 4;
      return Coefficients<float>{row[i], row[i], row[2 + i], row[2 + i]};
    };
    EXPECT_TRUE(same_bits(out, rotated<float>(x, shape, 2, at)));
  }
}

// An axis of one entry has any stride: the tensor is still the same one.
TEST(InPlace, StridesOfSingleRowsSayNothing) {
  const rw::Shape shapes[] = {{1, 3, 6, 4}, {3, 1, 6, 4}, {3, 6, 1, 4}};
  const rw::Strides strides[] = {{0, 24, 4}, {24, 0, 4}, {24, 4, 0}};
  const rw::Strides others[] = {{72, 24, 4}, {24, 24, 4}, {24, 4, 4}};
  for (int i = 0; i < 3; ++i) {
    const rw::Shape& shape = shapes[i];
    auto memory = random_values<float>(3 * 6 * 4, Values::uniform, 5);
    const auto x = memory;
    const StoredTable<float> table(Width::half, true, shape, 2, Values::uniform, 3);
    const rw::View<float> out(memory.data(), shape, strides[i]);
    rw::apply(device, out, rw::View<const float>(memory.data(), shape, others[i]), table.view());
    EXPECT_TRUE(same_bits(memory, rotated<float>(x, shape, table)));
  }
}

TEST(PackedTensors, PartsThatShareAnElementAreRefused) {
  Packed of;
  const auto before = of.memory;
  const rw::TableView<float> table = of.table.view();
  const rw::View<float> q = of.part(0);
  for (const Index by : {Index{2}, width, (heads - 1) * width, 3 * heads * width}) {
    const rw::View<float> shifted(q.data() + by, q.shape(), q.strides());
    EXPECT_EQ(error_of([&] { rw::apply(device, shifted, q, table); }), apart) << by;
    EXPECT_EQ(error_of([&] { rw::apply(device, q, shifted, table); }), apart) << by;
  }
  const auto rows = rw::TableView<float>(table.readers(), {1, 2, 1, 4}, 0, 4, 0);
  // Apart in every head of a token, but a token is one head and a half: they meet in the next.
  const rw::Shape two_heads{1, 2, 2, 4};
  const rw::View<float> first(q.data(), two_heads, {24, 12, 8});
  const rw::View<float> second(q.data() + 4, two_heads, {24, 12, 8});
  EXPECT_EQ(error_of([&] { rw::apply(device, second, first, rows.pairs(0, 2)); }), apart);
  EXPECT_TRUE(same_bytes(of.memory, before));
}

/// Two parts of one memory that share no element can be rotated in one call, and into one another.
void expect_apart(const rw::View<float>& q, const rw::View<float>& k) {
  const StoredTable<float> table(Width::half, true, q.shape(), q.head_dim() / 2, Values::uniform,
                                 3);
  const auto rotated_q = rotated<float>(dense(q), q.shape(), table);
  const auto rotated_k = rotated<float>(dense(k), k.shape(), table);
  rw::View<float> first = q, second = k;
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(first, second), table.view()); }),
            "");
  EXPECT_TRUE(same_bits(dense(q), rotated_q));
  EXPECT_TRUE(same_bits(dense(k), rotated_k));
  EXPECT_EQ(error_of([&] { rw::apply(device, q, k, table.view()); }), "");
  EXPECT_TRUE(same_bits(dense(q), rotated<float>(rotated_k, k.shape(), table)));
  EXPECT_TRUE(same_bits(dense(k), rotated_k));
}

// Where batches are padded, or strides of the two differ, but no row meets another.
TEST(PackedTensors, OfAnyStridesAreApartWhereNoRowsMeet) {
  auto memory = random_values<float>(1 << 14, Values::uniform, 5);
  float* data = memory.data();
  const rw::Shape padded{2, 8, 4, 8};
  expect_apart({data, padded, {1001, 96, 8}}, {data + 32, padded, {1001, 96, 8}});
  const rw::Shape wide{2, 8, 2, 8};
  expect_apart({data, wide, {512, 16, 8}}, {data + 128, wide, {1024, 16, 8}});
  const rw::Shape tokens{1, 2, heads, width};
  constexpr Index token = 3 * heads * width;
  expect_apart({data + heads * width, tokens, {0, 2 * token, width}},
               {data, tokens, {0, token, width}});
}

// Rows of bfloat16 in the gaps between rows of float, and over them.
TEST(PackedTensors, MayHaveElementsOfTwoSizes) {
  const rw::Shape shape{1, seq, heads, width};
  using Eigen::bfloat16;
  std::vector<float> memory(count_of(2 * seq * heads * width), 7.0f);
  const rw::View<float> out(memory.data(), shape, {0, 2 * heads * width, 2 * width});
  const auto x_at = [&](Index floats) {
    return rw::View<bfloat16>(reinterpret_cast<bfloat16*>(memory.data() + floats), shape,
                              {0, 4 * heads * width, 4 * width});
  };
  const StoredTable<float> table(Width::half, true, shape, width / 2, Values::uniform, 1);
  const auto x = random_values<bfloat16>(size_of(shape), Values::uniform, 2);
  const rw::View<bfloat16> between = x_at(width);
  copy_rows(between, rw::View<const bfloat16>(x.data(), shape));
  rw::apply(device, out, between, table.view());
  EXPECT_TRUE(same_bits(dense(out), rotated<float>(x, shape, table)));
  EXPECT_TRUE(same_bits(dense(between), x));
  for (const Index first : {Index{0}, width - 1}) {
    EXPECT_EQ(error_of([&] { rw::apply(device, out, x_at(first), table.view()); }), apart);
  }
  // The same pointer, shape and strides, but not the same memory.
  const auto before = memory;
  const rw::View<bfloat16> narrow(reinterpret_cast<bfloat16*>(memory.data()), shape);
  EXPECT_EQ(error_of([&] {
              rw::apply(device, rw::View<float>(memory.data(), shape), narrow, table.view());
            }),
            apart);
  // By half an element, and by a whole one.
  for (const Index bytes : {2, 4}) {
    const auto shifted =
        reinterpret_cast<float*>(reinterpret_cast<unsigned char*>(memory.data()) + bytes);
    EXPECT_EQ(error_of([&] {
                rw::apply(device, rw::View<float>(memory.data(), shape),
                          rw::View<const float>(shifted, shape), table.view());
              }),
              apart);
  }
  EXPECT_TRUE(same_bytes(memory, before));
}

// Rows that no id names are part of a gathered table, too, and may be more than the tokens are.
TEST(Tables, ThatAreGatheredReachToTheirLastRow) {
  const rw::Shape shape{1, 2, 1, width};
  constexpr Index pairs = width / 2, rows = 10;
  std::vector<float> memory(count_of(rows * 2 * pairs) + size_of(shape), 1.0f);
  const std::vector<float> x(size_of(shape), 1.0f);
  const std::vector<std::int32_t> ids = {0, 1};
  const auto table = rw::packed_cos_sin_table(Map<float, 2>(memory.data(), rows, 2 * pairs))
                         .gather(Map<const std::int32_t, 1>(ids.data(), 2));
  const auto error = [&](Index first) {
    return error_of([&] {
      rw::apply(device, rw::View<float>(memory.data() + first, shape),
                rw::View<const float>(x.data(), shape), table);
    });
  };
  EXPECT_EQ(error(rows * 2 * pairs - 1), meets("apply: memory of out", "the table"));
  EXPECT_EQ(error(rows * 2 * pairs), "");
}

// Nothing is read of a table without pairs, wherever it points.
TEST(Tables, ThatAreEmptyMayPointIntoOut) {
  Packed of;
  const auto before = of.memory;
  const rw::CoefficientReader<float> inside{of.memory.data() + 100, 1};
  const rw::TableView<float> nothing({inside, inside, inside, inside}, {1, seq, 1, 0}, 0, 0, 0);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, of.part(0), nothing); }), "");
  EXPECT_TRUE(same_bytes(of.memory, before));
}

// Queries and keys with their own head counts in one call, in place and out of place.
TEST(SeveralTensors, GiveTheBitsOfSingleCalls) {
  Packed of;
  rw::View<float> q = of.part(0);
  rw::View<float> k = of.part(1).heads(0, 1);
  const auto rotated_q = rotated<float>(of.dense(0), of.shape, of.table);
  const auto rotated_k = rotated<float>(of.dense(1), of.shape, of.table);
  auto expected_k = of.dense(1);
  for (std::size_t i = 0; i < expected_k.size(); ++i) {
    if (i / count_of(width) % count_of(heads) == 0) expected_k[i] = rotated_k[i];
  }
  std::vector<float> q_out(size_of(of.shape));
  std::vector<float> k_out(size_of(k.shape()));
  rw::View<float> q_view(q_out.data(), of.shape);
  rw::View<float> k_view(k_out.data(), k.shape());
  const auto v = of.dense(2);
  rw::apply(device, std::tie(q_view, k_view), std::tie(q, k), of.table.view());
  rw::apply_inplace(device, std::tie(q, k), of.table.view());
  EXPECT_TRUE(same_bits(q_out, rotated_q));
  EXPECT_TRUE(same_bits(of.dense(0), rotated_q));
  EXPECT_TRUE(same_bits(of.dense(1), expected_k));
  EXPECT_TRUE(same_bits(of.dense(2), v));
  for (std::size_t i = 0; i < k_out.size(); ++i) {
    const std::size_t token = i / count_of(width);
    EXPECT_EQ(k_out[i], rotated_k[token * count_of(heads * width) + i % count_of(width)]);
  }
}

/// One row of heads that a type other than Eigen's owns, seen by its const, too.
struct Handle {
  float* data;
};
rw::View<float> as_view(const Handle& handle) { return {handle.data, {1, seq, heads, width}}; }

// Views, maps and handles that are made where they stand, or kept in a tuple that stays.
TEST(SeveralTensors, MayBeTemporaries) {
  Packed of, wanted;
  rw::View<float> q = wanted.part(0).seq(1, 3), k = wanted.part(1).seq(1, 3);
  const rw::TableView<float> table = of.table.view().rows(1, 3);
  rw::apply_inplace(device, std::tie(q, k), table);
  rw::apply_inplace(device, std::tuple{of.part(0).seq(1, 3), of.part(1).seq(1, 3)}, table);
  EXPECT_TRUE(same_bytes(of.memory, wanted.memory));

  const auto x = random_values<float>(count_of(seq * heads * width), Values::uniform, 4);
  std::vector<float> alone(x.size()), by_map(x.size()), by_handle(x.size()), owned(x);
  const Map<const float, 3> x_map(x.data(), seq, heads, width);
  const StoredTable<float> shared(Width::half, true, {1, seq, heads, width}, 4, Values::uniform, 1);
  rw::apply(device, Map<float, 3>(alone.data(), seq, heads, width), x_map, shared.view());
  rw::apply(device,
            std::tuple{Map<float, 3>(by_map.data(), seq, heads, width), Handle{by_handle.data()}},
            std::tuple{x_map, x_map}, shared.view());
  EXPECT_TRUE(same_bits(by_map, alone));
  EXPECT_TRUE(same_bits(by_handle, alone));
  // A tuple that the caller keeps owns what it holds, and that is written.
  std::tuple<Eigen::Tensor<float, 3, Eigen::RowMajor>> kept(x_map);
  rw::apply_inplace(device, kept, shared.view());
  EXPECT_TRUE(same_bits(
      std::vector<float>(std::get<0>(kept).data(), std::get<0>(kept).data() + x.size()), alone));
}

// A decode step or a chunk: queries stay where they are, keys are turned on their way to the cache.
TEST(SeveralTensors, MayBeInPlaceBesideOthersThatAreNot) {
  const Index kv_heads = 1, most = 9, position = 2, count = 3;
  const rw::Shape shape{2, count, heads, width};
  const StoredTable<float> table(Width::half, false, shape, width / 2, Values::uniform, 6);
  const auto q_in = random_values<float>(size_of(shape), Values::uniform, 7);
  const rw::Shape k_shape{2, count, kv_heads, width};
  const auto k_in = random_values<float>(size_of(k_shape), Values::uniform, 8);
  const auto q_wanted = rotated<float>(q_in, shape, table);
  const auto k_wanted = rotated<float>(k_in, k_shape, table);
  auto q_memory = q_in, k_memory = k_in;
  std::vector<float> cache_memory(count_of(2 * kv_heads * most * width), 9.0f);
  const rw::View<float> q(q_memory.data(), shape), k(k_memory.data(), k_shape);
  const rw::View<float> cache = rw::bhsd_view(cache_memory.data(), {2, most, kv_heads, width});
  for (const rw::Isa isa : rw::available_isas()) {
    q_memory = q_in;
    cache_memory.assign(cache_memory.size(), 9.0f);
    rw::apply(device, std::tuple{q, cache.seq(position, count)}, std::tuple{q, k}, table.view(), {},
              {rw::Stores::automatic, isa});
    EXPECT_TRUE(same_bits(q_memory, q_wanted));
    EXPECT_TRUE(same_bits(dense(cache.seq(position, count)), k_wanted));
    EXPECT_TRUE(same_bits(k_memory, k_in));
    for (const auto& part : {cache.seq(0, position), cache.seq(position + count, 4)}) {
      for (const float value : dense(part)) EXPECT_EQ(value, 9.0f);
    }
  }
  // Whatever else the outputs meet is an error before anything is written.
  const auto before = cache_memory;
  const auto error = [&](const rw::View<float>& q_out, const rw::View<float>& k_out,
                         const rw::View<float>& k_from) {
    return error_of([&] {
      rw::apply(device, std::tuple{q_out, k_out}, std::tuple{q, k_from}, table.view());
    });
  };
  EXPECT_EQ(error(q, q.heads(0, 1), k), meets("apply: memory of outs[1]", "outs[0]"));
  EXPECT_EQ(error(cache.seq(0, count), cache.seq(2, count), k),
            "apply: heads of outs[0] is 1, must be 3");
  EXPECT_EQ(error(q, cache.seq(3, count), cache.seq(2, count)),
            "apply: memory of outs[1] overlaps that of xs[1], must be apart from it or the same "
            "tensor");
  EXPECT_EQ(error(q, cache.seq(position, count), q.heads(0, 1)),
            meets("apply: memory of outs[0]", "xs[1]"));
  EXPECT_TRUE(same_bits(cache_memory, before));
  EXPECT_TRUE(same_bits(q_memory, q_wanted));
}

// No heads of its own, or heads without features: the others are done all the same.
TEST(SeveralTensors, MayBeEmpty) {
  Packed of;
  rw::View<float> q = of.part(0);
  rw::View<float> none = of.part(1).heads(0, 0);
  const auto rotated_q = rotated<float>(of.dense(0), of.shape, of.table);
  rw::apply_inplace(device, std::tie(none, q), of.table.view());
  EXPECT_TRUE(same_bits(of.dense(0), rotated_q));

  std::vector<float> out(size_of(of.shape));
  rw::View<float> copied(out.data(), of.shape);
  rw::View<float> featureless = of.part(1).features(0, 0);
  rw::apply(device, std::tie(copied, featureless), std::tie(q, featureless),
            of.table.view().pairs(0, 0));
  EXPECT_TRUE(same_bits(out, rotated_q));
}

TEST(SeveralTensors, AreAllCheckedBeforeTheFirstIsWritten) {
  Packed of;
  const auto before = of.memory;
  rw::View<float> q = of.part(0);
  rw::View<float> odd = of.part(1).features(0, 7);
  rw::View<float> short_k = of.part(1).seq(0, 2);
  rw::View<float> half_batch(of.part(1).data(), {1, seq, heads, width}, q.strides());
  const rw::TableView<float> table = of.table.view();
  const StoredTable<float> shared(Width::half, true, of.shape, width / 2, Values::uniform, 1);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, odd), table); }),
            "apply_inplace: head_dim of xs[1] is 7, must be even");
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, short_k), table); }),
            "apply_inplace: seq of the table is 6, must be 2: of a longer table pass its "
            "rows(position, count)");
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, half_batch), shared.view()); }),
            "apply_inplace: batch of xs[1] is 1, must be 2");
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, q), table); }),
            meets("apply_inplace: memory of xs[1]", "xs[0]"));
  // A key's output on a query's input: apart from its own input, but read later.
  std::vector<float> other(before.size());
  rw::View<float> q_out = rw::qkv_view(other.data(), of.shape, 0);
  rw::View<float> k = of.part(1);
  EXPECT_EQ(error_of([&] { rw::apply(device, std::tie(q_out, q), std::tie(q, k), table); }),
            meets("apply: memory of outs[1]", "xs[0]"));
  EXPECT_EQ(error_of([&] { rw::apply(device, std::tie(q, q_out), std::tie(k, q), table); }),
            meets("apply: memory of outs[0]", "xs[1]"));
  EXPECT_EQ(error_of([&] { rw::apply(device, std::tie(q_out, q_out), std::tie(q, k), table); }),
            meets("apply: memory of outs[1]", "outs[0]"));
  EXPECT_TRUE(same_bytes(of.memory, before));
}

// By the parameter and the index in it, as std::get counts.
TEST(SeveralTensors, AreNamedInErrors) {
  Packed of;
  std::vector<float> other(of.memory.size());
  rw::View<float> q = of.part(0), k = of.part(1), v = of.part(2);
  rw::View<float> q_out = rw::qkv_view(other.data(), of.shape, 0);
  rw::View<float> k_out = rw::qkv_view(other.data(), of.shape, 1);
  rw::View<float> v_out = rw::qkv_view(other.data(), of.shape, 2);
  const rw::TableView<float> table = of.table.view();
  const auto error = [&](rw::View<float> third_out, rw::View<float> third) {
    return error_of([&] {
      rw::apply(device, std::tie(q_out, k_out, third_out), std::tie(q, k, third), table);
    });
  };
  EXPECT_EQ(error(v_out, {nullptr, of.shape}),
            "apply: data of xs[2] is null, must point to the elements");
  EXPECT_EQ(error({nullptr, of.shape}, v),
            "apply: data of outs[2] is null, must point to the elements");
  EXPECT_EQ(error(v_out.seq(0, 2), v), "apply: seq of outs[2] is 2, must be 6");
  EXPECT_EQ(error({v_out.data(), of.shape, {0, 72, 8}}, v),
            "apply: a stride of outs[2] is 0, must be at least 8, or rows would overlap");
  EXPECT_EQ(error({v.data() + 1, v.shape(), v.strides()}, v),
            meets("apply: memory of outs[2]", "xs[2]") + " or the same tensor");
  EXPECT_EQ(error(q, v), meets("apply: memory of outs[2]", "xs[0]"));
  EXPECT_EQ(error(v_out, k_out), meets("apply: memory of outs[1]", "xs[2]"));
  EXPECT_EQ(error(k_out, v), meets("apply: memory of outs[2]", "outs[1]"));
  EXPECT_EQ(error({const_cast<float*>(table.readers().cos_a.data), of.shape}, v),
            meets("apply: memory of outs[2]", "the table"));
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, k, k), table); }),
            meets("apply_inplace: memory of xs[2]", "xs[1]"));
  const rw::View<float> token = k.batch(0, 1).seq(0, 1);
  const rw::Table<float> row({1, 1, 1, width / 2});
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(token, token), row); }),
            meets("apply_inplace: memory of xs[1]", "xs[0]"));
  rw::View<float> one(nullptr, of.shape);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(one), table); }),
            "apply_inplace: data of xs[0] is null, must point to the elements");
}

// Reading at 2i and writing to i would overwrite what is read later.
TEST(MovedFeatures, CannotBeInPlace) {
  Packed of;
  const auto before = of.memory;
  rw::Options options;
  options.pairing = rw::Pairing::interleaved_to_half;
  const rw::TableView<float> table = of.table.view();
  rw::View<float> q = of.part(0), k = of.part(1);
  const std::string moves =
      "apply_inplace: pairing of the options is interleaved_to_half, which moves features: pass "
      "an output apart from ";
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, q, table, options); }), moves + "x");
  const rw::View<float> token = q.batch(0, 1).seq(0, 1);
  const rw::Table<float> row({1, 1, 1, width / 2});
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, token, row, options); }), moves + "x");
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, std::tie(q, k), table, options); }),
            moves + "xs[0]");
  const std::string since = ", since the pairing interleaved_to_half moves features";
  EXPECT_EQ(error_of([&] { rw::apply(device, q, q, table, options); }),
            "apply: memory of out is that of x, must be apart from it" + since);
  std::vector<float> out(size_of(of.shape));
  rw::View<float> q_out(out.data(), of.shape);
  EXPECT_EQ(
      error_of([&] { rw::apply(device, std::tie(q_out, k), std::tie(q, k), table, options); }),
      "apply: memory of outs[1] is that of xs[1], must be apart from it" + since);
  const rw::View<float> shifted(q.data() + 1, q.shape(), q.strides());
  EXPECT_EQ(error_of([&] { rw::apply(device, shifted, q, table, options); }),
            meets("apply: memory of out", "x"));
  EXPECT_TRUE(same_bytes(of.memory, before));
  const rw::View<float> nothing = q.heads(0, 0);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, nothing, table, options); }), "");
}

// Position ids ---------------------------------------------------------------------------------

template <class Id>
void expect_id_error(const std::vector<Id>& ids, Index first, const std::string& text) {
  Packed of;
  const auto before = of.memory;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  const Map<const Id, 2> map(ids.data(), 2, seq);
  const auto table = rows.view().gather(map).first_position(first);
  for (const Form& form : forms_of<float, float>()) {
    std::vector<float> out(size_of(of.shape), 7.0f);
    const std::string error = error_of([&] {
      apply_form(form, device, rw::View<float>(out.data(), of.shape),
                 rw::View<const float>(of.part(0)), table);
    });
    EXPECT_EQ(error.substr(error.find(':') + 1), text) << form.name();
    const bool copied = form.kind == Form::fused_inplace;  // x, before the call
    const std::vector<float> kept = copied ? of.dense(0) : std::vector<float>(out.size(), 7.0f);
    EXPECT_EQ(same_bytes(out, kept), !text.empty());
  }
  EXPECT_TRUE(same_bytes(of.memory, before));
}

TEST(PositionIds, OutsideTheTableAreRefused) {
  std::vector<std::int64_t> ids(2 * seq, 3);
  expect_id_error(ids, 3, "");
  ids.back() = 10;
  expect_id_error(ids, 0, " position id [1, 5] of the table is 10, must be from 0 to 9");
  ids[2] = -1;
  expect_id_error(ids, 0, " position id [0, 2] of the table is -1, must be from 0 to 9");
  const std::vector<std::int32_t> low(2 * seq, -3);
  expect_id_error(low, -3, "");
  expect_id_error(low, -2, " position id [0, 0] of the table is -3, must be from -2 to 7");
  expect_id_error(low, -13, " position id [0, 0] of the table is -3, must be from -13 to -4");
}

TEST(PositionIds, ThatTheBatchSharesHaveOneIndex) {
  Packed of;
  const rw::TableView<float> rows = of.table.view().rows(0, 4);
  std::vector<std::int32_t> ids = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(device, of.part(0),
                                rows.gather(Map<const std::int32_t, 1>(ids.data(), seq)));
            }),
            "apply_inplace: position id [4] of the table is 4, must be from 0 to 3");
}

TEST(PositionIds, OfFewerRowsThanNoneAreRefused) {
  Packed of;
  const std::vector<std::int64_t> ids(seq, 3);
  const Index pairs = of.table.view().pairs();
  const rw::View<const float> rows(of.memory.data(), {1, -5, 1, pairs}, {0, pairs, 0});
  const auto table = rw::half_table(rows, rows).gather(Map<const std::int64_t, 1>(ids.data(), seq));
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, of.part(0), table); }),
            "apply_inplace: seq of the table is -5, must be 0 or more");
}

// The last id of no rows, before the lowest of 64 bits, is no number.
TEST(PositionIds, OfATableWithoutRowsAreRefused) {
  Packed of;
  const std::vector<std::int64_t> ids(seq, 3);
  const rw::Table<float> nowhere({1, 0, 1, of.table.view().pairs()});
  for (const auto& rows : {of.table.view().rows(0, 0), nowhere.view()}) {
    const auto table = rows.gather(Map<const std::int64_t, 1>(ids.data(), seq))
                           .first_position(std::numeric_limits<Index>::min());
    EXPECT_EQ(error_of([&] { rw::apply_inplace(device, of.part(0), table); }),
              "apply_inplace: seq of the table is 0, must be more to be gathered");
    const rw::View<float> nothing(nullptr, {2, seq, 0, 2 * table.pairs()});
    EXPECT_EQ(error_of([&] { rw::apply_inplace(device, nothing, table); }), "");
  }
}

// Not "no ids": the table would be read as if it had a row for each token.
TEST(PositionIds, NullDataIsRefused) {
  Packed of;
  const StoredTable<float> rows(Width::half, true, {1, 2, 1, width}, 4, Values::uniform, 1);
  const Map<const std::int64_t, 1> null(nullptr, seq);
  EXPECT_NE(error_of([&] {
              const auto table = rows.view().gather(null);
              rw::apply_inplace(device, of.part(0), table);
            }),
            "");
}

// A start is named as it was given, however far outside; behind one outside there is no way back
// in.
TEST(PositionIds, BehindAStartAreInsideTheTable) {
  constexpr Index highest = std::numeric_limits<Index>::max(), lowest = -highest - 1;
  Packed of;
  const auto before = of.memory;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  const auto error = [&](Index start, Index first) {
    const std::vector<std::int64_t> starts = {first + 4, start};
    return error_of([&] {
      rw::apply_inplace(device, of.part(0),
                        rows.view().rows_of_each(starts, seq).first_position(first));
    });
  };
  const auto text = [](Index start, Index first) {
    return "apply_inplace: start [1] of the table is " + std::to_string(start) +
           ", of 6 tokens: must be from " + std::to_string(first) + " to " +
           std::to_string(first + 4);
  };
  for (const Index start : {Index{5}, Index{9}, Index{10}, Index{-1}, highest, lowest}) {
    EXPECT_EQ(error(start, 0), text(start, 0));
  }
  EXPECT_EQ(error(highest, lowest), text(highest, lowest));
  EXPECT_EQ(error(highest - 1, highest - 10), text(highest - 1, highest - 10));
  EXPECT_TRUE(same_bytes(of.memory, before));
  EXPECT_EQ(error(4, 0), "");
}

TEST(PositionIds, StartsOfMoreTokensThanRowsAreRefused) {
  Packed of;
  const auto before = of.memory;
  const StoredTable<float> rows(Width::half, true, {1, seq - 1, 1, width}, 4, Values::uniform, 1);
  const std::vector<std::int64_t> starts = {-1, 0};
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(device, of.part(0),
                                rows.view().rows_of_each(starts, seq).leaving(-1));
            }),
            "apply_inplace: start [1] of the table is 0, of 6 tokens: must be of at most 5, the "
            "rows of the table, or -1, which is left");
  EXPECT_TRUE(same_bytes(of.memory, before));
}

TEST(PositionIds, OfEachSampleAreAsManyAsSamples) {
  Packed of;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  const std::vector<std::int32_t> starts = {1, 2, 3};
  for (const Index count : {0, 1, 3}) {
    EXPECT_EQ(error_of([&] {
                rw::apply_inplace(device, of.part(0),
                                  rows.view().rows_of_each(starts.data(), count, seq));
              }),
              "apply_inplace: number of starts given to rows_of_each is " + std::to_string(count) +
                  ", must be 2, one for each sample");
  }
}

TEST(PositionIds, OfEachSampleCountItsTokens) {
  Packed of;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  const std::vector<std::int32_t> starts = {1, 2};
  for (const Index count : {1, 7}) {
    EXPECT_EQ(error_of([&] {
                rw::apply_inplace(device, of.part(0), rows.view().rows_of_each(starts, count));
              }),
              "apply_inplace: count given to rows_of_each is " + std::to_string(count) +
                  ", must be 6, the tokens of each sample");
  }
}

TEST(PositionIds, OfTokensAreAsManyAsTokens) {
  Packed of;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  const std::vector<std::int32_t> ids = {1, 2};
  EXPECT_EQ(
      error_of([&] { rw::apply_inplace(device, of.part(0), rows.view().gather(ids)); }),
      "apply_inplace: seq of the table is 2, must be 6, an id for each token; starts of samples "
      "are for rows_of_each");
}

// An id that leaves its token excuses no other; a table of nothing has no rows to leave either.
TEST(PositionIds, OtherThanTheOneToLeaveAreStillRefused) {
  Packed of;
  const auto before = of.memory;
  const StoredTable<float> rows(Width::half, true, {1, 10, 1, width}, 4, Values::uniform, 1);
  std::vector<std::int64_t> ids(2 * seq, -1);
  const auto table = rows.view().gather(ids.data(), 2, seq).leaving(-1);
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, of.part(0), table); }), "");
  EXPECT_TRUE(same_bytes(of.memory, before));
  ids[3] = -2;
  EXPECT_EQ(error_of([&] { rw::apply_inplace(device, of.part(0), table); }),
            "apply_inplace: position id [0, 3] of the table is -2, must be from 0 to 9, or "
            "-1, which is left");
  const std::vector<std::int64_t> starts = {-1, 5};
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(device, of.part(0),
                                rows.view().rows_of_each(starts, seq).leaving(-1));
            }),
            "apply_inplace: start [1] of the table is 5, of 6 tokens: must be from 0 to 4, or -1, "
            "which is left");
}

// Ids of two batch entries, and out right behind them or over the last one.
TEST(PositionIds, InTheMemoryOfOutAreRefused) {
  const rw::Shape shape{2, seq, 1, width};
  std::vector<std::int64_t> memory(2 * seq + size_of(shape), 1);
  const auto before = memory;
  const std::vector<double> x(size_of(shape), 1.0);
  const StoredTable<float> rows(Width::half, true, {1, 4, 1, width}, 4, Values::uniform, 1);
  const auto table = rows.view().gather(Map<const std::int64_t, 2>(memory.data(), 2, seq));
  const auto apply_to = [&](Index first) {
    const auto out = reinterpret_cast<double*>(memory.data() + first);
    return error_of([&] {
      rw::apply(device, rw::View<double>(out, shape), rw::View<const double>(x.data(), shape),
                table);
    });
  };
  EXPECT_EQ(apply_to(2 * seq - 1),
            "apply: memory of out overlaps that of the position ids, must be apart from it");
  EXPECT_EQ(memory, before);
  EXPECT_EQ(apply_to(2 * seq), "");
}

// Of starts only those are read that there are, one for each sample.
TEST(PositionIds, StartsInTheMemoryOfOutAreRefused) {
  const rw::Shape shape{2, 3, 1, width};
  std::vector<std::int64_t> memory(2 + size_of(shape), 1);
  const std::vector<double> x(size_of(shape), 1.0);
  const StoredTable<float> rows(Width::half, true, {1, 4, 1, width}, 4, Values::uniform, 1);
  const auto table = rows.view().rows_of_each(memory.data(), 2, 3);
  const auto apply_to = [&](Index first) {
    const auto out = reinterpret_cast<double*>(memory.data() + first);
    return error_of([&] {
      rw::apply(device, rw::View<double>(out, shape), rw::View<const double>(x.data(), shape),
                table);
    });
  };
  EXPECT_EQ(apply_to(1),
            "apply: memory of out overlaps that of the position ids, must be apart from it");
  EXPECT_EQ(apply_to(2), "");
}

}  // namespace
}  // namespace ropewalk_test
