// Table and TableView: where each coefficient is, parts of tables, gathered rows.
#include "ropewalk/table.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "support/error_of.hpp"

namespace {

namespace rw = ropewalk;
using Eigen::RowMajor;
using Eigen::Tensor;
using ropewalk_test::error_of;
using rw::Index;

static_assert(std::is_same_v<rw::TableView<Eigen::half>::Scalar, Eigen::half>);
static_assert(std::is_same_v<decltype(rw::as_table(std::declval<const rw::Table<float>&>())),
                             rw::TableView<float>>);
static_assert(std::is_nothrow_move_constructible_v<rw::Table<float>>);
static_assert(std::is_trivially_copyable_v<rw::TableView<double>>);

template <class T>
const T* at(const rw::CoefficientReader<T>& readers, Index pair) {
  return readers.data + pair * readers.stride;
}

/// A pair's coefficients lie at these entries.
template <class T>
void expect_pair(const rw::TableView<T>& table, Index b, Index s, Index h, Index pair, const T& cos,
                 const T& sin) {
  const rw::PairReaders<T> readers = table.row(b, s, h);
  EXPECT_EQ(at(readers.cos_a, pair), &cos);
  EXPECT_EQ(at(readers.cos_b, pair), &cos);
  EXPECT_EQ(at(readers.sin_a, pair), &sin);
  EXPECT_EQ(at(readers.sin_b, pair), &sin);
}

TEST(TableView, BatchAndHeadsOfOneAreShared) {
  const std::vector<float> values(100);
  const rw::CoefficientReader<float> readers{values.data(), 1};
  const rw::TableView<float> table({readers, readers, readers, readers}, {1, 3, 1, 2}, 50, 6, 25);
  EXPECT_EQ(table.batch_stride(), 0);
  EXPECT_EQ(table.heads_stride(), 0);
  EXPECT_EQ(table.seq_stride(), 6);
  EXPECT_EQ(table.row(4, 2, 8).sin_b.data, values.data() + 12);
}

TEST(TableView, ReadersMayLieApart) {
  const std::vector<float> values(100);
  const float* data = values.data();
  const rw::TableView<float> table({{data, 1}, {data + 1, 2}, {data + 2, 3}, {data + 3, 4}},
                                   {2, 3, 2, 2}, 30, 10, 5);
  const rw::PairReaders<float> row = table.row(1, 2, 1);
  EXPECT_EQ(at(row.cos_a, 1), data + 55 + 1);
  EXPECT_EQ(at(row.cos_b, 1), data + 55 + 3);
  EXPECT_EQ(at(row.sin_a, 1), data + 55 + 5);
  EXPECT_EQ(at(row.sin_b, 1), data + 55 + 7);
}

/// A view whose row s begins s * 100 entries in, head h h * 10 entries further.
rw::TableView<float> wide_view(const std::vector<float>& values) {
  const float* data = values.data();
  return {{{data, 1}, {data + 1, 2}, {data + 2, 1}, {data + 3, 1}}, {1, 6, 3, 4}, 0, 100, 10};
}

TEST(TableView, PartsReadTheSameEntries) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  const auto rows = table.rows(4, 2);
  EXPECT_EQ(rows.seq(), 2);
  EXPECT_EQ(at(rows.row(0, 1, 2).cos_b, 3), at(table.row(0, 5, 2).cos_b, 3));
  const auto heads = table.heads(1, 2);
  EXPECT_EQ(heads.heads(), 2);
  EXPECT_EQ(at(heads.row(0, 1, 1).sin_a, 3), at(table.row(0, 1, 2).sin_a, 3));
  const auto pairs = table.pairs(1, 3);
  EXPECT_EQ(pairs.pairs(), 3);
  EXPECT_EQ(at(pairs.row(0, 1, 1).cos_b, 2), at(table.row(0, 1, 1).cos_b, 3));
}

// Fuzzing found a pointer that wrapped on its way to a row of nothing.
TEST(TableView, RowsWithoutPairsAreNowhere) {
  constexpr Index far = std::numeric_limits<Index>::max() / 4;
  const std::vector<float> values(1000);
  for (const float* data : {values.data(), static_cast<const float*>(nullptr)}) {
    const rw::CoefficientReader<float> readers{data, 1};
    const rw::TableView<float> table({readers, readers, readers, readers}, {2, 3, 2, 0}, far, far,
                                     far);
    EXPECT_EQ(table.row(1, 2, 1).cos_a.data, data);
  }
  EXPECT_EQ(wide_view(values).pairs(1, 0).row(0, 5, 2).cos_a.data, values.data() + 1);
}

TEST(TableView, PartsOutsideAreRefused) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  EXPECT_EQ(error_of([&] { table.rows(5, 2); }),
            "rows: seq of the table from 5, 2 of them, must be within 6");
  EXPECT_EQ(error_of([&] { table.heads(3, 1); }),
            "heads: heads of the table from 3, 1 of them, must be within 3");
  EXPECT_EQ(error_of([&] { table.pairs(0, 5); }),
            "pairs: pairs of the table from 0, 5 of them, must be within 4");
}

// Ids of either width, shared by the batch or not; the first row may have any id.
TEST(TableView, GatheredRowsAreThoseOfTheIds) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  const std::int64_t ids[] = {5, 0, 5, 1, 1, 1};  // the last three are nobody's
  const Eigen::TensorMap<Tensor<const std::int64_t, 1, RowMajor>> shared(ids, 3);
  const auto once = table.gather(shared);
  EXPECT_EQ(once.seq(), 3);
  EXPECT_EQ(once.batch(), 1);
  EXPECT_EQ(once.row(0, 2, 1).sin_b.data, table.row(0, 5, 1).sin_b.data);
  EXPECT_EQ(once.row(1, 0, 1).sin_b.data, table.row(0, 5, 1).sin_b.data);
  Tensor<std::int32_t, 2, RowMajor> batched(2, 2);
  batched.setValues({{-3, 2}, {0, -1}});
  const auto twice = table.gather(batched).first_position(-3);
  EXPECT_EQ(twice.seq(), 2);
  EXPECT_EQ(twice.batch(), 2);
  EXPECT_EQ(twice.row(0, 0, 1).cos_a.data, table.row(0, 0, 1).cos_a.data);
  EXPECT_EQ(twice.row(0, 1, 1).cos_a.data, table.row(0, 5, 1).cos_a.data);
  EXPECT_EQ(twice.row(1, 0, 1).cos_a.data, table.row(0, 3, 1).cos_a.data);
  EXPECT_EQ(twice.row(1, 1, 1).cos_a.data, table.row(0, 2, 1).cos_a.data);
  EXPECT_EQ(error_of([&] { once.gather(shared); }),
            "gather: position ids of the table are given already, must be given once");
  EXPECT_EQ(error_of([&] { once.rows(0, 1); }),
            "rows: position ids of the table are given already, must be given after rows");
  // Heads and pairs of a gathered table are cut like those of any other.
  EXPECT_EQ(at(once.pairs(1, 3).row(0, 2, 1).cos_b, 2), at(table.row(0, 5, 1).cos_b, 3));
  EXPECT_EQ(once.heads(1, 2).row(0, 2, 1).sin_b.data, table.row(0, 5, 2).sin_b.data);
  EXPECT_EQ(once.gradient().row(0, 2, 1).sin_a.data, table.row(0, 5, 1).sin_b.data);
}

// Every batch entry of a table has rows of its own: ids are shared, or there are some for each.
TEST(TableView, BatchesOfIdsAreThoseOfTheTable) {
  const std::vector<float> values(1000);
  const rw::CoefficientReader<float> readers{values.data(), 1};
  const rw::TableView<float> table({readers, readers, readers, readers}, {2, 5, 1, 4}, 100, 10, 0);
  const Tensor<std::int64_t, 2, RowMajor> one(1, 3), two(2, 3), three(3, 3);
  EXPECT_EQ(error_of([&] { table.gather(three); }), "gather: batch of ids is 3, must be 1 or 2");
  EXPECT_EQ(table.gather(one).batch(), 2);
  EXPECT_EQ(table.gather(two).batch(), 2);
  const rw::TableView<float> shared({readers, readers, readers, readers}, {1, 5, 1, 4}, 0, 10, 0);
  EXPECT_EQ(shared.gather(three).batch(), 3);
}

// A vector is [seq], whatever its length; two sizes are [batch, seq].
TEST(TableView, IdsMayBeAVectorOrAPointer) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  std::vector<std::int32_t> narrow = {5, 0, 4, 1};
  const std::vector<std::int64_t> wide(narrow.begin(), narrow.end());
  const std::array<std::int64_t, 4> fixed = {5, 0, 4, 1};
  const Eigen::TensorMap<Tensor<std::int32_t, 1, RowMajor>> map(narrow.data(), 4);
  for (const auto& ids :
       {table.gather(narrow), table.gather(wide), table.gather(fixed), table.gather(map),
        table.gather(Eigen::TensorMap<Tensor<std::int32_t, 1, RowMajor>>(narrow.data(), 4)),
        table.gather(narrow.data(), narrow.size()), table.gather(wide.data(), 4)}) {
    EXPECT_EQ(ids.batch(), 1);
    EXPECT_EQ(ids.seq(), 4);
    for (Index s = 0; s < 4; ++s) {
      EXPECT_EQ(ids.row(1, s, 2).cos_b.data,
                table.row(0, fixed[static_cast<std::size_t>(s)], 2).cos_b.data);
    }
  }
  const auto of_two = table.gather(wide.data(), 2, 2);
  EXPECT_EQ(of_two.batch(), 2);
  EXPECT_EQ(of_two.seq(), 2);
  EXPECT_EQ(of_two.row(1, 0, 2).cos_b.data, table.row(0, 4, 2).cos_b.data);
  const std::vector<std::int32_t> none;
  EXPECT_EQ(table.gather(none).seq(), 0);
  EXPECT_EQ(error_of([&] { table.gather(wide.data(), -1); }),
            "gather: seq of ids is -1, must be 0 or more");
  EXPECT_EQ(error_of([&] { table.gather(wide.data(), -1, 2); }),
            "gather: batch of ids is -1, must be 0 or more");
}

// int64_t is one of the two.
TEST(TableView, IdsMayBeLongOrLongLong) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  const std::vector<long> of_long = {4, 0};
  const std::vector<long long> longer = {4, 0};
  for (const auto& rows :
       {table.gather(of_long), table.gather(longer), table.gather(longer.data(), 2),
        table.rows_of_each(longer, 1), table.rows_of_each(of_long, 1)}) {
    const Index b = rows.batch() - 1, s = rows.seq() - 1;
    EXPECT_EQ(rows.row(0, 0, 0).cos_a.data, table.row(0, 4, 0).cos_a.data);
    EXPECT_EQ(rows.row(b, s, 0).cos_a.data, table.row(0, 0, 0).cos_a.data);
  }
}

TEST(TableView, RowsOfEachFollowItsStart) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  std::vector<std::int32_t> starts = {4, 0, 3};
  const std::vector<std::int64_t> wide(starts.begin(), starts.end());
  const Eigen::TensorMap<Tensor<std::int32_t, 1, RowMajor>> map(starts.data(), 3);
  for (const auto& rows : {table.rows_of_each(starts, 2), table.rows_of_each(wide, 2),
                           table.rows_of_each(map, 2), table.rows_of_each(starts.data(), 3, 2)}) {
    EXPECT_EQ(rows.batch(), 3);
    EXPECT_EQ(rows.seq(), 2);
    for (Index b = 0; b < 3; ++b) {
      for (Index s = 0; s < 2; ++s) {
        EXPECT_EQ(rows.row(b, s, 1).sin_a.data,
                  table.row(0, wide[static_cast<std::size_t>(b)] + s, 1).sin_a.data);
      }
    }
  }
  // Read where it is used: an engine counts its starts up in place.
  const auto rows = table.rows_of_each(starts, 1);
  ++starts[2];
  EXPECT_EQ(rows.row(2, 0, 0).cos_a.data, table.row(0, 4, 0).cos_a.data);
  // Cut before, heads and pairs after, as of gathered rows.
  EXPECT_EQ(table.rows(1, 5).rows_of_each(starts, 1).row(2, 0, 0).cos_a.data,
            table.row(0, 5, 0).cos_a.data);
  EXPECT_EQ(at(rows.heads(1, 2).pairs(1, 3).row(0, 0, 1).cos_b, 2),
            at(table.row(0, 4, 2).cos_b, 3));
  EXPECT_EQ(error_of([&] { rows.rows(0, 1); }),
            "rows: position ids of the table are given already, must be given after rows");
  EXPECT_EQ(error_of([&] { rows.rows_of_each(starts, 1); }),
            "rows_of_each: position ids of the table are given already, must be given once");
  const auto repeated = table.rows(0, 1).rows_of_each(starts, 1);
  EXPECT_EQ(error_of([&] { repeated.repeated(2); }),
            "repeated: position ids of the table are given already, must be given after repeated");
  EXPECT_EQ(error_of([&] { table.rows_of_each(starts, -1); }),
            "rows_of_each: count of starts is -1, must be 0 or more");
  EXPECT_EQ(error_of([&] { table.rows_of_each(starts.data(), -3, 1); }),
            "rows_of_each: batch of starts is -3, must be 0 or more");
}

// One start is not that of all samples: each has its own.
TEST(TableView, StartsAreAsManyAsTheTablesSamples) {
  const std::vector<float> values(1000);
  const rw::CoefficientReader<float> readers{values.data(), 1};
  const rw::TableView<float> table({readers, readers, readers, readers}, {2, 5, 1, 4}, 100, 10, 0);
  const std::vector<std::int64_t> one = {1}, two = {1, 2};
  EXPECT_EQ(error_of([&] { table.rows_of_each(one, 1); }),
            "rows_of_each: batch of starts is 1, must be 2");
  EXPECT_EQ(table.rows_of_each(two, 1).row(1, 0, 0).cos_a.data, values.data() + 120);
}

TEST(TableView, TheIdToLeaveIsNoPosition) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);  // of six rows
  const std::vector<std::int32_t> ids = {5, -1};
  const auto gathered = table.gather(ids), of_each = table.rows_of_each(ids, 1);
  for (const auto& rows : {gathered, of_each}) {
    for (const Index id : {-1, 6}) EXPECT_EQ(error_of([&] { rows.leaving(id); }), "");
    for (const Index id : {0, 5}) {
      EXPECT_EQ(error_of([&] { rows.leaving(id); }),
                "leaving: the id to leave is " + std::to_string(id) +
                    ", must be outside 0 to 5, the positions of the table");
    }
    EXPECT_EQ(
        error_of([&] { rows.leaving(-1).first_position(-3); }),
        "first_position: the id to leave is -1, must be outside -3 to 2, the positions of the "
        "table");
    EXPECT_EQ(error_of([&] { rows.first_position(-3).leaving(3); }), "");
  }
  EXPECT_EQ(error_of([&] { table.leaving(-1); }),
            "leaving: position ids of the table are missing, must be given first, by gather or "
            "rows_of_each");
  EXPECT_EQ(error_of([&] { table.first_position(1); }),
            "first_position: position ids of the table are missing, must be given first, by gather "
            "or rows_of_each");
}

TEST(TableView, GradientSwapsTheSinesOfTheInverse) {
  const std::vector<float> values(1000);
  const rw::TableView<float> table = wide_view(values);
  const rw::PairReaders<float> readers = table.row(0, 2, 1);
  const rw::PairReaders<float> inverse = table.inverse().row(0, 2, 1);
  const rw::PairReaders<float> gradient = table.gradient().row(0, 2, 1);
  EXPECT_EQ(inverse.sin_a.data, readers.sin_a.data);
  EXPECT_EQ(gradient.sin_a.data, readers.sin_b.data);
  EXPECT_EQ(gradient.sin_b.data, readers.sin_a.data);
  EXPECT_EQ(gradient.cos_a.data, readers.cos_a.data);
  EXPECT_TRUE(inverse.sin_a.negative && inverse.sin_b.negative);
  EXPECT_TRUE(gradient.sin_a.negative && gradient.sin_b.negative);
  EXPECT_FALSE(inverse.cos_a.negative || gradient.cos_b.negative);
  EXPECT_FALSE(table.inverse().inverse().row(0, 0, 0).sin_a.negative);
}

// A token's coefficients are one stretch: cos of all pairs, then sin of all pairs.
TEST(Table, ViewReadsItsRows) {
  const rw::Table<float> table(rw::TableShape{2, 3, 4, 5});
  for (Index b = 0; b < 2; ++b) {
    for (Index s = 0; s < 3; ++s) {
      for (Index h = 0; h < 4; ++h) {
        const float* row = table.cos(0, 0) + ((b * 3 + s) * 4 + h) * 10;
        EXPECT_EQ(table.cos(b, s, h), row);
        EXPECT_EQ(table.sin(b, s, h), row + 5);
        expect_pair(table.view(), b, s, h, 3, row[3], row[8]);
      }
    }
  }
}

TEST(Table, BeginsWithZeros) {
  const rw::Table<double> table(rw::TableShape{1, 7, 1, 9});
  for (Index i = 0; i < 7 * 18; ++i) EXPECT_EQ(table.cos(0, 0)[i], 0);
}

TEST(Table, RefusesNegativeAndHugeShapes) {
  constexpr Index huge = Index{1} << 40;
  const auto error = [](const rw::TableShape& shape) {
    return error_of([&] { rw::Table<float> table(shape); });
  };
  EXPECT_EQ(error({-1, 3, 1, 2}), "Table: batch of the shape is -1, must be 0 or more");
  EXPECT_EQ(error({1, -3, 1, 2}), "Table: seq of the shape is -3, must be 0 or more");
  EXPECT_EQ(error({1, 3, -1, 2}), "Table: heads of the shape is -1, must be 0 or more");
  EXPECT_EQ(error({1, 3, 1, -2}), "Table: pairs of the shape is -2, must be 0 or more");
  EXPECT_EQ(error({1, huge, 1, huge}),
            "Table: size of the shape overflows 64 bits, must fit memory");
  EXPECT_EQ(error({1, huge, 1, Index{1} << 20}),
            "Table: size of the shape overflows 64 bits, must fit memory");
  // The strides of no rows are computed, too.
  EXPECT_EQ(error({0, huge, 1, huge}),
            "Table: size of the shape overflows 64 bits, must fit memory");
}

TEST(Table, OfNoRowsHasAView) {
  const rw::Table<float> table({1, 0, 1, 4});
  const rw::TableView<float> view = table.view();
  EXPECT_EQ(view.seq(), 0);
  EXPECT_EQ(view.readers().sin_a.data, nullptr);
}

}  // namespace
