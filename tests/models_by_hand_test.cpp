// Models whose rule is no preset: their code fills the two small arrays itself, and this is how.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"

namespace ropewalk {
namespace {

using ropewalk_test::Map;
using ropewalk_test::random_values;
using ropewalk_test::rotated;
using ropewalk_test::same_bits;
using ropewalk_test::size_of;
using ropewalk_test::Values;

double power(double theta, double exponent) { return std::exp(exponent * std::log(theta)); }

/// theta^(-2i / dim).
double frequency(double theta, Index i, Index dim) {
  return power(theta, -2 * static_cast<double>(i) / static_cast<double>(dim));
}

/// Entries of a table in double hold cos and sin of angle(s, head, pair), to the roundings of the
/// angle, which may be a sum of much larger `parts`.
template <class Angle>
void expect_angles(const Table<double>& table, const Angle& angle, double factor = 1,
                   double parts = 0) {
  for (Index s = 0; s < table.seq(); ++s) {
    for (Index h = 0; h < table.heads(); ++h) {
      for (Index i = 0; i < table.pairs(); ++i) {
        const double phi = angle(s, h, i);
        const double tolerance = (std::abs(phi) + parts + 1) * 1e-14;
        ASSERT_NEAR(table.cos(0, s, h)[i], factor * std::cos(phi), tolerance) << s << " " << i;
        ASSERT_NEAR(table.sin(0, s, h)[i], factor * std::sin(phi), tolerance) << s << " " << i;
      }
    }
  }
}

// Each axis has a theta of its own: 1e4 * scale^(dim / (dim - 2)).
TEST(ModelsByHand, CosmosScalesEveryAxis) {
  const auto along = [](Index dim, double scale) {
    return frequencies(dim, 1e4, StaticNtk{scale});
  };
  const Frequencies all =
      arrange({along(44, 2), along(42, 1), along(42, 1)}, TermRule::axis_after_axis);
  const Table<double> table = make_table<double>(grid_positions(Grid{2, 3, 4}), all);
  expect_angles(table, [](Index s, Index, Index i) {
    if (i < 22) return static_cast<double>(s / 12) * frequency(1e4 * std::pow(2, 44.0 / 42), i, 44);
    if (i < 43) return static_cast<double>(s / 4 % 3) * frequency(1e4, i - 22, 42);
    return static_cast<double>(s % 4) * frequency(1e4, i - 43, 42);
  });
}

// Learned frequencies [axis, head, pair]: every axis turns every pair, every head differs.
TEST(ModelsByHand, MochiLearnsItsFrequencies) {
  constexpr Index heads = 2, pairs = 4;
  std::vector<double> values;
  for (Index i = 0; i < 3 * heads * pairs; ++i)
    values.push_back(std::sin(1.0 + static_cast<double>(i)));
  const double scale = std::sqrt(192.0 * 192 / (3 * 4));  // of 3 x 4 cells
  const auto centres = [scale](Index cells) {
    const double half = static_cast<double>(cells) * scale / 2;
    return cell_centres(cells, -half, half);
  };
  const Positions cells = grid_positions({range(2), centres(3), centres(4)});
  expect_angles(
      make_table<double>(cells, own_frequencies(3, heads, pairs, values)),
      [&](Index s, Index h, Index i) {
        const double t = static_cast<double>(s / 12);
        const double y = (static_cast<double>(s / 4 % 3) - 1) * scale;
        const double x = (static_cast<double>(s % 4) - 1.5) * scale;
        const auto f = [&](Index axis) {
          return values[static_cast<std::size_t>((axis * heads + h) * pairs + i)];
        };
        return t * f(0) + y * f(1) + x * f(2);
      },
      1, 1 + 1.0 * scale + 1.5 * scale);
}

// Even pairs turn with y, odd ones with x; cells stand around the middle of as many text tokens,
// cut to integers; text goes on after them.
TEST(ModelsByHand, HunyuanImage3AlternatesAndCentres) {
  constexpr Index text = 3, height = 2, width = 5, pairs = 8;
  const auto centred_at = [](Index cells) {
    std::vector<double> positions =
        range(cells, text + static_cast<double>(height * width - cells) / 2);
    for (double& position : positions) position = std::trunc(position);
    return positions;
  };
  const Positions words = zip_axes({sequence_positions(text), sequence_positions(text)});
  const Positions image = grid_positions({centred_at(height), centred_at(width)});
  const Frequencies all = arrange({frequencies(2 * pairs, 1e4)}, TermRule::interleaved_sections,
                                  {pairs / 2, pairs / 2});
  const Table<double> table = make_table<double>(concatenate({words, image}), all);
  expect_angles(table, [](Index s, Index, Index i) {
    const double f = power(1e4, -static_cast<double>(i) / pairs);
    if (s < text) return static_cast<double>(s) * f;
    const Index cell = s - text;
    const double y = 3 + 4 + static_cast<double>(cell / width);  // 3 + (10 - 2) / 2
    const double x = 3 + 2 + static_cast<double>(cell % width);  // 3 + trunc of (10 - 5) / 2
    return (i % 2 == 0 ? y : x) * f;
  });
}

// Pairs of w come before those of h, though w runs fastest over the tokens.
TEST(ModelsByHand, HunyuanDitPutsWidthFirst) {
  Positions cells = grid_positions(Grid{2, 3});
  std::swap(cells.axes[0], cells.axes[1]);
  const Table<double> table = make_table<double>(cells, detail::axial_frequencies({44, 44}, 1e4));
  expect_angles(table, [](Index s, Index, Index i) {
    const double f = frequency(1e4, i % 22, 44);
    return static_cast<double>(i < 22 ? s % 3 : s / 3) * f;
  });
}

// Rows of 64 positions for any size of the grid: cell i stands at i * 64 / size, an integer.
TEST(ModelsByHand, CogView4RescalesToIntegers) {
  const auto rescaled = [](Index size) {
    std::vector<double> positions;
    for (Index i = 0; i < size; ++i) positions.push_back(static_cast<double>(i * 64 / size));
    return positions;
  };
  const Table<double> table = make_table<double>(grid_positions({rescaled(3), rescaled(5)}),
                                                 detail::axial_frequencies({32, 32}, 1e4));
  expect_angles(table, [](Index s, Index, Index i) {
    const double f = frequency(1e4, i % 16, 32);
    const double rows[] = {0, 21, 42}, columns[] = {0, 12, 25, 38, 51};
    return (i < 16 ? rows[s / 5] : columns[s % 5]) * f;
  });
}

// Short and long factors, by the longest sequence; attention factor sqrt(1 + ln 32 / ln 4096).
TEST(ModelsByHand, Phi3Mini128kHasTwoLists) {
  LongRope rule;
  rule.original_length = 4096;
  rule.max_length = 131072;
  for (int i = 0; i < 48; ++i) {
    rule.short_factors.push_back(1 + 0.01 * i);
    rule.long_factors.push_back(1 + i);
  }
  for (const Index length : {Index{4096}, Index{4097}}) {
    const auto& factors = length > 4096 ? rule.long_factors : rule.short_factors;
    const Table<double> table =
        make_table<double>(sequence_positions(3, 100), frequencies(96, 1e4, rule, {length}));
    expect_angles(
        table,
        [&](Index s, Index, Index i) {
          return static_cast<double>(100 + s) * frequency(1e4, i, 96) /
                 factors[static_cast<std::size_t>(i)];
        },
        std::sqrt(1 + std::log(32.0) / std::log(4096.0)));
  }
}

// Global layers: a quarter of the 256 pairs turn, the others are identity pairs of the full head.
TEST(ModelsByHand, Gemma4TurnsAPartOfTheFullHead) {
  const Table<double> table =
      make_table<double>(sequence_positions(5), frequencies(512, 1e6, Proportional{0.25}));
  EXPECT_EQ(table.pairs(), 256);
  expect_angles(table, [](Index s, Index, Index i) {
    return i < 64 ? static_cast<double>(s) * frequency(1e6, i, 512) : 0;
  });
}

// 8 x 32 x 32 pixels a latent cell, 25 frames a second, coordinates as fractions of 20 s and 2048
// pixels; the model turns by 2 * fraction - 1.
TEST(ModelsByHand, LtxPositionsAreFractions) {
  const double frame = 8 / 25.0 / 20, pixel = 32.0 / 2048;
  const Positions cells =
      grid_positions({range(2, 0, frame), range(3, 0, pixel), range(4, 0, pixel)});
  Model model = model_named("LTX 2B");
  model.steps = AngleSteps::f64;
  expect_angles(model_table<double>(model, cells), [&](Index s, Index h, Index i) {
    const Index pair = 32 * h + i - 1;  // one identity pair in front: 1024 = 3 * 341 + 1
    if (pair < 0) return 0.0;
    const double f = std::acos(-1.0) / 2 * power(1e4, static_cast<double>(pair / 3) / 340);
    const double fractions[] = {static_cast<double>(s / 12) * frame,
                                static_cast<double>(s / 4 % 3) * pixel,
                                static_cast<double>(s % 4) * pixel};
    return f * (2 * fractions[pair % 3] - 1);
  });
}

// Frames before the video stand at negative positions; Kandinsky divides by a scale of each axis.
TEST(ModelsByHand, PositionsBeforeAndBetween) {
  const Positions reference = grid_positions({range(1, -30), range(2), range(2)});
  const Positions video = grid_positions({range(2), range(2, 0, 0.5), range(2, 0, 0.5)});
  const Table<double> table = make_table<double>(concatenate({reference, video}),
                                                 detail::axial_frequencies({16, 24, 24}, 1e4));
  expect_angles(table, [](Index s, Index, Index i) {
    const double step = s < 4 ? 1 : 0.5;
    const Index cell = s < 4 ? s : s - 4;
    if (i < 8) return (s < 4 ? -30 : static_cast<double>(cell / 4)) * frequency(1e4, i, 16);
    const Index along = i < 20 ? cell / 2 % 2 : cell % 2;
    return step * static_cast<double>(along) * frequency(1e4, (i - 8) % 12, 24);
  });
}

// Tokens of history come first, at lower resolution: rows pooled to less than unit length.
TEST(ModelsByHand, HeliosHistoryIsPooledAndThenTheChunk) {
  const Model& model = model_named("Helios");
  const Grid history{2, 4, 4}, chunk{3, 4, 4};
  const Table<float> before = model_table(model, history);
  Table<float> table = average_pool(before, history, Grid{2, 2, 2});
  table.append(model_table(model, grid_positions({range(3, 2), range(4), range(4)})));
  EXPECT_EQ(table.seq(), 1 * 2 * 2 + 3 * 4 * 4);
  double length = 0;
  for (const float part : {table.cos(0, 0)[0], table.sin(0, 0)[0]}) length += part * part;
  EXPECT_NEAR(length, std::pow(std::cos(0.5), 2), 1e-6);  // the mean of angles 0 and 1
  EXPECT_FLOAT_EQ(table.cos(0, 4)[0], std::cos(2.0f));
}

// Appliers that are views
// ---------------------------------------------------------------------------

// Allegro, SenseNova: the head in blocks of one axis each, every block with half pairs of its own.
TEST(ModelsByHand, AllegroTurnsBlocksOfAHead) {
  const Shape shape{1, 24, 2, 96};
  const Table<float> table = axial_table(Grid{2, 3, 4}, {32, 32, 32});
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  auto out = x;
  const View<float> view(out.data(), shape);
  Options options;
  options.pairing = Pairing::half;
  for (Index axis = 0; axis < 3; ++axis) {
    apply_inplace(Eigen::DefaultDevice{}, view.features(32 * axis, 32),
                  table.view().pairs(16 * axis, 16), options);
  }
  auto expected = x;
  for (std::size_t row = 0; row < x.size() / 96; ++row) {
    for (std::size_t i = 0; i < 48; ++i) {
      const std::size_t a = 96 * row + i / 16 * 32 + i % 16, b = a + 16;
      const auto s = static_cast<Index>(row / 2);
      const float c = table.cos(0, s)[i], d = table.sin(0, s)[i];
      const auto turned = ropewalk_test::rotate_pair<float>(
          ropewalk_test::Pair<float>{x[a], x[b]}, ropewalk_test::Coefficients<float>{c, c, d, d});
      expected[a] = turned.a;
      expected[b] = turned.b;
    }
  }
  EXPECT_TRUE(same_bits(out, expected));
}

// ERNIE-Image repeats its table for interleaved pairs and turns half pairs by it: the features of a
// pair see two angles, which is no rotation and keeps no length. To be reproduced, not mended.
TEST(ModelsByHand, ErnieImageMixesItsPairings) {
  constexpr Index pairs = 8;
  const Shape shape{1, 3, 2, 2 * pairs};
  const Table<float> table = axial_table(Grid{1, 1, 3}, {4, 6, 6}, 256);
  std::vector<float> cos, sin;
  for (Index s = 0; s < 3; ++s) {
    for (Index i = 0; i < 2 * pairs; ++i) {
      cos.push_back(table.cos(0, s)[i / 2]);
      sin.push_back(table.sin(0, s)[i / 2]);
    }
  }
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  Options options;
  options.pairing = Pairing::half;
  const auto at = [&](Index, Index s, Index, Index i) {
    const Index second = (pairs + i) / 2;
    return ropewalk_test::Coefficients<float>{table.cos(0, s)[i / 2], table.cos(0, s)[second],
                                              table.sin(0, s)[i / 2], table.sin(0, s)[second]};
  };
  ropewalk_test::expect_every_form(
      x, shape,
      per_feature_table(Map<const float, 2>(cos.data(), 3, 2 * pairs),
                        Map<const float, 2>(sin.data(), 3, 2 * pairs), Pairing::half),
      rotated<float>(x, shape, pairs, at, options), options);
  const auto out = rotated<float>(x, shape, pairs, at, options);
  double before = 0, after = 0;
  for (std::size_t i = out.size() - 2 * pairs; i < out.size(); ++i) {
    before += x[i] * x[i];
    after += out[i] * out[i];
  }
  EXPECT_GT(std::abs(before - after), 0.01 * before);
}

// DeepSeek: the last 64 of 192 features of every query head, and one key head for all of them.
TEST(ModelsByHand, DeepSeekTurnsASuffixAndOneKeyHead) {
  const Model& model = model_named("DeepSeek-V2");
  const Shape shape{1, 4, 3, model.shape.head_dim}, key_shape{1, 4, 1, 64};
  const Table<float> table = model_table(model, Grid{4});
  const auto q = random_values<float>(size_of(shape), Values::uniform, 1);
  const auto k = random_values<float>(size_of(key_shape), Values::uniform, 2);
  auto q_out = q;
  auto k_out = k;
  const View<float> suffix = View<float>(q_out.data(), shape).features(model.shape.offset, 64);
  const View<float> key(k_out.data(), key_shape);
  apply_inplace(Eigen::DefaultDevice{}, std::tie(suffix, key), table, model.options());
  const auto at = [&](Index, Index s, Index, Index i) {
    const float c = table.cos(0, s)[i], d = table.sin(0, s)[i];
    return ropewalk_test::Coefficients<float>{c, c, d, d};
  };
  EXPECT_TRUE(same_bits(k_out, rotated<float>(k, key_shape, 32, at)));
  std::vector<float> suffixes, suffixes_out;
  for (std::size_t row = 0; row < q.size(); row += 192) {
    const auto begin = static_cast<std::ptrdiff_t>(row);
    suffixes.insert(suffixes.end(), q.begin() + begin + 128, q.begin() + begin + 192);
    suffixes_out.insert(suffixes_out.end(), q_out.begin() + begin + 128,
                        q_out.begin() + begin + 192);
    EXPECT_TRUE(same_bits(std::vector<float>(q.begin() + begin, q.begin() + begin + 128),
                          std::vector<float>(q_out.begin() + begin, q_out.begin() + begin + 128)));
  }
  EXPECT_TRUE(same_bits(suffixes_out, rotated<float>(suffixes, {1, 4, 3, 64}, 32, at)));
}

}  // namespace
}  // namespace ropewalk
