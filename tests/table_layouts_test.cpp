// The layouts of cos and sin that models hand over: which entry each maker reads for which pair.
#include "ropewalk/table_layouts.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <string>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "support/error_of.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_test::error_of;
using rw::Index;

template <class T, int Rank>
using Map = Eigen::TensorMap<Eigen::Tensor<const T, Rank, Eigen::RowMajor>>;

constexpr Index batch = 2, seq = 3, heads = 4, pairs = 5;

/// cos and sin [batch, seq, heads, width] in one block; packed tensors are the first of the two.
struct Source {
  explicit Source(Index of_width)
      : width(of_width), values(static_cast<std::size_t>(2 * batch * seq * heads * width)) {}

  Map<float, 4> cos() const { return {values.data(), batch, seq, heads, width}; }
  Map<float, 4> sin() const {
    return {values.data() + values.size() / 2, batch, seq, heads, width};
  }

  Index width;
  std::vector<float> values;
};

/// Where in its row a reader of pair i begins: first + i * step.
struct Entry {
  Index first, step;
};

void expect_reader(const rw::CoefficientReader<float>& reader, const float* row,
                   const Entry& entry) {
  for (Index i = 0; i < pairs; ++i) {
    EXPECT_EQ(reader.data + i * reader.stride, row + entry.first + i * entry.step);
  }
}

/// Every row of the table reads these entries of its row of cos and sin.
void expect_entries(const rw::TableView<float>& table, const Map<float, 4>& cos,
                    const Map<float, 4>& sin, const Entry (&entries)[4]) {
  EXPECT_EQ(table.batch(), batch);
  EXPECT_EQ(table.seq(), seq);
  EXPECT_EQ(table.heads(), heads);
  ASSERT_EQ(table.pairs(), pairs);
  for (Index b = 0; b < batch; ++b) {
    for (Index s = 0; s < seq; ++s) {
      for (Index h = 0; h < heads; ++h) {
        const rw::PairReaders<float> readers = table.row(b, s, h);
        expect_reader(readers.cos_a, &cos(b, s, h, 0), entries[0]);
        expect_reader(readers.cos_b, &cos(b, s, h, 0), entries[1]);
        expect_reader(readers.sin_a, &sin(b, s, h, 0), entries[2]);
        expect_reader(readers.sin_b, &sin(b, s, h, 0), entries[3]);
        EXPECT_FALSE(readers.cos_a.negative || readers.cos_b.negative || readers.sin_b.negative);
      }
    }
  }
}

/// An ordinary rotation: both features of a pair read the same entries.
void expect_rotation(const rw::TableView<float>& table, const Map<float, 4>& cos,
                     const Map<float, 4>& sin, const Entry& c, const Entry& s) {
  expect_entries(table, cos, sin, {c, c, s, s});
  EXPECT_FALSE(table.readers().sin_a.negative);
}

TEST(TwoTensors, ReadTheirEntries) {
  const Source half(pairs);
  const Source full(2 * pairs);
  expect_rotation(rw::half_table(half.cos(), half.sin()), half.cos(), half.sin(), {0, 1}, {0, 1});
  const auto cos = full.cos();
  const auto sin = full.sin();
  expect_rotation(rw::repeated_table(cos, sin), cos, sin, {0, 2}, {0, 2});
  expect_rotation(rw::duplicated_table(cos, sin), cos, sin, {0, 1}, {0, 1});
  expect_rotation(rw::even_odd_table(cos, sin), cos, sin, {0, 2}, {1, 2});
}

TEST(TwoTensors, PerFeatureReadsTheFeaturesOwnEntries) {
  const Source source(2 * pairs);
  const auto cos = source.cos();
  const auto sin = source.sin();
  const Entry neighbours[] = {{0, 2}, {1, 2}, {0, 2}, {1, 2}};
  const Entry halves[] = {{0, 1}, {pairs, 1}, {0, 1}, {pairs, 1}};
  expect_entries(rw::per_feature_table(cos, sin, rw::Pairing::interleaved), cos, sin, neighbours);
  expect_entries(rw::per_feature_table(cos, sin, rw::Pairing::interleaved_to_half), cos, sin,
                 neighbours);
  expect_entries(rw::per_feature_table(cos, sin, rw::Pairing::half), cos, sin, halves);
}

TEST(OneTensor, ReadsItsEntries) {
  const Source two(2 * pairs);
  const Source four(4 * pairs);
  const auto narrow = two.cos();
  const auto wide = four.cos();
  expect_rotation(rw::packed_table(wide), wide, wide, {0, 2}, {2 * pairs + 1, 2});
  expect_rotation(rw::packed_cos_sin_table(narrow), narrow, narrow, {0, 1}, {pairs, 1});
  expect_rotation(rw::packed_sin_cos_table(narrow), narrow, narrow, {pairs, 1}, {0, 1});
  expect_rotation(rw::packed_sin_cos_repeated_table(wide), wide, wide, {2 * pairs, 2}, {0, 2});
  expect_rotation(rw::complex_table(narrow), narrow, narrow, {0, 2}, {1, 2});
}

// out_a = m00 * a + m01 * b: the rule subtracts, so m01 is read with the other sign.
TEST(OneTensor, MatricesAreReadRowByRow) {
  const Source source(4 * pairs);
  const auto table = rw::matrix_table(source.cos());
  expect_entries(table, source.cos(), source.cos(), {{0, 4}, {3, 4}, {1, 4}, {2, 4}});
  EXPECT_TRUE(table.readers().sin_a.negative);
}

TEST(Ranks, TwoAndThreeHaveNoHeads) {
  const Source source(pairs);
  const float* sin = source.values.data() + 100;
  const Map<float, 2> shared(source.values.data(), seq, pairs);
  const auto one = rw::half_table(shared, Map<float, 2>(sin, seq, pairs));
  EXPECT_EQ(one.row(1, 2, 3).cos_a.data, &shared(2, 0));
  EXPECT_EQ(one.row(1, 2, 3).sin_b.data, sin + 2 * pairs);
  const Map<float, 3> batched(source.values.data(), batch, seq, pairs);
  const auto each = rw::half_table(batched, Map<float, 3>(sin, batch, seq, pairs));
  EXPECT_EQ(each.row(1, 2, 3).cos_a.data, &batched(1, 2, 0));
}

// [batch, heads, seq, width] in memory, as LTX-2 has it.
TEST(Views, OfAnyStridesAreTaken) {
  const Source source(2 * pairs);
  const auto view = rw::bhsd_view(source.values.data(), rw::Shape{batch, seq, heads, 2 * pairs});
  const auto table = rw::even_odd_table(view, view);
  EXPECT_EQ(table.row(1, 2, 3).sin_b.data, view.row(1, 2, 3) + 1);
}

// Null stays null, which the function that reads the table refuses.
TEST(Views, OfNothingHaveNoEntries) {
  const rw::View<const float> nothing(nullptr, rw::Shape{batch, seq, heads, 2 * pairs});
  EXPECT_EQ(rw::even_odd_table(nothing, nothing).readers().sin_a.data, nullptr);
  EXPECT_EQ(rw::packed_cos_sin_table(nothing).readers().sin_b.data, nullptr);
}

// Errors ----------------------------------------------------------------------------------------

Map<float, 4> shaped(Index b, Index s, Index h, Index width) { return {nullptr, b, s, h, width}; }

TEST(Errors, ShapesOfCosAndSinThatDiffer) {
  const auto error = [](const Map<float, 4>& sin) {
    return error_of([&] { rw::half_table(shaped(2, 3, 4, 5), sin); });
  };
  EXPECT_EQ(error(shaped(1, 3, 4, 5)), "half_table: batch of sin is 1, must be 2");
  EXPECT_EQ(error(shaped(2, 1, 4, 5)), "half_table: seq of sin is 1, must be 3");
  EXPECT_EQ(error(shaped(2, 3, 1, 5)), "half_table: heads of sin is 1, must be 4");
  EXPECT_EQ(error(shaped(2, 3, 4, 10)), "half_table: width of sin is 10, must be 5");
  EXPECT_EQ(error(shaped(2, 3, 4, 5)), "");
  const rw::View<const float> dense(nullptr, {2, 3, 4, 5});
  const auto moved = rw::bhsd_view<const float>(nullptr, {2, 3, 4, 5});
  EXPECT_EQ(error_of([&] { rw::half_table(dense, moved); }),
            "half_table: seq stride of sin is 5, must be 20");
  const rw::View<const float> padded(nullptr, {2, 3, 4, 5}, {61, 20, 5});
  EXPECT_EQ(error_of([&] { rw::half_table(dense, padded); }),
            "half_table: batch stride of sin is 61, must be 60");
  const rw::View<const float> overlapping(nullptr, {2, 3, 4, 5}, {60, 20, 4});
  EXPECT_EQ(error_of([&] { rw::half_table(dense, overlapping); }),
            "half_table: heads stride of sin is 4, must be 5");
}

// [cos | sin] of an odd head_dim among them: its pairs would not be whole.
TEST(Errors, WidthsThatDoNotFitTheLayout) {
  const auto odd = shaped(2, 3, 4, 63);
  const auto twice_odd = shaped(1, 4, 1, 126);
  const auto pairing = rw::Pairing::half;
  const std::string of_two = " is 63, must be a multiple of 2";
  EXPECT_EQ(error_of([&] { rw::packed_table(twice_odd); }),
            "packed_table: width of packed is 126, must be a multiple of 4");
  EXPECT_EQ(error_of([&] { rw::packed_sin_cos_repeated_table(twice_odd); }),
            "packed_sin_cos_repeated_table: width of packed is 126, must be a multiple of 4");
  EXPECT_EQ(error_of([&] { rw::matrix_table(twice_odd); }),
            "matrix_table: width of matrices is 126, must be a multiple of 4");
  EXPECT_EQ(error_of([&] { rw::repeated_table(odd, odd); }),
            "repeated_table: width of cos" + of_two);
  EXPECT_EQ(error_of([&] { rw::duplicated_table(odd, odd); }),
            "duplicated_table: width of cos" + of_two);
  EXPECT_EQ(error_of([&] { rw::even_odd_table(odd, odd); }),
            "even_odd_table: width of cos" + of_two);
  EXPECT_EQ(error_of([&] { rw::per_feature_table(odd, odd, pairing); }),
            "per_feature_table: width of cos" + of_two);
  EXPECT_EQ(error_of([&] { rw::packed_cos_sin_table(odd); }),
            "packed_cos_sin_table: width of packed" + of_two);
  EXPECT_EQ(error_of([&] { rw::packed_sin_cos_table(odd); }),
            "packed_sin_cos_table: width of packed" + of_two);
  EXPECT_EQ(error_of([&] { rw::complex_table(odd); }), "complex_table: width of packed" + of_two);
}

}  // namespace
