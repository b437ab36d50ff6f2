// Recipes: what the builder inputs of golden cases mean, also those that a pack may not have.
#include "recipe.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pack.hpp"
#include "recipe_keys.hpp"
#include "recipe_positions.hpp"
#include "recipe_values.hpp"
#include "ropewalk/build.hpp"
#include "stored_table.hpp"
#include "support/dense_frequencies.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using List = rw::List<double>;

template <class T>
Tensor tensor_of(const std::string& name, std::vector<Index> shape, const std::vector<T>& values) {
  Tensor tensor{name, detail::stored_name<T>(), std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(T));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

Case case_with(std::map<std::string, std::string> keys, std::vector<Tensor> tensors = {}) {
  return {"made here", std::move(keys), std::move(tensors)};
}

/// The positions of all tokens of a sample on one axis.
List along(const rw::Positions& positions, Index axis, Index b = 0) {
  List list;
  for (Index s = 0; s < positions.seq; ++s) list.push_back(positions.at(axis, b, s));
  return list;
}

rw::Positions positions_of(const Case& of, Index seq) {
  return parts_of(inputs_of(of), seq).at(0).positions;
}

/// Frequency of an axis for every pair, or the lists of several axes one after another.
List values_of(const Case& of, Index axes, Index heads = 1) {
  return dense(std::visit(MakeFrequencies{}, frequency_rule(inputs_of(of), axes, heads)));
}

/// The text of the error, which must be one that leaves the rotation itself comparable.
std::string no_recipe(std::map<std::string, std::string> keys) {
  const Case of = case_with(std::move(keys));
  try {
    inputs_of(of);
  } catch (const NoRecipe& error) {
    return error.what();
  }
  return "no error";
}

TEST(Recipe, ListsOfNumbers) {
  EXPECT_EQ(reals_of("t=2,h=2.5,w=3"), (std::vector<double>{2, 2.5, 3}));
  EXPECT_EQ(reals_of("0,1;3,-5"), (std::vector<double>{0, 1, 3, -5}));
  EXPECT_EQ(sizes_of("1x3x4"), (std::vector<Index>{1, 3, 4}));
  EXPECT_THROW(sizes_of("1,2.5"), NoRecipe);
  EXPECT_THROW(reals_of("1,two"), NoRecipe);
}

// Positions
// ----------------------------------------------------------------------------------------

TEST(Recipe, IdsOfEveryLayout) {
  const std::vector<std::int64_t> ids = {0, 1, 2, 10, 11, 12, -3, -2, -1, 7, 8, 9};
  const Case rows = case_with({{"mrope_section", "1,1"}, {"mrope_layout", "contiguous"}},
                              {tensor_of("position_ids", {2, 2, 3}, ids)});
  EXPECT_EQ(along(positions_of(rows, 3), 1, 0), (List{-3, -2, -1}));
  EXPECT_EQ(along(positions_of(rows, 3), 0, 1), (List{10, 11, 12}));
  const Case columns =
      case_with({{"axes_dim", "2,2,2"}, {"rotary_dim", "6"}}, {tensor_of("ids", {4, 3}, ids)});
  EXPECT_EQ(along(positions_of(columns, 4), 2), (List{2, 12, -1, 9}));
  const Case samples =
      case_with({{"theta", "10"}, {"rotary_dim", "4"}}, {tensor_of("position_ids", {2, 6}, ids)});
  EXPECT_EQ(along(positions_of(samples, 6), 0, 1), (List{-3, -2, -1, 7, 8, 9}));
  const Case fractions =
      case_with({{"theta", "10"}, {"rotary_dim", "4"}},
                {tensor_of("positions", {3}, std::vector<float>{-0.5, 0.25, 3})});
  EXPECT_EQ(along(positions_of(fractions, 3), 0), (List{-0.5, 0.25, 3}));
}

TEST(Recipe, GridsOfEveryType) {
  const auto axis = [](std::map<std::string, std::string> keys, Index which) {
    keys["rotary_dim"] = "12";
    return along(positions_of(case_with(std::move(keys)), 0), which);
  };
  const char* dims = "4,4,4";
  EXPECT_EQ(axis({{"axes_dim", dims}, {"grid", "1,2,2"}}, 2), (List{0, 1, 0, 1}));
  EXPECT_EQ(axis({{"axes_dim", dims}, {"grid", "2,1,1"}, {"fps", "12.0"}}, 0), (List{0, 2}));
  EXPECT_EQ(axis({{"axes_dim", dims}, {"grid", "2,1,1"}, {"fps", "none"}}, 0), (List{0, 1}));
  EXPECT_EQ(axis({{"axes_dim", dims}, {"grid", "1,1,4"}, {"crops", "0,1;3,9"}}, 2),
            (List{1, 2.916666666666667, 4.833333333333334, 6.75}));
  EXPECT_EQ(axis({{"axes_dim", dims}, {"grid", "1,1,2"}, {"grid_type", "slice"}}, 2), (List{0, 1}));
  EXPECT_EQ(axis({{"rope_axes_dim", "256,256"}, {"grid", "h=1,w=3"}}, 1), (List{0, 85, 170}));
  EXPECT_EQ(axis({{"rope_axes_dim", "4,8"}, {"grid", "h=1,w=3"}}, 1), (List{0, 1, 2}));
  EXPECT_EQ(axis({{"interpolation_scale", "0.5,32,64"}, {"base", "2,64,64"}, {"grid", "2,1,2"}}, 0),
            (List{-1, -1, -0.5, -0.5}));
  EXPECT_THROW(axis({{"axes_dim", dims}, {"grid", "2,2"}}, 0), NoRecipe);
}

// What a pack states by `cells` needs no other word.
TEST(Recipe, CellsOfEveryRule) {
  const auto axis = [](const char* cells, const char* grid, Index which) {
    const Case of = case_with({{"rotary_dim", "12"}, {"grid", grid}, {"cells", cells}});
    return along(positions_of(of, 0), which);
  };
  EXPECT_EQ(axis("integers", "1,3", 1), (List{0, 1, 2}));
  EXPECT_EQ(axis("range:-1:0.5,integers", "3,1", 0), (List{-1, -0.5, 0}));
  EXPECT_EQ(axis("integers,linspace:1:2", "1,3", 1), (List{1, 1.5, 2}));
  EXPECT_EQ(axis("centres:-1:1", "1,4", 1), (List{-0.75, -0.25, 0.25, 0.75}));
  EXPECT_EQ(axis("centred", "3,1", 0), (List{-2, -1, 0}));
  EXPECT_EQ(axis("spread:256", "1,3", 1), (List{0, 85, 170}));
  EXPECT_EQ(axis("grid_index,integers", "2,1;1,2", 0), (List{0, 1, 1, 1}));
  EXPECT_EQ(axis("integers;range:5:1", "1,2;1,2", 1), (List{0, 1, 5, 6}));
  EXPECT_THROW(axis("integers,integers,integers", "1,2", 0), NoRecipe);
  EXPECT_THROW(axis("integers;integers", "1,2;1,2;1,2", 0), NoRecipe);
}

// Rows and columns are each normalized by their own number.
TEST(Recipe, CentresOfAGridThatIsNotSquare) {
  const double pi = std::acos(-1.0);
  for (const char* key : {"cells", "base"}) {
    std::map<std::string, std::string> keys = {{"rotary_dim", "8"}, {"grid", "h=2,w=4"}};
    keys[key] = std::string(key) == "base" ? "100" : "centres:-1:1";
    if (std::string(key) == "cells") keys["position_scale"] = "6.283185307179586";
    const rw::Positions positions = positions_of(case_with(keys), 8);
    const List wanted[] = {
        {-pi, -pi, -pi, -pi, pi, pi, pi, pi},
        {-1.5 * pi, -0.5 * pi, 0.5 * pi, 1.5 * pi, -1.5 * pi, -0.5 * pi, 0.5 * pi, 1.5 * pi}};
    for (const Index which : {0, 1}) {
      const List got = along(positions, which);
      for (std::size_t i = 0; i < 8; ++i) EXPECT_DOUBLE_EQ(got.at(i), wanted[which][i]);
    }
  }
}

// DINOv3's steps, each rounded to float: (i + 0.5) / n, times 2, minus 1, times 2 pi.
TEST(Recipe, CentresInFloatSteps) {
  const Case of = case_with({{"rotary_dim", "8"}, {"grid", "5,7"}, {"base", "100"}});
  const rw::Positions got = parts_of(inputs_of(of), 35, AngleSteps::f32).at(0).positions;
  const float turn = 6.2831853F;
  for (const Index row : {0, 1, 2, 3, 4}) {
    const float centre = (static_cast<float>(row) + 0.5F) / 5.0F;
    const float doubled = 2.0F * centre;  // exact: no fused step can change the next line
    EXPECT_EQ(got.at(0, 0, 7 * row), static_cast<double>((doubled - 1.0F) * turn));
  }
}

// The coordinates that such a model stores [seq, axes] mean nothing without their scale.
TEST(Recipe, CoordinatesOfATokenAreItsPositions) {
  std::map<std::string, std::string> keys = {{"theta", "100"}, {"rotary_dim", "8"}};
  const Tensor coords = tensor_of("coords", {2, 2}, std::vector<float>{-0.5, 0, 0.5, 1});
  EXPECT_THROW(positions_of(case_with(keys, {coords}), 2), NoRecipe);
  keys["position_scale"] = "2";
  EXPECT_EQ(along(positions_of(case_with(keys, {coords}), 2), 1), (List{0, 2}));
}

// Of any model: the tokens of one grid, then those of the next.
TEST(Recipe, SeveralGridsStandOneAfterAnother) {
  const Case sized =
      case_with({{"rotary_dim", "12"}, {"axes_dim", "4,4,4"}, {"grid", "1x1x3;1x2x1"}});
  EXPECT_EQ(along(positions_of(sized, 5), 1), (List{0, 0, 0, 0, 1}));
  EXPECT_EQ(along(positions_of(sized, 5), 2), (List{0, 1, 2, 0, 0}));
  const Case shared = case_with({{"rotary_dim", "8"}, {"grid", "h=1,w=2;h=2,w=1"}});
  EXPECT_EQ(along(positions_of(shared, 4), 0), (List{0, 0, 0, 1}));
  EXPECT_EQ(along(positions_of(shared, 4), 1), (List{0, 1, 0, 0}));
  EXPECT_THROW(positions_of(case_with({{"rotary_dim", "8"}, {"grid", "1,2;1,2,3"}}), 8), NoRecipe);
}

TEST(Recipe, UnknownValuesNameCaseKeyAndValue) {
  const std::pair<const char*, const char*> values[] = {
      {"mrope_layout", "spiral"}, {"term_order", "spiral"}, {"frequency_order", "random"},
      {"inv_freq_order", "any"},  {"freqs_dtype", "f8"},    {"stream", "audio"},
      {"grid_type", "spiral"},    {"cells", "spiral"},      {"cells", "range:1"},
      {"scaling", "magnetic"}};
  for (const auto& [key, value] : values) {
    std::map<std::string, std::string> keys = {
        {key, value}, {"rotary_dim", "4"}, {"grid", "1,2,3"}};
    if (std::string(key) == "mrope_layout") keys["mrope_section"] = "1,1";
    EXPECT_EQ(no_recipe(keys), "case made here: unknown value '" + std::string(value) +
                                   "' of builder input '" + key + "'");
  }
}

// Packs that are older than `cells`: README.md, "Older packs".
TEST(Recipe, OlderKeysOfLearnedFrequencies) {
  const Tensor learned = tensor_of("pos_frequencies", {3, 1, 1}, std::vector<float>{1, 1, 1});
  const Case of = case_with({{"grid", "2,2,8"}}, {learned});
  const rw::Positions positions = positions_of(of, 32);
  EXPECT_EQ(along(positions, 0).at(16), 1);
  EXPECT_EQ(along(positions, 1).at(0), -24);
  EXPECT_EQ(along(positions, 2).at(0), -168);
  EXPECT_EQ(along(positions, 2).at(7), 168);
}

// Two images: the second has frame 1, and text begins after the larger half of all.
TEST(Recipe, StreamsOfImagesAndText) {
  const auto stream = [](const char* name) {
    return positions_of(case_with({{"axes_dim", "4,4,4"},
                                   {"rotary_dim", "12"},
                                   {"grid", "1x1x3;1x2x1"},
                                   {"txt_len", "2"},
                                   {"stream", name}}),
                        0);
  };
  EXPECT_EQ(along(stream("img"), 0), (List{0, 0, 0, 1, 1}));
  EXPECT_EQ(along(stream("img"), 1), (List{-1, -1, -1, -1, 0}));
  EXPECT_EQ(along(stream("img"), 2), (List{-2, -1, 0, -1, -1}));
  for (const Index axis : {0, 1, 2}) EXPECT_EQ(along(stream("txt"), axis), (List{1, 2}));
}

// Text starts where the pack says, else after the larger half.
TEST(Recipe, TextStartsWhereThePackSays) {
  const Case of = case_with({{"rotary_dim", "12"},
                             {"grid", "1x1x3"},
                             {"cells", "integers"},
                             {"txt_len", "2"},
                             {"text_first", "7"},
                             {"stream", "txt"}});
  for (const Index axis : {0, 1, 2}) EXPECT_EQ(along(positions_of(of, 2), axis), (List{7, 8}));
}

TEST(Recipe, CoordinatesAreFractionsOfTheBase) {
  const std::vector<float> starts_and_ends = {0, 10, 10, 20};
  const Case intervals = case_with({{"theta", "1e4"}, {"rotary_dim", "8"}},
                                   {tensor_of("coords", {1, 1, 2, 2}, starts_and_ends)});
  EXPECT_EQ(along(positions_of(intervals, 2), 0), (List{-0.5, 0.5}));
  const Case points = case_with({{"theta", "1e4"}, {"rotary_dim", "8"}, {"base", "10"}},
                                {tensor_of("coords", {1, 1, 4}, starts_and_ends)});
  EXPECT_EQ(along(positions_of(points, 4), 0), (List{-1, 1, 1, 3}));
}

TEST(Recipe, StreamsOfFramesAndTheirWindows) {
  const std::vector<std::int64_t> ids = {0, 1, 2, 3, 4, 10, 11, 12, 13, 14};
  Case of = case_with({{"axes_dim", "4,2,2"},
                       {"rotary_dim", "8"},
                       {"grid", "h=2,w=3"},
                       {"tokens", "old:2,less:6,new:30"}},
                      {tensor_of("frames_old", {2, 5}, ids), tensor_of("frames_less", {2, 5}, ids),
                       tensor_of("frames_new", {2, 5}, ids)});
  const std::vector<Part> parts = parts_of(inputs_of(of), 38);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].window, 4);
  EXPECT_EQ(parts[1].window, 2);
  EXPECT_EQ(parts[2].window, 1);
  EXPECT_EQ(parts[2].positions.batch, 2);
  EXPECT_EQ(parts[2].positions.at(0, 1, 29), 14);
  EXPECT_EQ(parts[2].positions.at(2, 1, 29), 2);
  EXPECT_THROW(window_for({5, 2, 3}, 7), PackError);
  of.keys["windows"] = "old:8,new:1";
  EXPECT_EQ(parts_of(inputs_of(of), 38).at(0).window, 8);
  EXPECT_EQ(parts_of(inputs_of(of), 38).at(1).window, 2);
}

// Frequencies
// --------------------------------------------------------------------------------------

TEST(Recipe, ScalingsOfTransformers) {
  const auto scaling = [](const std::string& parameters) {
    const Case of = case_with({{"rope_parameters", parameters}, {"max_position_embeddings", "64"}});
    return inputs_of(of).scaling;
  };
  EXPECT_TRUE(scaling("rope_theta=10").rule == rw::Scaling::Rule::unscaled);
  EXPECT_EQ(scaling("rope_type=linear;factor=8.0").linear.factor, 8);
  EXPECT_EQ(scaling("rope_type=dynamic;factor=2").dynamic_ntk.max_length, 64);
  const rw::Yarn yarn = scaling(
                            "rope_type=yarn;original_max_position_embeddings=16;truncate="
                            "False;mscale=0.5;beta_fast=None")
                            .yarn;
  EXPECT_EQ(yarn.factor, 0);
  EXPECT_EQ(yarn.original_length, 16);
  EXPECT_EQ(yarn.max_length, 64);
  EXPECT_FALSE(yarn.truncate);
  EXPECT_EQ(yarn.mscale, 0.5);
  EXPECT_EQ(yarn.beta_fast, 0);
  EXPECT_FALSE(yarn.attention_factor);
  const rw::LongRope longrope =
      scaling(
          "rope_type=longrope;short_factor=1,2;long_factor=3,4;original_max_position_embeddings=8")
          .longrope;
  EXPECT_EQ(longrope.long_factors, (List{3, 4}));
  EXPECT_THROW(scaling("rope_type=linear;zoom=2"), NoRecipe);
  EXPECT_THROW(scaling("rope_type=magnetic"), NoRecipe);
  EXPECT_THROW(scaling("rope_type=yarn;truncate=maybe"), NoRecipe);
}

// Pair i keeps frequency i; the axis that turns it, pair by pair.
TEST(Recipe, SectionsInEveryLayout) {
  const auto axes_of = [](const char* layout, const char* sections) {
    const Case of = case_with({{"mrope_section", sections},
                               {"mrope_layout", layout},
                               {"theta", "32"},
                               {"rotary_dim", "10"}});
    const List values = values_of(of, 3);
    std::string axes;
    for (std::size_t pair = 0; pair < 5; ++pair) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        if (values[axis * 5 + pair] == 0) continue;
        axes += std::to_string(axis);
        EXPECT_DOUBLE_EQ(values[axis * 5 + pair], std::exp2(-static_cast<double>(pair)));
      }
    }
    return axes;
  };
  EXPECT_EQ(axes_of("contiguous", "2,2,1"), "00112");
  EXPECT_EQ(axes_of("interleaved", "2,2,1"), "01201");
  for (const char* name : {"alternating", "alternating_hw", "hwt", "h,w,t", "ernie_vl"}) {
    EXPECT_EQ(axes_of(name, "2,2,1"), "12120") << name;
  }
  EXPECT_EQ(no_recipe({{"mrope_section", "2,2,1"}}), "case made here: no mrope_layout");
}

// Ernie-VL's module keeps the frequencies of rows, then those of columns, then those of frames.
TEST(Recipe, StoredFrequenciesBySection) {
  using Numbers = std::vector<double>;
  const Numbers by_section = {1, 0.25, 0.5, 0.125, 0.0625};
  const Numbers by_pair = {1, 0.5, 0.25, 0.125, 0.0625};
  Case of = case_with({{"mrope_section", "2,2,1"}, {"mrope_layout", "alternating"}});
  const auto ordered = [&](const Numbers& stored) {
    return in_order_of_pairs(inputs_of(of), tensor_of("inv_freq", {5}, stored));
  };
  EXPECT_EQ(ordered(by_section), by_pair);
  EXPECT_EQ(ordered(by_pair), by_pair);
  of.keys["inv_freq_order"] = "pairs";
  EXPECT_EQ(ordered(by_section), by_section);
  of.keys["inv_freq_order"] = "sections";
  EXPECT_EQ(ordered(by_section), by_pair);
}

TEST(Recipe, OrdersOfTerms) {
  const auto values = [](std::map<std::string, std::string> keys) {
    keys["theta"] = "16";
    keys["rotary_dim"] = "8";
    return values_of(case_with(std::move(keys)), 2);
  };
  EXPECT_EQ(values({}), (List{1, 0.25, 0, 0, 0, 0, 1, 0.25}));
  EXPECT_EQ(values({{"term_order", "alternating"}}), (List{1, 0, 0.25, 0, 0, 1, 0, 0.25}));
  EXPECT_EQ(values({{"term_order", "alternating"}, {"axes_dim", "4,4"}}),
            (List{1, 0, 0.25, 0, 0, 1, 0, 0.25}));
  EXPECT_EQ(values({{"term_axes", "1,0"}}), (List{0, 0, 1, 0.25, 1, 0.25, 0, 0}));
  // The same by older keys.
  EXPECT_EQ(values({{"ntk_factor", "1"}}), (List{1, 0, 0.25, 0, 0, 1, 0, 0.25}));
  EXPECT_EQ(values({{"crops", "0,0;2,2"}, {"grid", "2,2"}}), (List{0, 0, 1, 0.25, 1, 0.25, 0, 0}));
  EXPECT_THROW(values({{"term_order", "alternating"}, {"axes_dim", "2,6"}}), NoRecipe);
  EXPECT_THROW(values({{"term_axes", "1,2"}}), NoRecipe);
}

TEST(Recipe, FrequenciesOfAxes) {
  EXPECT_EQ(values_of(case_with({{"theta", "16"}, {"rotary_dim", "6"}, {"axes_dim", "2,4"}}), 2),
            (List{1, 0, 0, 0, 1, 0.25}));
  EXPECT_EQ(values_of(case_with({{"theta", "16"}, {"rotary_dim", "8"}}), 2),
            (List{1, 0.25, 0, 0, 0, 0, 1, 0.25}));
  // NTK by 2 on an axis of 4 features: theta * 2^(4/2).
  EXPECT_EQ(
      values_of(
          case_with(
              {{"theta", "16"}, {"rotary_dim", "8"}, {"axes_dim", "4,4"}, {"rope_scale", "2,1"}}),
          2),
      (List{1, 0.125, 0, 0, 0, 0, 1, 0.25}));
  EXPECT_EQ(
      values_of(
          case_with(
              {{"theta", "4"}, {"rotary_dim", "4"}, {"linear_factor", "2"}, {"ntk_factor", "4"}}),
          1),
      (List{0.5, 0.125}));
  EXPECT_THROW(values_of(case_with({{"rotary_dim", "4"}}), 1), NoRecipe);
}

// 2 heads of 4 pairs, 3 axes: 2 frequencies each, in turn, behind 2 identity pairs of the first
// head.
TEST(Recipe, IncreasingFrequencies) {
  const Case of =
      case_with({{"theta", "16"}, {"rotary_dim", "8"}, {"frequency_order", "increasing"}});
  const double low = std::acos(0.0);
  const List values = values_of(of, 3, 2);
  ASSERT_EQ(values.size(), 24u);
  const List first_axis = {0, 0, low, 0, 0, 16 * low, 0, 0};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_DOUBLE_EQ(values[i], first_axis[i]);
}

TEST(Recipe, LearnedFrequencies) {
  const std::vector<float> learned = {1, 2, 3, 4, 5, 6};
  const Case of = case_with({}, {tensor_of("pos_frequencies", {3, 2, 1}, learned)});
  const rw::Frequencies made = std::visit(MakeFrequencies{}, frequency_rule(inputs_of(of), 3, 2));
  EXPECT_EQ(frequency_at(made, 2, 1, 0), 6);
  EXPECT_EQ(made.heads, 2);
}

// Bounds
// -------------------------------------------------------------------------------------------

TEST(Recipe, SixteenBitsMayRoundEitherWay) {
  // Between 1 and 1 + 2^-7 lies the tie 1 + 2^-8.
  EXPECT_LE(share_of(1e-6, 1 + 0x1p-8 + 1e-7, 1, Dtype::bf16), 1);
  EXPECT_LE(share_of(1e-6, 1 + 0x1p-8 + 1e-7, 1 + 0x1p-7, Dtype::bf16), 1);
  EXPECT_GT(share_of(1e-6, 1 + 0x1p-8 + 1e-5, 1, Dtype::bf16), 1);
  EXPECT_GT(share_of(1e-6, 1, 1 + 2e-6, Dtype::f32), 1);
  EXPECT_GT(share_of(1e-6, std::nan(""), 1, Dtype::f32), 1);
}

}  // namespace
}  // namespace ropewalk_test
