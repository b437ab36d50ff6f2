// Tables: the laws of rotations, the steps of every precision, appending, pooling, errors.
#include "ropewalk/build.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/bits.hpp"
#include "support/dense_frequencies.hpp"
#include "support/error_of.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk {
namespace {

using ropewalk_test::error_of;
using ropewalk_test::frequency_at;
using ropewalk_test::same_bits;

template <class T>
std::vector<T> entries(const Table<T>& table) {
  const Index count = table.batch() * table.seq() * table.heads() * 2 * table.pairs();
  return {table.cos(0, 0), table.cos(0, 0) + count};
}

/// Mochi's kind: two heads of three pairs, every axis turns every pair.
Frequencies dense_frequencies() {
  std::vector<double> values;
  for (int i = 0; i < 18; ++i) values.push_back(std::sin(i + 1.0) * 2);
  return own_frequencies(3, 2, 3, values);
}

// Each step stored to a volatile: rounded, and not fused with the next.
template <class Real>
Real stored(Real value) {
  volatile Real result = value;
  return result;
}

// The laws ----------------------------------------------------------------------------------------

TEST(Tables, KeepUnitLength) {
  const Table<double> table = axial_table<double>(Grid{3, 4, 5}, {8, 6, 6});
  for (Index s = 0; s < table.seq(); ++s) {
    for (Index i = 0; i < table.pairs(); ++i) {
      const double c = table.cos(0, s)[i];
      const double d = table.sin(0, s)[i];
      EXPECT_NEAR(c * c + d * d, 1, 4e-16);
    }
  }
}

TEST(Tables, AngleZeroIsTheIdentity) {
  const Table<float> table = make_table(sequence_positions(1), frequencies(64, 1e4));
  for (Index i = 0; i < 32; ++i) {
    EXPECT_EQ(table.cos(0, 0)[i], 1.0f);
    EXPECT_EQ(table.sin(0, 0)[i], 0.0f);
  }
}

// R(a) R(b) = R(a + b), to an ulp of the angle 90 and a few roundings.
TEST(Tables, RotationsAddTheirAngles) {
  const Table<double> table = make_table<double>(sequence_positions(100), frequencies(64, 1e4));
  for (Index a = 0; a < 50; a += 7) {
    for (Index b = 0; b < 50; b += 3) {
      for (Index i = 0; i < 32; ++i) {
        const double ca = table.cos(0, a)[i], sa = table.sin(0, a)[i];
        const double cb = table.cos(0, b)[i], sb = table.sin(0, b)[i];
        EXPECT_NEAR(ca * cb - sa * sb, table.cos(0, a + b)[i], 2e-14);
        EXPECT_NEAR(sa * cb + ca * sb, table.sin(0, a + b)[i], 2e-14);
      }
    }
  }
}

TEST(Tables, NegativePositionsTurnBack) {
  const Table<double> table =
      make_table<double>(id_positions(std::vector<int>{-7, 7}), frequencies(8, 1e4));
  for (Index i = 0; i < 4; ++i) {
    EXPECT_EQ(table.cos(0, 0)[i], table.cos(0, 1)[i]);
    EXPECT_EQ(table.sin(0, 0)[i], -table.sin(0, 1)[i]);
  }
}

// Helios: every token and pair against the rule, written out with its own loops.
TEST(Tables, AxialTableFollowsTheRule) {
  const Table<float> table = axial_table(Grid{9, 24, 40}, {44, 42, 42}, 1e4);
  ASSERT_EQ(table.seq(), 8640);
  ASSERT_EQ(table.pairs(), 64);
  const int dims[] = {44, 42, 42};
  for (Index s = 0; s < table.seq(); ++s) {
    const Index cell[] = {s / 960, s / 40 % 24, s % 40};
    for (int axis = 0, pair = 0; axis < 3; ++axis) {
      for (int i = 0; i < dims[axis] / 2; ++i, ++pair) {
        const double frequency = 1 / std::pow(1e4, (2.0 * i) / dims[axis]);
        const double angle = static_cast<double>(cell[axis]) * frequency;
        ASSERT_EQ(table.cos(0, s)[pair], static_cast<float>(std::cos(angle)));
        ASSERT_EQ(table.sin(0, s)[pair], static_cast<float>(std::sin(angle)));
      }
    }
  }
}

// The short way (each axis once) and the rule as it stands give the same bits.
TEST(Tables, EachAxisOnceIsTheRule) {
  const Positions positions = stack({grid_positions({range(3, -2), linspace(4, 0.1, 9)}),
                                     grid_positions({range(3, 1e5), range(4, 0.5)})});
  const Frequencies list = frequencies(24, 1e4, Yarn{4, 64});
  const Frequencies wide =
      detail::with_identity_pairs(4, arrange({list}, TermRule::interleaved_sections, {7, 5}));
  const Frequencies heads = detail::split_heads(4, wide);
  for (const AngleSteps steps : {AngleSteps::f64, AngleSteps::f32, AngleSteps::f32_angles}) {
    Table<float> rule({2, 12, 4, 4});
    detail::fill_by_rule(positions, heads, detail::Turn<float>{steps, heads.attention_factor},
                         rule);
    EXPECT_TRUE(same_bits(entries(make_table(positions, heads, steps)), entries(rule)));
  }
}

TEST(Tables, SeveralAxesAddUp) {
  const Frequencies dense = dense_frequencies();
  const Positions positions = grid_positions({range(2), cell_centres(3, -4, 4), range(2, 0.5)});
  const Table<double> table = make_table<double>(positions, dense);
  ASSERT_EQ(table.heads(), 2);
  for (Index s = 0; s < 12; ++s) {
    for (Index head = 0; head < 2; ++head) {
      for (Index i = 0; i < 3; ++i) {
        double angle = 0;
        for (Index axis = 0; axis < 3; ++axis) {
          angle += positions.at(axis, 0, s) * frequency_at(dense, axis, head, i);
        }
        EXPECT_NEAR(table.cos(0, s, head)[i], std::cos(angle), 1e-14);
        EXPECT_NEAR(table.sin(0, s, head)[i], std::sin(angle), 1e-14);
      }
    }
  }
}

TEST(Tables, AttentionFactorScalesBoth) {
  const Frequencies plain = own_frequencies({1, 0.1});
  const Frequencies louder = own_frequencies({1, 0.1}, 1.25);
  const Table<double> a = make_table<double>(sequence_positions(9), plain);
  const Table<double> b = make_table<double>(sequence_positions(9), louder);
  for (std::size_t i = 0; i < entries(a).size(); ++i)
    EXPECT_EQ(entries(a)[i] * 1.25, entries(b)[i]);
}

TEST(Tables, SamplesHaveTheirOwnPositions) {
  const Frequencies list = frequencies(8, 1e4);
  const Positions first = sequence_positions(3), second = sequence_positions(3, 100);
  const Table<float> table = make_table(stack({first, second}), list);
  ASSERT_EQ(table.batch(), 2);
  std::vector<float> both = entries(make_table(first, list));
  for (const float entry : entries(make_table(second, list))) both.push_back(entry);
  EXPECT_TRUE(same_bits(entries(table), both));
}

TEST(Tables, EmptyOnes) {
  EXPECT_EQ(axial_table(Grid{0, 24, 40}, {44, 42, 42}).seq(), 0);
  EXPECT_EQ(axial_table(Grid{3}, {0}).pairs(), 0);
  EXPECT_EQ(make_table(sequence_positions(0), frequencies(8, 1e4)).seq(), 0);
}

// Precision ---------------------------------------------------------------------------------------

template <class T>
class TablesOf : public testing::Test {};
TYPED_TEST_SUITE(TablesOf, ropewalk_test::Dtypes);

// Rounded once from double (to 16 bits by way of float).
TYPED_TEST(TablesOf, DoubleStepsAreRoundedOnce) {
  const Positions positions = sequence_positions(300, 70000);
  const Table<double> exact = make_table<double>(positions, frequencies(32, 1e4));
  const Table<TypeParam> table = make_table<TypeParam>(positions, frequencies(32, 1e4));
  std::vector<TypeParam> rounded;
  for (const double entry : entries(exact)) rounded.push_back(detail::narrow<TypeParam>(entry));
  EXPECT_TRUE(same_bits(entries(table), rounded));
}

TYPED_TEST(TablesOf, FloatStepsAreRoundedFromFloat) {
  const FrequencyOptions options{0, AngleSteps::f32};
  const Frequencies list = frequencies(32, 1e4, Yarn{8, 4096}, options);
  const Positions positions = sequence_positions(300, 70000);
  const Table<float> exact = make_table<float>(positions, list, AngleSteps::f32);
  const Table<TypeParam> table = make_table<TypeParam>(positions, list, AngleSteps::f32);
  std::vector<TypeParam> rounded;
  for (const float entry : entries(exact)) rounded.push_back(detail::narrow<TypeParam>(entry));
  EXPECT_TRUE(same_bits(entries(table), rounded));
}

// frequency = 1 / theta^(float(2i) / dim), angle = position * frequency, cos: a float each.
TEST(Tables, FloatStepsAreThoseOfPyTorch) {
  AxialOptions options;
  options.first = {1000, 0};
  options.steps = AngleSteps::f32;
  const Table<float> table = axial_table(Grid{7, 90}, {44, 42}, 256, options);
  const int dims[] = {44, 42};
  for (Index s = 0; s < table.seq(); ++s) {
    const float position[] = {static_cast<float>(1000 + s / 90), static_cast<float>(s % 90)};
    for (int axis = 0, pair = 0; axis < 2; ++axis) {
      for (int i = 0; i < dims[axis] / 2; ++i, ++pair) {
        const float exponent = stored(static_cast<float>(2 * i) / static_cast<float>(dims[axis]));
        const float power =
            stored(static_cast<float>(std::pow(256.0, static_cast<double>(exponent))));
        const float frequency = stored(1.0f / power);
        const double angle = static_cast<double>(stored(position[axis] * frequency));
        ASSERT_EQ(table.cos(0, s)[pair], static_cast<float>(std::cos(angle))) << s << " " << pair;
        ASSERT_EQ(table.sin(0, s)[pair], static_cast<float>(std::sin(angle))) << s << " " << pair;
      }
    }
  }
}

TEST(Tables, FloatStepsAddInFloat) {
  Frequencies dense = dense_frequencies();
  dense.attention_factor = 1.1;
  const Positions positions =
      grid_positions({range(3, 100), cell_centres(5, -4, 4), range(2, 0.3)});
  const Table<float> table = make_table(positions, dense, AngleSteps::f32);
  for (Index s = 0; s < positions.seq; ++s) {
    for (Index head = 0; head < 2; ++head) {
      for (Index i = 0; i < 3; ++i) {
        float angle = 0;
        for (Index axis = 0; axis < 3; ++axis) {
          const auto position = static_cast<float>(positions.at(axis, 0, s));
          const float term =
              stored(position * static_cast<float>(frequency_at(dense, axis, head, i)));
          angle = stored(angle + term);
        }
        const float cosine = stored(static_cast<float>(std::cos(static_cast<double>(angle))));
        EXPECT_EQ(table.cos(0, s, head)[i], stored(cosine * 1.1f));
      }
    }
  }
}

// Z-Image: the frequency and the product in double, the angle then rounded to float.
TEST(Tables, FloatAnglesOfDoubleFrequencies) {
  const Frequencies list = frequencies(32, 256);
  const Table<float> table = make_table(sequence_positions(2000), list, AngleSteps::f32_angles);
  std::size_t other_than_double = 0;
  const Table<float> exact = make_table(sequence_positions(2000), list);
  for (Index s = 0; s < 2000; ++s) {
    for (Index i = 0; i < 16; ++i) {
      const auto angle = static_cast<float>(static_cast<double>(s) *
                                            list.terms[static_cast<std::size_t>(i)].frequency);
      const double rounded = static_cast<double>(stored(angle));
      ASSERT_EQ(table.sin(0, s)[i], static_cast<float>(std::sin(rounded)));
      other_than_double += table.sin(0, s)[i] != exact.sin(0, s)[i];
    }
  }
  EXPECT_GT(other_than_double, 1000u);
}

// Options of the grid -----------------------------------------------------------------------------

TEST(AxialTable, FirstPositionsAndExplicitIds) {
  AxialOptions by_first;
  by_first.first = {19, 0, -3};
  AxialOptions by_ids;
  by_ids.ids = {range(4, 19), {}, range(5, -3)};
  const Table<float> a = axial_table(Grid{4, 3, 5}, {8, 4, 6}, 1e4, by_first);
  const Table<float> b = axial_table(Grid{4, 3, 5}, {8, 4, 6}, 1e4, by_ids);
  EXPECT_TRUE(same_bits(entries(a), entries(b)));
  const Positions positions = grid_positions({range(4, 19), range(3), range(5, -3)});
  const Table<float> c = make_table(positions, detail::axial_frequencies({8, 4, 6}, 1e4));
  EXPECT_TRUE(same_bits(entries(a), entries(c)));
}

// Steps on tables ---------------------------------------------------------------------------------

TYPED_TEST(TablesOf, AppendingEqualsBuilding) {
  const Frequencies list = frequencies(16, 1e4);
  const Table<TypeParam> whole = make_table<TypeParam>(sequence_positions(50), list);
  Table<TypeParam> grown = make_table<TypeParam>(sequence_positions(10), list);
  for (Index seq = 10; seq < 50; seq += 8) {
    grown.append(make_table<TypeParam>(sequence_positions(8, static_cast<double>(seq)), list));
  }
  EXPECT_EQ(grown.seq(), 50);
  EXPECT_TRUE(same_bits(entries(grown), entries(whole)));
}

// A table that still had a shape would let append leave rows that nobody wrote.
TEST(Tables, ThatWereMovedFromAreEmpty) {
  const Frequencies list = frequencies(8, 1e4);
  const auto made = [&] { return make_table<float>(sequence_positions(5), list); };
  const auto expect_empty = [](const Table<float>& table) {
    EXPECT_EQ(table.seq(), 0);
    EXPECT_EQ(table.pairs(), 0);
    EXPECT_EQ(table.view().seq(), 0);
    EXPECT_EQ(table.view().readers().cos_a.data, nullptr);
  };
  Table<float> first = made();
  Table<float> second = std::move(first);
  expect_empty(first);
  EXPECT_EQ(error_of([&] { first.append(second); }),
            "Table::append: pairs of more is 4, must be 0");
  Table<float> third({1, 2, 1, 3});
  third = std::move(second);
  expect_empty(second);
  EXPECT_EQ(third.seq(), 5);
  first = made();
  first.append(third);
  EXPECT_EQ(first.seq(), 10);
  Table<float>& itself = third;
  third = std::move(itself);
  EXPECT_EQ(third.seq(), 5);
  EXPECT_TRUE(same_bits(entries(third), entries(made())));
}

TEST(Tables, CopiesAreTablesOfTheirOwn) {
  const auto made = [] { return make_table<float>(sequence_positions(5), frequencies(8, 1e4)); };
  Table<float> table = made();
  const Table<float> copy = table;
  Table<float> assigned({1, 2, 1, 3});
  assigned = table;
  const Table<float>& itself = assigned;
  assigned = itself;
  zero_rows(table, 0, 0, 5);
  EXPECT_TRUE(same_bits(entries(copy), entries(made())));
  EXPECT_TRUE(same_bits(entries(assigned), entries(made())));
}

// Whatever was in their memory before.
TEST(Tables, BeginAsZeros) {
  make_table<float>(sequence_positions(5), frequencies(8, 1e4));
  const std::vector<float> zeros(5 * 8);
  EXPECT_TRUE(same_bits(entries(Table<float>({1, 5, 1, 4})), zeros));
}

TEST(Tables, AppendingToEverySample) {
  const Frequencies list = detail::split_heads(2, frequencies(8, 1e4));
  const auto samples = [&](Index seq, double from) {
    return make_table(stack({sequence_positions(seq, from), sequence_positions(seq, 100 + from)}),
                      list);
  };
  Table<float> grown = samples(3, 0);
  grown.append(samples(2, 3));
  EXPECT_TRUE(same_bits(entries(grown), entries(samples(5, 0))));
  Table<float> twice = make_table(sequence_positions(2), list);
  twice.append(twice);
  EXPECT_TRUE(same_bits(entries(twice),
                        entries(make_table(id_positions(std::vector<int>{0, 1, 0, 1}), list))));
}

TEST(Tables, ZeroRowsOfOneSample) {
  const Positions positions = sequence_positions(4);
  const Frequencies list = detail::split_heads(2, frequencies(8, 1e4));
  const Table<float> before = make_table(stack({positions, positions}), list);
  Table<float> table = before;
  zero_rows(table, 1, 2, 1);
  for (Index b = 0; b < 2; ++b) {
    for (Index s = 0; s < 4; ++s) {
      for (Index i = 0; i < 8; ++i) {
        const float kept = before.cos(b, s)[i];
        EXPECT_EQ(table.cos(b, s)[i], b == 1 && s == 2 ? 0.0f : kept);
      }
    }
  }
  zero_rows(table, 0, 4, 0);
}

/// A table whose rows hold their own numbers.
Table<float> numbered(Index batch, Index seq) {
  Table<float> table({batch, seq, 1, 1});
  for (Index b = 0; b < batch; ++b) {
    for (Index s = 0; s < seq; ++s) {
      *table.cos(b, s) = static_cast<float>(100 * b + s);
      *table.sin(b, s) = -static_cast<float>(100 * b + s);
    }
  }
  return table;
}

TEST(Pooling, PaddingRepeatsTheLastCells) {
  const Table<float> padded = replicate_pad(numbered(2, 6), Grid{2, 3}, Grid{2, 2});
  ASSERT_EQ(padded.seq(), 8);
  const Index from[] = {0, 1, 2, 2, 3, 4, 5, 5};
  for (Index b = 0; b < 2; ++b) {
    for (Index s = 0; s < 8; ++s) {
      EXPECT_EQ(*padded.cos(b, s), static_cast<float>(100 * b + from[s]));
      EXPECT_EQ(*padded.sin(b, s), -static_cast<float>(100 * b + from[s]));
    }
  }
}

TEST(Pooling, MeansOfWindows) {
  const Table<float> pooled = average_pool(numbered(2, 6), Grid{2, 3}, Grid{2, 2});
  ASSERT_EQ(pooled.seq(), 2);
  EXPECT_EQ(*pooled.cos(0, 0), 2.0f);  // 0 1 3 4
  EXPECT_EQ(*pooled.cos(0, 1), 3.5f);  // 2 2 5 5
  EXPECT_EQ(*pooled.sin(1, 1), -103.5f);
}

// Of 16 bits: rounded at each step, 2048 + 1 + 1 + 2 would be 2050 in half; 256 + 4, 258 in
// bfloat16.
template <class T>
void expect_mean_of_exact_sum(float large) {
  Table<T> table({1, 4, 1, 1});
  const float values[] = {large, 1, 1, 2};
  for (Index s = 0; s < 4; ++s) {
    *table.cos(0, s) = static_cast<T>(values[s]);
    *table.sin(0, s) = static_cast<T>(-values[s]);
  }
  const Table<T> mean = average_pool(table, Grid{4}, Grid{4});
  EXPECT_EQ(static_cast<float>(*mean.cos(0, 0)), (large + 4) / 4);
  EXPECT_EQ(static_cast<float>(*mean.sin(0, 0)), -(large + 4) / 4);
}

TEST(Pooling, SumsAreNotRoundedToTheTable) {
  expect_mean_of_exact_sum<Eigen::half>(2048);
  expect_mean_of_exact_sum<Eigen::bfloat16>(256);
}

TEST(Pooling, PaddingFirstChangesNothing) {
  const Table<float> table = axial_table(Grid{5, 3, 6}, {8, 6, 6});
  const Table<float> padded = replicate_pad(table, Grid{5, 3, 6}, Grid{4, 4, 4});
  EXPECT_EQ(padded.seq(), 8 * 4 * 8);
  EXPECT_TRUE(same_bits(entries(average_pool(table, Grid{5, 3, 6}, Grid{4, 4, 4})),
                        entries(average_pool(padded, Grid{8, 4, 8}, Grid{4, 4, 4}))));
}

// Helios history: lengths of the first two time pairs, mid (2, 2, 2) and long (4, 4, 4).
TEST(Pooling, MagnitudesOfHeliosHistory) {
  const Table<double> table = axial_table<double>(Grid{4, 4, 4}, {44, 42, 42});
  const auto length = [](const Table<double>& pooled, Index pair) {
    return std::hypot(pooled.cos(0, 0)[pair], pooled.sin(0, 0)[pair]);
  };
  const Table<double> mid = average_pool(table, Grid{4, 4, 4}, Grid{2, 2, 2});
  const Table<double> far = average_pool(table, Grid{4, 4, 4}, Grid{4, 4, 4});
  EXPECT_NEAR(length(mid, 0), 0.878, 5e-4);
  EXPECT_NEAR(length(far, 0), 0.474, 5e-4);
  EXPECT_NEAR(length(mid, 1), 0.946, 5e-4);
  EXPECT_NEAR(length(far, 1), 0.749, 5e-4);
  EXPECT_NEAR(length(far, 21), 1, 1e-5);
}

TEST(Pooling, EmptyGrids) {
  const Table<float> none = axial_table(Grid{0, 3}, {4, 4});
  EXPECT_EQ(average_pool(none, Grid{0, 3}, Grid{2, 2}).seq(), 0);
  EXPECT_EQ(replicate_pad(none, Grid{0, 3}, Grid{2, 2}).seq(), 0);
}

// Errors ------------------------------------------------------------------------------------------

TEST(TablesErrors, NameWhatIsWrong) {
  constexpr Index huge = Index{1} << 40;
  const Frequencies list = frequencies(8, 1e4);
  const auto axial = [](const Grid& grid, const List<Index>& axes, double theta,
                        const AxialOptions& with) {
    return error_of([&] { axial_table(grid, axes, theta, with); });
  };
  EXPECT_EQ(axial({9, 24}, {44, 42, 42}, 1e4, {}), "axial_table: length of axes is 3, must be 2");
  EXPECT_EQ(axial({9, 24}, {44, 41}, 1e4, {}), "axial_table: an entry of axes is 41, must be even");
  EXPECT_EQ(axial({9, -1}, {44, 42}, 1e4, {}),
            "axial_table: a size of the grid is -1, must be 0 or more");
  EXPECT_EQ(axial({9, 24}, {44, 42}, -2, {}),
            "axial_table: theta of the table is -2, must be finite and more than 0");
  EXPECT_EQ(axial({huge, huge}, {2, 2}, 1e4, {}),
            "axial_table: size of the grid is 1099511627776 * 1099511627776, overflows, must fit "
            "memory");
  AxialOptions first;
  first.first = {1};
  EXPECT_EQ(axial({9, 24}, {44, 42}, 1e4, first), "axial_table: length of first is 1, must be 2");
  AxialOptions ids;
  ids.ids = {{1, 2}, {}};
  EXPECT_EQ(axial({9, 24}, {44, 42}, 1e4, ids), "axial_table: an axis of ids is 2, must be 9");
  EXPECT_EQ(error_of([&] {
              make_table(grid_positions(Grid{2, 2}), list);
            }),
            "make_table: axes of positions is 2, must be 1");
  EXPECT_EQ(error_of([&] {
              make_table(sequence_positions(1),
                         own_frequencies({std::numeric_limits<double>::infinity()}));
            }),
            "make_table: frequency of a term of frequencies is inf, must be finite");
  EXPECT_EQ(error_of([&] {
              make_table(sequence_positions(1), {1, 1, 3, {}, 1});
            }),
            "make_table: terms of frequencies is 0, must be 1 or more");
  EXPECT_EQ(error_of([&] {
              make_table(sequence_positions(1), {1, 1, 3, {{3, 0, 1}}, 1});
            }),
            "make_table: pair of a term of frequencies is 3, must be 0 or more and less than 3");
  EXPECT_EQ(error_of([&] {
              make_table(Positions{1, 2, {{{0.0}, {0}}}}, list);
            }),
            "make_table: tokens on an axis of positions is 1, must be 2");
  EXPECT_EQ(error_of([&] {
              make_table(Positions{1, 2, {{{0.0}, {0, 1}}}}, list);
            }),
            "make_table: an index of positions is 1, must be 0 or more and less than 1");
  EXPECT_EQ(error_of([&] {
              make_table(Positions{1, 1, {{{0.0}, {-1}}}}, list);
            }),
            "make_table: an index of positions is -1, must be 0 or more and less than 1");
  EXPECT_EQ(error_of([&] {
              make_table(Positions{1, 1, {}}, {0, 1, 4, {}, 1});
            }),
            "make_table: axes of positions is 0, must be 1 or more");
}

TEST(TablesErrors, OfStepsOnTables) {
  Table<float> table = numbered(1, 6);
  EXPECT_EQ(error_of([&] {
              average_pool(table, Grid{2, 2}, Grid{2, 2});
            }),
            "average_pool: seq of table is 6, must be 4");
  EXPECT_EQ(error_of([&] {
              average_pool(table, Grid{2, 3}, Grid{2});
            }),
            "average_pool: length of window is 1, must be 2");
  EXPECT_EQ(error_of([&] {
              replicate_pad(table, Grid{2, 3}, Grid{2, 0});
            }),
            "replicate_pad: a size of window is 0, must be 1 or more");
  EXPECT_EQ(error_of([&] { zero_rows(table, 1, 0, 1); }),
            "zero_rows: batch of the rows from 1, 1 of them, must be within 1");
  EXPECT_EQ(error_of([&] { zero_rows(table, 0, 4, 3); }),
            "zero_rows: seq of the rows from 4, 3 of them, must be within 6");
  EXPECT_EQ(error_of([&] {
              table.append(Table<float>({1, 1, 1, 2}));
            }),
            "Table::append: pairs of more is 2, must be 1");
}

}  // namespace
}  // namespace ropewalk
