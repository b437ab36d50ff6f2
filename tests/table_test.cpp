// Table and TableView: where each coefficient is, parts of tables, gathered rows.
#include "ropewalk/table.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
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
            "gather: seq of the table is gathered already, must not be");
  EXPECT_EQ(error_of([&] { once.rows(0, 1); }),
            "rows: seq of the table is gathered, must be cut before it is gathered");
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
  const rw::TableView<float> view = rw::Table<float>({1, 0, 1, 4}).view();
  EXPECT_EQ(view.seq(), 0);
  EXPECT_EQ(view.readers().sin_a.data, nullptr);
}

}  // namespace
