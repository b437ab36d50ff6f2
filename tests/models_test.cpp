// Presets: facts of every model, computed apart from the library, and the law of relative
// positions.
#include "ropewalk/models/models.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/norm.hpp"
#include "support/bits.hpp"
#include "support/dense_frequencies.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"

namespace ropewalk {

/// So that a failed test says which model it is about.
void PrintTo(const Model& model, std::ostream* out) { *out << model.name; }

namespace {

using ropewalk_test::dense;
using ropewalk_test::error_of;
using ropewalk_test::random_values;
using ropewalk_test::size_of;
using ropewalk_test::Values;

/// Heads of q and of k, head_dim, the first feature that turns; pairing; steps; pairs that each
/// axis turns (of all heads together where heads differ), the frequency of the first and of the
/// last pair (0: an identity pair), what cos and sin are multiplied by.
struct Facts {
  std::string name;
  Model::Shape shape;
  Pairing pairing;
  AngleSteps steps;
  std::vector<Index> pairs;
  double first, last, attention_factor;
};

// From the formulas of the models' own code, in double, by a script that knows nothing of ours.
// Which would put every value of a row on a line of its own.
// clang-format off
const std::vector<Facts> facts = {
    {"Helios", {40, 40, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {22, 21, 21}, 1, 0.000155051577983, 1},
    {"Wan2.1 14B", {40, 40, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {22, 21, 21}, 1, 0.000155051577983, 1},
    {"Wan2.1 1.3B", {12, 12, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {22, 21, 21}, 1, 0.000155051577983, 1},
    {"Wan2.2 A14B", {40, 40, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {22, 21, 21}, 1, 0.000155051577983, 1},
    {"Wan2.2 5B", {24, 24, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {22, 21, 21}, 1, 0.000155051577983, 1},
    {"SANA-Video", {20, 20, 112, 0}, Pairing::interleaved, AngleSteps::f64,
     {20, 18, 18}, 1, 0.00016681005372, 1},
    {"HunyuanVideo", {24, 24, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {8, 28, 28}, 1, 0.00476177208674, 1},
    {"HunyuanVideo-FramePack", {24, 24, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {8, 28, 28}, 1, 0.00476177208674, 1},
    {"HunyuanVideo-1.5", {16, 16, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {8, 28, 28}, 1, 0.00476177208674, 1},
    {"LTX 2B", {32, 32, 64, 0}, Pairing::interleaved, AngleSteps::f32,
     {341, 341, 341}, 0, 15707.9632679, 1},
    {"LTX 13B", {32, 32, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {682, 682, 682}, 0, 15707.9632679, 1},
    {"LTX-2", {32, 32, 128, 0}, Pairing::half, AngleSteps::f32,
     {682, 682, 682}, 0, 15707.9632679, 1},
    {"LTX-2 audio", {32, 32, 64, 0}, Pairing::half, AngleSteps::f32,
     {1024}, 1.57079632679, 15707.9632679, 1},
    {"CogVideoX 5B", {48, 48, 64, 0}, Pairing::interleaved, AngleSteps::f32,
     {8, 12, 12}, 1, 0.000215443469003, 1},
    {"MiniMax-H3", {56, 56, 128, 0}, Pairing::half, AngleSteps::f32,
     {16, 16, 16}, 1, 0.000177827941004, 1},
    {"Flux.1", {24, 24, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {8, 28, 28}, 1, 0.000138949549437, 1},
    {"Flux.2", {48, 48, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {16, 16, 16, 16}, 1, 0.000804052449014, 1},
    {"Krea-2", {48, 12, 128, 0}, Pairing::interleaved, AngleSteps::f64,
     {16, 24, 24}, 1, 0.00133352143216, 1},
    {"Qwen-Image", {24, 24, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {8, 28, 28}, 1, 0.000138949549437, 1},
    {"Z-Image", {30, 30, 128, 0}, Pairing::interleaved, AngleSteps::f32_angles,
     {16, 24, 24}, 1, 0.00492156660115, 1},
    {"Lumina2", {24, 8, 96, 0}, Pairing::interleaved, AngleSteps::f64,
     {16, 16, 16}, 1, 0.000177827941004, 1},
    {"OmniGen2", {21, 7, 120, 0}, Pairing::interleaved, AngleSteps::f64,
     {20, 20, 20}, 1, 0.000158489319246, 1},
    {"HunyuanImage-2.1", {28, 28, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {32, 32}, 1, 0.00464534029298, 1},
    {"Stable Audio", {24, 24, 64, 0}, Pairing::half, AngleSteps::f32,
     {16}, 1, 0.000177827941004, 1},
    {"ACE-Step", {16, 8, 128, 0}, Pairing::half, AngleSteps::f32, {64}, 1, 1.24093776075e-06, 1},
    {"Llama 2 7B", {32, 32, 128, 0}, Pairing::half, AngleSteps::f32,
     {64}, 1, 0.000115478198469, 1},
    {"Llama 3 8B", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32, {64}, 1, 2.45514079113e-06, 1},
    {"Llama 3.1 8B", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32,
     {64}, 1, 3.06892598891e-07, 1},
    {"Llama 3.2 1B", {32, 8, 64, 0}, Pairing::half, AngleSteps::f32,
     {32}, 1, 9.41830672543e-08, 1},
    {"Mistral 7B", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32, {64}, 1, 0.000115478198469, 1},
    {"Qwen2 7B", {28, 4, 128, 0}, Pairing::half, AngleSteps::f32, {64}, 1, 1.24093776075e-06, 1},
    {"Qwen3 8B", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32, {64}, 1, 1.24093776075e-06, 1},
    {"Qwen3 8B, YaRN 4x", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32,
     {64}, 1, 3.10234440188e-07, 1.13862943611},
    {"gpt-oss", {64, 8, 64, 0}, Pairing::half, AngleSteps::f32,
     {32}, 1, 3.02351142812e-07, 1.34657359028},
    {"GPT-J 6B", {16, 16, 256, 0}, Pairing::interleaved, AngleSteps::f32,
     {32}, 1, 0.000133352143216, 1},
    {"GPT-NeoX 20B", {64, 64, 96, 0}, Pairing::half, AngleSteps::f32,
     {12}, 1, 0.000215443469003, 1},
    {"Phi-3 mini 4k", {32, 32, 96, 0}, Pairing::half, AngleSteps::f32,
     {48}, 1, 0.000121152765863, 1},
    {"Gemma 2 2B", {8, 4, 256, 0}, Pairing::half, AngleSteps::f32, {128}, 1, 0.000107460782832, 1},
    {"Gemma 3 4B, local layers", {8, 4, 256, 0}, Pairing::half, AngleSteps::f32,
     {128}, 1, 0.000107460782832, 1},
    {"Gemma 3 4B, global layers", {8, 4, 256, 0}, Pairing::half, AngleSteps::f32,
     {128}, 0.125, 1.39246732499e-07, 1},
    {"DeepSeek-V2", {128, 1, 192, 128}, Pairing::interleaved, AngleSteps::f32,
     {32}, 1, 3.33380358041e-06, 1},
    {"DeepSeek-V3", {128, 1, 192, 128}, Pairing::interleaved_to_half, AngleSteps::f32,
     {32}, 1, 3.33380358041e-06, 1},
    {"ModernBERT base, local layers", {12, 12, 64, 0}, Pairing::half, AngleSteps::f32,
     {32}, 1, 0.000133352143216, 1},
    {"ModernBERT base, global layers", {12, 12, 64, 0}, Pairing::half, AngleSteps::f32,
     {32}, 1, 9.08884645906e-06, 1},
    {"Qwen2-VL 7B", {28, 4, 128, 0}, Pairing::half, AngleSteps::f32,
     {16, 24, 24}, 1, 1.24093776075e-06, 1},
    {"Qwen3-VL 8B", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32,
     {24, 20, 20}, 1, 2.54507978804e-07, 1},
    {"Cosmos3", {32, 8, 128, 0}, Pairing::half, AngleSteps::f32,
     {24, 20, 20}, 1, 2.54507978804e-07, 1},
    {"Ideogram-4", {18, 18, 256, 0}, Pairing::half, AngleSteps::f32,
     {88, 20, 20}, 1, 2.25613819968e-07, 1},
    {"Ernie-4.5-VL", {20, 4, 128, 0}, Pairing::interleaved, AngleSteps::f32,
     {20, 22, 22}, 1, 2.45514079113e-06, 1},
    {"Qwen2-VL vision", {16, 16, 80, 0}, Pairing::half, AngleSteps::f32,
     {20, 20}, 1, 0.000158489319246, 1},
    {"EVA-02 L", {16, 16, 64, 0}, Pairing::interleaved, AngleSteps::f32,
     {16, 16}, 1, 0.000177827941004, 1},
    {"DINOv3 L", {16, 16, 64, 0}, Pairing::half, AngleSteps::f32, {16, 16}, 1, 0.0133352143216, 1},
};
// clang-format on

/// The norm of queries and keys right before they turn.
struct NormFacts {
  NormFinish finish;
  NormOver over;
  double eps;
  std::vector<std::string> names;
  NormOrder on_cuda = NormOrder::automatic;
};

// From the classes of the models' own code, and the eps that its attention gives them.
const std::vector<NormFacts> norm_facts = {
    {NormFinish::one_rounding,
     NormOver::token,
     1e-6,
     {"Helios", "Wan2.1 14B", "Wan2.1 1.3B", "Wan2.2 A14B", "Wan2.2 5B", "LTX-2", "LTX-2 audio",
      "SkyReels-V2 14B"}},
    {NormFinish::one_rounding,
     NormOver::token,
     1e-6,
     {"OLMo 2 7B", "OLMo 3 7B, local layers", "OLMo 3 7B, global layers"},
     NormOrder::cuda_reduce},
    {NormFinish::one_rounding, NormOver::token, 1e-5, {"LTX 2B", "LTX 13B", "HiDream-I1"}},
    {NormFinish::one_rounding,
     NormOver::head,
     1e-6,
     {"Flux.1", "Flux.2", "Chroma", "Bria 3.2", "FIBO", "LongCat-Image", "Ovis-Image",
      "JoyImage-Edit", "Motif-Video"}},
    {NormFinish::one_rounding,
     NormOver::head,
     1e-6,
     {"Stable Audio 3", "Gemma 3n E4B, global layers", "Gemma 4 26B-A4B, local layers",
      "Gemma 4 26B-A4B, global layers"},
     NormOrder::cuda_reduce},
    {NormFinish::one_rounding, NormOver::head, 1e-5, {"MiniMax-H3"}},
    {NormFinish::round_then_weight,
     NormOver::token,
     1e-6,
     {"AnyFlow 14B", "LongCat-AudioDiT", "MiniMax-M2"}},
    {NormFinish::round_then_weight, NormOver::token, 1e-5, {"OLMoE 1B-7B"}},
    {NormFinish::round_then_weight,
     NormOver::head,
     1e-6,
     {"Qwen-Image", "Qwen-Image-2.1", "Qwen3 8B", "Qwen3 8B, YaRN 4x", "Qwen3-VL 8B",
      "Qwen3-Omni 30B", "HunyuanVideo", "HunyuanVideo-1.5", "HunyuanVideo-FramePack",
      "HunyuanImage-2.1", "Cosmos3", "NucleusMoE-Image", "PRX", "ACE-Step"}},
    {NormFinish::round_then_weight,
     NormOver::head,
     1e-5,
     {"Z-Image", "FIBO 2", "Lumina2", "OmniGen2", "Ideogram-4", "GLM-4.5", "EXAONE 4.0 32B",
      "LFM2 1.2B", "Apertus 8B"}},
    {NormFinish::one_plus_weight,
     NormOver::head,
     1e-6,
     {"Gemma 3 4B, local layers", "Gemma 3 4B, global layers", "Qwen3-Next 80B", "Qwen3.5 27B"}},
    {NormFinish::one_plus_weight, NormOver::head, 1e-5, {"Krea-2"}, NormOrder::cuda_fused},
};

/// Of a pair that at most one axis turns.
double frequency_of_pair(const Frequencies& of, Index head, Index pair) {
  for (const Term& term : of.terms) {
    if (term.pair == head * of.pairs + pair) return term.frequency;
  }
  return 0;
}

std::vector<Index> pairs_turned(const Frequencies& of) {
  std::vector<Index> pairs(static_cast<std::size_t>(of.axes), 0);
  for (const Term& term : of.terms) {
    if (term.frequency != 0) ++pairs[static_cast<std::size_t>(term.axis)];
  }
  return pairs;
}

/// Tokens that stand anywhere, on as many axes as the model has.
Positions some_positions(const Model& model, const std::vector<double>& along) {
  const Index axes = model_frequencies(model).axes;
  std::vector<Positions> parts;
  for (Index axis = 0; axis < axes; ++axis) {
    std::vector<double> ids = along;
    for (double& id : ids) id += static_cast<double>(3 * axis);
    parts.push_back(id_positions(ids));
  }
  return zip_axes(parts);
}

class EveryModel : public testing::TestWithParam<Model> {};

std::string test_name(const testing::TestParamInfo<Model>& info) {
  std::string name;
  for (const char c : std::string(info.param.name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += c;
    else
      name += '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryModel,
                         testing::ValuesIn(std::begin(models), std::end(models)), test_name);

void expect_facts(const Facts& known) {
  const Model& model = model_named(known.name);
  EXPECT_EQ(model.shape.heads, known.shape.heads);
  EXPECT_EQ(model.shape.kv_heads, known.shape.kv_heads);
  EXPECT_EQ(model.shape.head_dim, known.shape.head_dim);
  EXPECT_EQ(model.shape.offset, known.shape.offset);
  EXPECT_EQ(model.pairing, known.pairing);
  EXPECT_EQ(model.steps, known.steps);
  const Frequencies of = model_frequencies(model);
  EXPECT_EQ(pairs_turned(of), known.pairs);
  EXPECT_LE(model.shape.offset + 2 * of.pairs, model.shape.head_dim);
  EXPECT_TRUE(of.heads == 1 || of.heads == model.shape.heads);
  // theta to an exponent that is off by half an ulp, then a few roundings.
  const double ulp = model.steps == AngleSteps::f32 ? std::numeric_limits<float>::epsilon()
                                                    : std::numeric_limits<double>::epsilon();
  // The facts have 12 digits.
  const double tolerance = (2 + std::log(model.theta)) * ulp + 1e-11;
  const double first = frequency_of_pair(of, 0, 0);
  const double last = frequency_of_pair(of, of.heads - 1, of.pairs - 1);
  EXPECT_NEAR(first, known.first, tolerance * known.first);
  EXPECT_NEAR(last, known.last, tolerance * known.last);
  EXPECT_NEAR(of.attention_factor, known.attention_factor, 1e-11 * known.attention_factor);
}

TEST(Models, SayTheirPairing) {
  for (const Model& model : models) EXPECT_TRUE(model.has_pairing) << model.name;
}

TEST(Models, HaveTheFrequenciesThatAreKnownOfThem) {
  for (const Facts& known : facts) {
    SCOPED_TRACE(known.name);
    expect_facts(known);
  }
}

// With the weight of one tensor, and an error of any other model.
TEST(Models, HaveTheNormsThatAreKnownOfThem) {
  std::set<std::string> normed;
  const float weight[1] = {};
  for (const NormFacts& known : norm_facts) {
    for (const std::string& name : known.names) {
      normed.insert(name);
      const RmsNorm<float> norm = rms_norm(model_named(name), weight, 1);
      EXPECT_EQ(norm.finish, known.finish) << name;
      EXPECT_EQ(norm.over, known.over) << name;
      EXPECT_EQ(norm.on_cuda, known.on_cuda) << name;
      EXPECT_EQ(norm.eps, known.eps) << name;
      EXPECT_EQ(norm.weight, weight) << name;
      EXPECT_EQ(norm.weight_size, 1) << name;
    }
  }
  for (const Model& model : models) {
    EXPECT_EQ(model.has_norm, normed.count(model.name) == 1) << model.name;
    if (model.has_norm) continue;
    EXPECT_EQ(error_of([&] { rms_norm(model, weight, 1); }),
              std::string("rms_norm: no norm is known of ") + model.name +
                  "; with_norm says which it has");
  }
}

TEST_P(EveryModel, TableIsCosAndSinOfItsAngles) {
  const Model& model = GetParam();
  const Frequencies of = model_frequencies(model);
  const Positions positions = some_positions(model, {0, 1, -2, 0.5});
  const Table<float> table = model_table(model, positions);
  ASSERT_EQ(table.seq(), 4);
  ASSERT_EQ(table.heads(), of.heads);
  ASSERT_EQ(table.pairs(), of.pairs);
  const List<double> frequencies = dense(of);
  const bool by_fractions = model.cells == Model::Cells::fractions;
  const auto at = [&](Index axis, Index head, Index pair) {
    return static_cast<std::size_t>((axis * of.heads + head) * of.pairs + pair);
  };
  for (Index s = 0; s < table.seq(); ++s) {
    for (Index head = 0; head < of.heads; ++head) {
      for (Index pair = 0; pair < of.pairs; ++pair) {
        double angle = 0;
        for (Index axis = 0; axis < of.axes; ++axis) {
          const double given = positions.at(axis, 0, s);
          const double position = by_fractions ? 2 * given - 1 : given;
          angle += position * frequencies[at(axis, head, pair)];
        }
        // The angle rounded to float, cos and sin of it, their product with the factor.
        const double tolerance = (std::abs(angle) + 3) * std::numeric_limits<float>::epsilon();
        ASSERT_NEAR(table.cos(0, s, head)[pair], std::cos(angle) * of.attention_factor, tolerance);
        ASSERT_NEAR(table.sin(0, s, head)[pair], std::sin(angle) * of.attention_factor, tolerance);
      }
    }
  }
}

TEST_P(EveryModel, GridGivesAPositionToEveryCell) {
  const Model& model = GetParam();
  const std::size_t axes = detail::used_axes(model).size();
  const Grid grid(std::vector<Index>(axes, 2));
  if (model.cells == Model::Cells::by_caller || model.cells == Model::Cells::fractions) {
    EXPECT_THROW(model_table(model, grid), std::invalid_argument);
    return;
  }
  EXPECT_EQ(model_table(model, grid).seq(), Index{1} << axes);
  EXPECT_THROW(model_table(model, Grid(std::vector<Index>(axes + 1, 2))), std::invalid_argument);
}

// <R_m q, R_n k> = A^2 <R_(m + d) q, R_(n + d) k>: what rotary embeddings are for. In double, with
// double steps, so that only roundings come between the two.
TEST_P(EveryModel, AttentionDependsOnRelativePositionsOnly) {
  Model model = GetParam();
  model.steps = AngleSteps::f64;
  const Table<double> at = model_table<double>(model, some_positions(model, {5, 17}));
  const Table<double> shifted = model_table<double>(model, some_positions(model, {5 + 100, 117}));
  const Shape shape{1, 2, at.heads(), model.shape.head_dim - model.shape.offset};
  const auto x = random_values<double>(size_of(shape), Values::uniform, 7);
  const View<const double> from(x.data(), shape);
  std::vector<double> turned(x.size()), turned_later(x.size());
  const Options options = model.options();
  apply(Eigen::DefaultDevice{}, View<double>(turned.data(), shape), from, at, options);
  apply(Eigen::DefaultDevice{}, View<double>(turned_later.data(), shape), from, shifted, options);

  const std::size_t token = x.size() / 2;
  double now = 0, later = 0, plain = 0, size = 0;
  for (std::size_t i = 0; i < token; ++i) {
    now += turned[i] * turned[token + i];
    later += turned_later[i] * turned_later[token + i];
    plain += x[i] * x[token + i];
    size += std::abs(x[i] * x[token + i]);
  }
  // Angles up to 117 theta's greatest frequency, each to half an ulp; cos, sin and sums.
  const double greatest = model.increasing ? 1.6e4 : 1;
  const double tolerance =
      4 * (130 * greatest + 10) * std::numeric_limits<double>::epsilon() * size;
  EXPECT_NEAR(now, later, tolerance);
  EXPECT_GT(std::abs(now - plain), 100 * tolerance) << "nothing turned";
}

TEST(Models, HaveNamesAndSourcesOfTheirOwn) {
  std::set<std::string> names;
  for (const Model& model : models) {
    EXPECT_TRUE(names.insert(model.name).second) << model.name;
    EXPECT_EQ(&model_named(model.name), &model);
    EXPECT_NE(std::string(model.source), "") << model.name;
  }
  EXPECT_GE(names.size(), 80u);
}

TEST(Models, AnUnknownNameIsAnErrorThatListsThoseThereAre) {
  try {
    model_named("Wan3");
    FAIL() << "found";
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("model_named: there is no model \"Wan3\""), std::string::npos) << text;
    for (const Model& model : models) EXPECT_NE(text.find(model.name), std::string::npos);
  }
}

TEST(Models, AnUnknownNameIsAnErrorThatBeginsWithTheNearest) {
  for (const auto& pair :
       {std::pair{"wan2.2 a14b", "Wan2.2 A14B"}, std::pair{"Llama3.1 8B", "Llama 3.1 8B"},
        std::pair{"gptoss", "gpt-oss"}, std::pair{"qwen image", "Qwen-Image"},
        std::pair{"DINOv2 L", "DINOv3 L"}, std::pair{"", "PRX"}}) {
    const std::string text = error_of([&] { model_named(pair.first); });
    EXPECT_NE(text.find("; the nearest is \"" + std::string(pair.second)), std::string::npos)
        << text;
  }
}

TEST(Models, ThatCannotBeAreErrors) {
  const auto error = [](const Model& model) { return error_of([&] { model_frequencies(model); }); };
  Model llama = model_named("Llama 2 7B");
  llama = llama.with_axes(256);
  EXPECT_EQ(error(llama), "model_frequencies: pairs of the model is 128, must be at most 64");
  llama = llama.with_axes(128);
  llama.shape.offset = 64;
  EXPECT_EQ(error(llama), "model_frequencies: pairs of the model is 64, must be at most 32");
  llama = llama.with_axes(0);
  EXPECT_EQ(error(llama), "model_frequencies: axes of the model is 0, must be 1 or more");
  Model ltx = model_named("LTX 2B");
  ltx = ltx.with_axes(682, 680, 682);
  EXPECT_EQ(error(ltx), "model_frequencies: axis of the model is 680, must be 682");
  ltx = ltx.with_axes(681, 681, 681);
  EXPECT_EQ(error(ltx), "model_frequencies: axis of the model is 681, must be even");
}

// Its first and last frequency are the same with the ends of the ramp cut to whole pairs.
TEST(Models, GptOssDoesNotTruncate) {
  EXPECT_FALSE(model_named("gpt-oss").scaling.yarn.truncate);
  EXPECT_TRUE(model_named("Qwen3 8B, YaRN 4x").scaling.yarn.truncate);
}

// The power in double, then steps in float: 1e-3 apart from steps in double at 15708 radians.
TEST(Models, Ltx2RoundsFrequenciesMadeInDouble) {
  const Model& model = model_named("LTX-2");
  const Positions at =
      grid_positions(std::vector<std::vector<double>>{{0.65625}, {0.140625}, {0.921875}});
  const Table<float> table = model_table(model, at);
  const Frequencies of = model_frequencies(model);
  for (Index head = 0; head < 32; ++head) {
    for (Index pair = 0; pair < 64; ++pair) {
      const Index turning = 64 * head + pair - 2;  // two identity pairs in front
      if (turning < 0) continue;
      const double power = std::pow(1e4, static_cast<double>(turning / 3) / 681);
      const auto frequency = static_cast<float>(power * std::acos(-1.0) / 2);
      const float positions[] = {0.3125f, -0.71875f, 0.84375f};
      const float angle = positions[turning % 3] * frequency;
      EXPECT_NEAR(table.cos(0, 0, head)[pair], std::cos(static_cast<double>(angle)), 1e-7) << pair;
    }
  }
  EXPECT_EQ(of.heads, 32);
}

TEST(Models, CellsStandWhereTheModelPutsThem) {
  const Positions image = model_positions(model_named("Qwen-Image"), Grid{1, 3, 4});
  EXPECT_EQ(image.axes[0].values, List<double>({0}));
  EXPECT_EQ(image.axes[1].values, List<double>({-2, -1, 0}));
  EXPECT_EQ(image.axes[2].values, List<double>({-2, -1, 0, 1}));
  const Positions patches = model_positions(model_named("DINOv3 L"), Grid{2, 4});
  const auto turn = static_cast<float>(2 * std::acos(-1.0));
  EXPECT_EQ(patches.at(0, 0, 0), -0.5f * turn);
  EXPECT_EQ(patches.at(0, 0, 4), 0.5f * turn);
  EXPECT_EQ(patches.at(1, 0, 0), -0.75f * turn);
  EXPECT_EQ(patches.at(1, 0, 3), 0.75f * turn);
  // Each step in float: of 7 cells all but the middle one are other floats than the nearest.
  const Positions seven = model_positions(model_named("DINOv3 L"), Grid{7, 1});
  for (Index i = 0; i < 7; ++i) {
    const float centre = (static_cast<float>(i) + 0.5f) / 7.0f;
    const float from_middle = 2.0f * centre - 1.0f;
    EXPECT_EQ(seven.at(0, 0, i), from_middle * turn) << i;
  }
}

}  // namespace
}  // namespace ropewalk
