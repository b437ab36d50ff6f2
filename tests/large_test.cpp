// Sizes and distances that do not fit 32 bits, and products that do not fit 64.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"
#include "support/mappings.hpp"
#include "support/reader_tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;

constexpr Index most = std::numeric_limits<Index>::max();
constexpr Index two_31 = Index{1} << 31;
constexpr Index two_32 = Index{1} << 32;

// Distances --------------------------------------------------------------------------------------

constexpr rw::Shape small{2, 3, 2, 94};
constexpr Index pairs = 46;  // and two features that pass through

/// Strides of which one does not fit 32 bits: cut to them it would be negative, or look sound.
constexpr rw::Strides far_apart[] = {
    {two_31 + 8, 2 * 94, 94},      {two_32 + 12 * 94, 2 * 94, 94}, {2 * 94, two_31 + 8, 94},
    {94, two_32 + 4 * 94, 2 * 94}, {94, 2 * 94, two_31 + 8},       {3 * 94, 94, two_32 + 6 * 94},
};

Index extent_of(const rw::Shape& shape, const rw::Strides& strides) {
  return (shape.batch - 1) * strides.batch + (shape.seq - 1) * strides.seq +
         (shape.heads - 1) * strides.heads + shape.head_dim;
}

template <class T>
class FarApart : public testing::Test {};
TYPED_TEST_SUITE(FarApart, Dtypes);

TYPED_TEST(FarApart, RowsMatchDenseOnesBitForBit) {
  const auto x = random_values<TypeParam>(size_of(small), Values::special, 1);
  const auto table_values = random_values<float>(count_of(3 * 2 * pairs), Values::special, 2);
  const auto table = table_over(table_values.data(), Layout::half, {1, 3, 1, pairs});
  const rw::View<const TypeParam> dense_x(x.data(), small);
  std::vector<TypeParam> wanted(x.size()), got(x.size());
  apply_definition(rw::View<TypeParam>(wanted.data(), small), dense_x, table);
  for (const rw::Strides& strides : far_apart) {
    for (const Form& form : forms_of<TypeParam, TypeParam>()) {
      SCOPED_TRACE(testing::Message() << form.name() << ", strides " << &strides - far_apart);
      SparseMemory<TypeParam> far_x(extent_of(small, strides)), far_out(extent_of(small, strides));
      if (!far_x.is_there() || !far_out.is_there()) GTEST_SKIP() << "no room to map it";
      const rw::View<TypeParam> x_view(far_x.data(), small, strides);
      const rw::View<TypeParam> out_view(far_out.data(), small, strides);
      copy_rows(x_view, dense_x);
      apply_form(form, Eigen::DefaultDevice{}, out_view, rw::View<const TypeParam>(x_view), table);
      copy_rows(rw::View<TypeParam>(got.data(), small), rw::View<const TypeParam>(out_view));
      EXPECT_TRUE(same_bits(got, wanted));
    }
  }
}

TEST(FarApart, RowsOfTheTableAreFound) {
  const auto x = random_values<float>(size_of(small), Values::special, 1);
  std::vector<float> wanted(x.size()), out(x.size());
  const rw::View<const float> x_view(x.data(), small);
  for (const Index stride : {two_31 + 8, two_32 + 2 * pairs}) {
    SparseMemory<float> rows(2 * stride + 2 * pairs);
    if (!rows.is_there()) GTEST_SKIP() << "no room to map it";
    std::vector<float> dense;
    for (Index s = 0; s < 3; ++s) {
      fill(rows.data() + s * stride, count_of(2 * pairs), Values::special, count_of(s));
      dense.insert(dense.end(), rows.data() + s * stride, rows.data() + s * stride + 2 * pairs);
    }
    const rw::TableView<float> table(first_row(rows.data(), Layout::half, pairs), {1, 3, 1, pairs},
                                     0, stride, 0);
    apply_definition(rw::View<float>(wanted.data(), small), x_view,
                     table_over(dense.data(), Layout::half, {1, 3, 1, pairs}));
    for (const Form& form : forms_of<float, float>()) {
      apply_form(form, Eigen::DefaultDevice{}, rw::View<float>(out.data(), small), x_view, table);
      EXPECT_TRUE(same_bits(out, wanted)) << form.name() << ", stride " << stride;
    }
  }
}

// More than 2^31 elements ------------------------------------------------------------------------

/// x and out of 2^31 elements and some more, all of one row of the table.
struct Large {
  static constexpr Index tail = 1 << 15;
  static constexpr Index pieces = two_31 / RepeatedMemory<bfloat16>::piece;

  RepeatedMemory<bfloat16> x{pieces, tail}, out{pieces, tail};

  bool is_there() const { return x.is_there() && out.is_there(); }

  /// Rotates new values by the table.
  void rotate(const rw::Shape& shape, const rw::TableView<float>& table) {
    fill(x.data(), count_of(x.piece), Values::uniform, 1);
    fill(x.tail(), count_of(tail), Values::uniform, 2);
    rw::apply(Eigen::DefaultDevice(), rw::View<bfloat16>(out.data(), shape),
              rw::View<const bfloat16>(x.data(), shape), table);
  }
};

/// The row of a table for every token.
rw::TableView<float> one_row(const std::vector<float>& row, Index seq) {
  const auto row_pairs = static_cast<Index>(row.size() / 2);
  return {first_row(row.data(), Layout::half, row_pairs), {1, seq, 1, row_pairs}, 0, 0, 0};
}

void expect_rotated(const bfloat16* out, const bfloat16* x, const rw::Shape& shape,
                    const rw::TableView<float>& table) {
  std::vector<bfloat16> wanted(size_of(shape));
  apply_definition(rw::View<bfloat16>(wanted.data(), shape), rw::View<const bfloat16>(x, shape),
                   table);
  EXPECT_TRUE(same_bytes(out, wanted.data(), wanted.size()));
}

/// Four heads of 128 features.
rw::Shape tokens_of(Index size) { return {1, size / 512, 4, 128}; }

TEST(Large, ManyTokensAreAllRotated) {
  Large large;
  if (!large.is_there()) GTEST_SKIP() << "no room to map it";
  const auto row = random_values<float>(128, Values::uniform, 3);
  const rw::Shape all = tokens_of(two_31 + Large::tail);
  large.rotate(all, one_row(row, all.seq));
  const auto expect_part = [&](const bfloat16* out, const bfloat16* x, Index size) {
    const rw::Shape shape = tokens_of(size);
    expect_rotated(out, x, shape, one_row(row, shape.seq));
  };
  expect_part(large.out.data(), large.x.data(), large.x.piece);
  expect_part(large.out.tail(), large.x.tail(), Large::tail);
}

// All pieces but the tail are the same memory, which takes a quarter turn for each of them: as many
// as are one turn and a multiple of four, which turn nothing.
TEST(Large, ManyTokensInPlaceAreAllRotated) {
  using Memory = RepeatedMemory<bfloat16>;
  constexpr Index pieces = two_31 / Memory::piece + 1;
  static_assert(pieces % 4 == 1);
  Memory x(pieces, Large::tail);
  if (!x.is_there()) GTEST_SKIP() << "no room to map it";
  const auto before = random_values<bfloat16>(count_of(Memory::piece), Values::uniform, 1);
  std::copy(before.begin(), before.end(), x.data());
  std::copy_n(before.begin(), Large::tail, x.tail());
  std::vector<float> quarter(128, 0.0f);
  std::fill(quarter.begin() + 64, quarter.end(), 1.0f);
  const rw::Shape all = tokens_of(pieces * Memory::piece + Large::tail);
  rw::apply_inplace(Eigen::DefaultDevice(), rw::View<bfloat16>(x.data(), all),
                    one_row(quarter, all.seq));
  const auto expect_part = [&](const bfloat16* out, Index size) {
    const rw::Shape shape = tokens_of(size);
    expect_rotated(out, before.data(), shape, one_row(quarter, shape.seq));
  };
  expect_part(x.data(), Memory::piece);
  expect_part(x.tail(), Large::tail);
}

// One row as long: the first half of its features rotates, by one angle, the others pass through.
TEST(Large, OneRowIsRotatedToItsEnd) {
  Large large;
  if (!large.is_there()) GTEST_SKIP() << "no room to map it";
  const rw::Shape row{1, 1, 1, two_31 + Large::tail};
  const float angle[] = {0.6f, 0.8f};
  const auto turned_to = [&](Index size) {
    return rw::TableView<float>(first_row(angle, Layout::one, 0), {1, 1, 1, size / 2}, 0, 0, 0);
  };
  const auto expect_part = [&](bfloat16* out, const bfloat16* x, Index size, bool turns) {
    std::vector<bfloat16> wanted(count_of(size));
    const rw::Shape shape{1, 1, 1, size};
    apply_definition(rw::View<bfloat16>(wanted.data(), shape), rw::View<const bfloat16>(x, shape),
                     turned_to(turns ? size : 0));
    EXPECT_TRUE(same_bits(out, wanted.data(), wanted.size()));
  };
  large.rotate(row, turned_to(row.head_dim));
  expect_part(large.out.data(), large.x.data(), large.x.piece, true);
  expect_part(large.out.tail(), large.x.tail(), Large::tail, true);
  large.rotate(row, turned_to(64));
  expect_part(large.out.data() + 64, large.x.data() + 64, large.x.piece - 64, false);
  expect_part(large.out.tail(), large.x.tail(), Large::tail, false);
}

// Products that do not fit 64 bits ----------------------------------------------------------------

template <class Call>
void expect_error(const Call& call, const std::string& text) {
  EXPECT_EQ(error_of(call), text);
}

std::string far_from(const std::string& place, Index begin, Index stride) {
  return place + " begins after " + std::to_string(begin) + " entries " + std::to_string(stride) +
         " apart, must fit 64 bits";
}

float values[64];

// Parts were cut at addresses that had lost their upper bits, and apply took them for sound.
TEST(Overflow, PartsOfViewsBeginWhereAnAddressCanBe) {
  const rw::View<float> view(values, rw::Shape{1, most, most, most}, {0, two_32, two_32});
  expect_error([&] { view.seq(two_31, 1); }, far_from("seq: seq of the view", two_31, two_32));
  expect_error([&] { view.heads(most, 0); }, far_from("heads: heads of the view", most, two_32));
  // The elements would fit, their bytes do not.
  expect_error([&] { view.features(most / 2, 1); },
               far_from("features: head_dim of the view", most / 2, 1));
  expect_error(
      [&] {
        rw::qkv_view(values, rw::Shape{1, 1, two_32, two_32}, 2);
      },
      far_from("qkv_view: index of packed queries, keys and values", 2, most));
}

TEST(Overflow, PartsOfTablesBeginWhereAnAddressCanBe) {
  const rw::CoefficientReader<float> cos{values, two_32};
  const rw::TableView<float> table({cos, cos, cos, cos}, {1, most, most, most}, 0, two_32, two_32);
  expect_error([&] { table.rows(two_31, 1); }, far_from("rows: seq of the table", two_31, two_32));
  expect_error([&] { table.heads(two_31, 1); },
               far_from("heads: heads of the table", two_31, two_32));
  expect_error([&] { table.pairs(two_31, 1); },
               far_from("pairs: pairs of the table", two_31, two_32));
}

// They were some address near null, which no check knows.
TEST(Overflow, PartsOfNothingAreNothing) {
  const rw::View<float> view(nullptr, rw::Shape{2, 4, 4, 8});
  EXPECT_EQ(view.seq(1, 1).data(), nullptr);
  EXPECT_EQ(view.heads(1, 1).data(), nullptr);
  EXPECT_EQ(view.features(2, 2).data(), nullptr);
  const rw::TableView<float> table({{}, {}, {}, {}}, {1, 4, 2, 4}, 0, 8, 4);
  for (const rw::TableView<float>& part :
       {table.rows(1, 1), table.heads(1, 1), table.pairs(1, 1)}) {
    EXPECT_EQ(part.readers().cos_a.data, nullptr);
    EXPECT_EQ(part.readers().sin_b.data, nullptr);
  }
}

// The difference of an id and the first one was cut to 64 bits.
TEST(Overflow, PositionIdsFarFromTheTableAreRefused) {
  constexpr Index least = std::numeric_limits<Index>::min();
  const rw::Shape shape{1, 1, 1, 8};
  const auto table = table_over(values, Layout::half, {1, 4, 1, 4});
  Eigen::Tensor<std::int64_t, 1, Eigen::RowMajor> ids(1);
  float x[8] = {};
  const auto apply = [&](Index id, Index first) {
    ids(0) = id;
    rw::apply_inplace(Eigen::DefaultDevice(), rw::View<float>(x, shape),
                      table.gather(ids).first_position(first));
  };
  const auto expect_refused = [&](Index id, Index first) {
    expect_error([&] { apply(id, first); }, "apply_inplace: position id [0] of the table is " +
                                                std::to_string(id) + ", must be from " +
                                                std::to_string(first) + " to " +
                                                std::to_string(first + 3));
  };
  for (const Index first : {Index{0}, Index{1}, Index{-1}, least, least + 1, most - 4}) {
    for (const Index id : {first, first + 3}) EXPECT_NO_THROW(apply(id, first));
    for (const Index id : {least, least + 5, Index{-9}, Index{9}, most - 5, most}) {
      if (id < first || id > first + 3) expect_refused(id, first);
    }
  }
  expect_error([&] { table.gather(ids).first_position(most - 3); },
               "first_position: the first position of the table is " + std::to_string(most - 3) +
                   ", must be so that the last one fits 64 bits");
}

TEST(Overflow, EmptyIsFineHoweverLarge) {
  const rw::TableView<float> table({{}, {}, {}, {}}, {1, most, 1, 0}, 0, most, 0);
  for (const rw::Shape& shape : {rw::Shape{most, most, 0, most - 1}, rw::Shape{0, most, most, 8},
                                 rw::Shape{most, most, most, 0}}) {
    const rw::View<float> nothing(nullptr, shape);
    for (const Form& form : forms_of<float, float>()) {
      if (form.in_place()) continue;
      EXPECT_NO_THROW(
          apply_form(form, Eigen::DefaultDevice{}, nothing, rw::View<const float>(nothing), table))
          << form.name();
    }
    EXPECT_NO_THROW(rw::apply_inplace(Eigen::DefaultDevice{}, std::tie(nothing, nothing), table));
  }
}

TEST(Overflow, TablesAndListsTooLargeAreRefused) {
  expect_error(
      [] {
        rw::Table<float>({two_32, two_32, 1, 1});
      },
      "Table: size of the shape overflows 64 bits, must fit memory");
  expect_error(
      [] {
        rw::Table<double>({1, most / 16 + 1, 1, 1});
      },
      "Table: size of the shape overflows 64 bits, must fit memory");
  const rw::Frequencies one = rw::frequencies(2, 1e4);
  EXPECT_THROW(rw::detail::with_identity_pairs(most, one), std::invalid_argument);
  EXPECT_THROW(rw::detail::with_identity_pairs(most / 16, one), std::invalid_argument);
  EXPECT_THROW(rw::frequencies(most - 1, 1e4), std::invalid_argument);
}

TEST(Overflow, WhatNoMemoryHoldsFailsBeforeAnyOfItIsFilled) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROPEWALK_TESTS_WITH_ASAN
#endif
#endif
#if defined(ROPEWALK_TESTS_WITH_ASAN) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer ends a program that asks for so much";
#endif
  constexpr Index huge = Index{1} << 57;
  EXPECT_ANY_THROW(rw::frequencies(huge, 1e4));
  EXPECT_ANY_THROW(rw::detail::increasing_frequencies(huge, 1e4));
  const rw::Table<float> row({1, 1, 1, 1});
  EXPECT_ANY_THROW(rw::average_pool(row, rw::Grid{1}, rw::Grid{huge}));
}

}  // namespace
}  // namespace ropewalk_test
