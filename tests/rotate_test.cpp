// rotate: a model's pairing, arithmetic, offset and table type in one call, and what it refuses.
// Whole models' bits: golden/whole_models_test.cpp.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using rw::Grid;
using rw::Index;
using rw::Model;
using rw::Shape;

template <class T>
struct Tensor {
  Shape shape;
  std::vector<T> values;

  explicit Tensor(const Shape& of, std::uint64_t seed = 1)
      : shape(of), values(random_values<T>(size_of(of), Values::uniform, seed)) {}
  rw::View<T> view() { return {values.data(), shape}; }
  rw::View<const T> read() const { return {values.data(), shape}; }
};

constexpr Model tiny = Model("tiny", {4, 2, 16})
                           .with_axes(8)
                           .with_pairing(rw::Pairing::half)
                           .with_table_type(Model::TableType::like_x);

// Half of all models have the other one, and no size would tell.
TEST(Rotate, AModelWithoutAPairingIsRefused) {
  const Model mine = Model("mine", {4, 2, 16}).with_axes(16);
  Tensor<float> x({1, 5, 4, 16}, 1);
  const auto before = x.values;
  const auto table = rw::model_table(mine, Grid{5});
  const std::string text =
      "options: the pairing of mine was never said, must be: with_pairing(Pairing::half), say";
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, x.view(), mine, table); }), text);
  EXPECT_EQ(error_of([&] { rw::shift(rw::serial, x.view(), mine, 1); }), text);
  EXPECT_EQ(x.values, before);
  const Model said = mine.with_pairing(rw::Pairing::interleaved);
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, x.view(), said, table); }), "");
  EXPECT_TRUE(said.with_head_dim(8).with_compute(rw::Compute::wide).has_pairing);
}

TEST(Rotate, IsApplyWithWhatTheModelSays) {
  const Tensor<bfloat16> q({2, 5, 4, 16}, 1), k({2, 5, 2, 16}, 2);
  const auto table = rw::model_table<bfloat16>(tiny, Grid{5});
  for (const rw::Compute compute : {rw::Compute::promoted, rw::Compute::wide}) {
    const Model model = tiny.with_compute(compute);
    Tensor<bfloat16> q_wanted = q, k_wanted = k;
    rw::apply_inplace(rw::serial, q_wanted.view(), table, rw::Options(rw::Pairing::half, compute));
    rw::apply_inplace(rw::serial, k_wanted.view(), table, rw::Options(rw::Pairing::half, compute));

    Tensor<bfloat16> q_here = q, k_here = k;
    auto q_view = q_here.view(), k_view = k_here.view();
    rw::rotate(rw::serial, std::tie(q_view, k_view), model, table);
    EXPECT_TRUE(same_bits(q_here.values, q_wanted.values));
    EXPECT_TRUE(same_bits(k_here.values, k_wanted.values));

    Tensor<bfloat16> alone = q, out({2, 5, 4, 16}, 3), by_positions = q, by_grid = q;
    rw::rotate(rw::serial, alone.view(), model, table);
    rw::rotate(rw::serial, out.view(), q.read(), model, table.view());
    rw::rotate(rw::serial, by_positions.view(), model, rw::sequence_positions(5));
    rw::rotate(rw::serial, by_grid.view(), model, Grid{5});
    for (const Tensor<bfloat16>* other : {&alone, &out, &by_positions, &by_grid}) {
      EXPECT_TRUE(same_bits(other->values, q_wanted.values));
    }
  }
}

TEST(Rotate, OfAModelKnownWhenCompiledGivesTheSameBits) {
  static constexpr Model llama = rw::model_named("Llama 3.2 1B");
  static_assert(rw::fixed_model<llama>.options().pairing == rw::Pairing::half);
  const auto table = rw::model_table<bfloat16>(llama, Grid{3});
  Tensor<bfloat16> a({1, 3, 4, 64}), b = a;
  rw::rotate(rw::serial, a.view(), rw::fixed_model<llama>, table);
  rw::rotate(rw::serial, b.view(), llama, table);
  EXPECT_TRUE(same_bits(a.values, b.values));
  rw::rotate(rw::serial, std::tuple{a.view()}, std::tuple{b.read()}, rw::fixed_model<llama>, table);
  rw::rotate(rw::serial, b.view(), rw::fixed_model<llama>, Grid{3});
  EXPECT_TRUE(same_bits(a.values, b.values));
}

// DeepSeek: 64 of 192 features turn, behind 128 that pass through; the shared key is those 64
// alone.
TEST(Rotate, TurnsTheFeaturesBehindTheOffset) {
  const Model& model = rw::model_named("DeepSeek-V2");
  const auto table = rw::model_table(model, Grid{3});
  const Tensor<float> q({1, 3, 2, 192}, 1), key({1, 3, 1, 64}, 2);
  Tensor<float> wanted = q, key_wanted = key;
  rw::apply_inplace(rw::serial, wanted.view().features(128, 64), table, model.options());
  rw::apply_inplace(rw::serial, key_wanted.view(), table, model.options());

  Tensor<float> here = q, key_here = key, out({1, 3, 2, 192}, 3), key_out({1, 3, 1, 64}, 4);
  rw::rotate(rw::serial, std::tuple{here.view(), key_here.view()}, model, table);
  rw::rotate(rw::serial, std::tuple{out.view(), key_out.view()}, std::tuple{q.read(), key.read()},
             model, table);
  EXPECT_TRUE(same_bits(here.values, wanted.values));
  EXPECT_TRUE(same_bits(out.values, wanted.values));
  EXPECT_TRUE(same_bits(key_here.values, key_wanted.values));
  EXPECT_TRUE(same_bits(key_out.values, key_wanted.values));
}

// Each sample as a call of its own by table.rows would turn it. Of what is left nothing is written,
// nor of its features before the offset.
TEST(Rotate, TakesRowsOfEachSampleAndLeavesSome) {
  for (const char* name : {"Llama 3.2 1B", "DeepSeek-V2", "DeepSeek-V3"}) {
    SCOPED_TRACE(name);
    const Model model = rw::model_named(name).with_table_type(Model::TableType::f32);
    const auto table = rw::model_table(model, Grid{9});
    const Index head_dim = model.shape.head_dim;
    const Tensor<float> q({3, 2, 2, head_dim}, 1), k({3, 2, 1, head_dim}, 2);
    const std::vector<std::int64_t> starts = {7, -1, 0};
    const std::vector<std::int32_t> ids = {7, 8, -1, -1, 0, 1};
    const auto alone = [&](const Tensor<float>& x, Tensor<float> out) {
      for (const Index b : {0, 2}) {
        const Shape one{1, 2, x.shape.heads, head_dim};
        const Index first = b * 2 * one.heads * head_dim;
        rw::rotate(rw::serial, rw::View<float>(out.values.data() + first, one),
                   rw::View<const float>(x.values.data() + first, one), model,
                   table.view().rows(starts[count_of(b)], 2));
      }
      return out.values;
    };
    for (const auto& rows : {table.view().rows_of_each(starts, 2).leaving(-1),
                             table.view().gather(ids.data(), 3, 2).leaving(-1)}) {
      const Tensor<float> q_before(q.shape, 3), k_before(k.shape, 4);
      Tensor<float> q_out = q_before, k_out = k_before, q_here = q, k_here = k;
      rw::rotate(rw::serial, std::tuple{q_out.view(), k_out.view()}, std::tuple{q.read(), k.read()},
                 model, rows);
      EXPECT_TRUE(same_bytes(q_out.values, alone(q, q_before)));
      EXPECT_TRUE(same_bytes(k_out.values, alone(k, k_before)));
      if (model.pairing == rw::Pairing::interleaved_to_half) continue;
      rw::rotate(rw::serial, std::tuple{q_here.view(), k_here.view()}, model, rows);
      EXPECT_TRUE(same_bytes(q_here.values, alone(q, q)));
      EXPECT_TRUE(same_bytes(k_here.values, alone(k, k)));
    }
  }
}

TEST(Rotate, OfAShardTakesItsPartOfATablePerHead) {
  const Model& model = rw::model_named("LTX-2");
  const auto at = rw::grid_positions({{0.25}, {0.5}, rw::range(2, 0.125, 0.25)});
  const auto table = rw::model_table(model, at);
  Tensor<float> whole({1, 2, 32, 128});
  Tensor<float> shard({1, 2, 8, 128});
  for (Index s = 0; s < 2; ++s) {
    copy_rows(shard.view().seq(s, 1), whole.read().seq(s, 1).heads(8, 8));
  }
  rw::rotate(rw::serial, whole.view(), model, table);
  EXPECT_EQ(
      error_of([&] { rw::rotate(rw::serial, shard.view(), model, table); }),
      "rotate: heads of x is 8, the table has a row for each of 32: of a shard pass its part, "
      "table.heads(begin, count)");
  rw::rotate(rw::serial, shard.view(), model, table.view().heads(8, 8));
  Tensor<float> part({1, 2, 8, 128});
  copy_rows(part.view(), rw::View<const float>(whole.read().heads(8, 8)));
  EXPECT_TRUE(same_bits(shard.values, part.values));
}

TEST(Rotate, RefusesWhatIsNotTheModelsAndWritesNothing) {
  const Model& llama = rw::model_named("Llama 3.1 8B");
  const auto table = rw::model_table<bfloat16>(llama, Grid{3});
  Tensor<bfloat16> q({1, 3, 4, 128}, 1), wide({1, 3, 2, 256}, 2), out({1, 3, 4, 128}, 3);
  const auto q_before = q.values, wide_before = wide.values, out_before = out.values;
  const auto error = [&](const auto& given) {
    return error_of([&] { rw::rotate(rw::serial, q.view(), llama, given); });
  };
  EXPECT_EQ(error_of([&] {
              rw::rotate(rw::serial, std::tuple{q.view(), wide.view()}, llama, table);
            }),
            "rotate: head_dim of xs[1] is 256, Llama 3.1 8B has 128");
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, wide.view(), wide.read(), llama, table); }),
            "rotate: head_dim of x is 256, Llama 3.1 8B has 128");
  EXPECT_EQ(
      error_of([&] { rw::rotate(rw::serial, out.view().features(0, 64), q.read(), llama, table); }),
      "rotate: head_dim of out is 64, must be 128");
  EXPECT_EQ(error(rw::model_table(llama, Grid{3})),
            "rotate: type of the table is float, Llama 3.1 8B has bfloat16, the type of what it "
            "rotates");
  EXPECT_EQ(
      error_of([&] { rw::rotate(rw::serial, q.view(), rw::model_named("Wan2.2 A14B"), table); }),
      "rotate: type of the table is bfloat16, Wan2.2 A14B has float");
  EXPECT_EQ(error_of([&] {
              rw::rotate(rw::serial, q.view(), rw::model_named("AnyFlow 14B"),
                         rw::model_table(rw::model_named("AnyFlow 14B"), Grid{1, 1, 3}));
            }),
            "rotate: type of the table is float, AnyFlow 14B has double");
  const Model& smaller = rw::model_named("Llama 3.2 1B");
  EXPECT_EQ(error(rw::model_table<bfloat16>(smaller, Grid{3})),
            "rotate: pairs of the table is 32, Llama 3.1 8B has 64");
  EXPECT_EQ(error(rw::model_table<bfloat16>(llama, Grid{2})),
            "rotate: seq of the table is 2, must be 3");
  EXPECT_EQ(error(Grid{3, 1}), "model_positions: axes of the grid is 2, must be 1");
  EXPECT_EQ(error(rw::grid_positions(Grid{3, 1})),
            "model_table: axes of positions is 2, must be 1");
  EXPECT_EQ(error_of([&] {
              rw::rotate(rw::serial, q.view(), rw::model_named("LTX 13B"), Grid{1, 1, 3});
            }),
            "model_positions: a grid does not give the positions of LTX 13B, which depend on more "
            "than the cells; pass Positions");
  const Model& behind = rw::model_named("DeepSeek-V2");
  Tensor<bfloat16> whole({1, 3, 2, 192}, 1), narrow({1, 3, 2, 128}, 1);
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, narrow.view(), whole.read(), behind, Grid{3}); }),
            "rotate: head_dim of out is 128, must be 192");
  const Model& moves = rw::model_named("DeepSeek-V3");
  Tensor<bfloat16> deep({1, 3, 2, 192}, 1);
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, deep.view(), moves, Grid{3}); }),
            "rotate: pairing of the options is interleaved_to_half, which moves features: pass "
            "an output apart from x");
  EXPECT_TRUE(same_bytes(q.values, q_before));
  EXPECT_TRUE(same_bytes(wide.values, wide_before));
  EXPECT_TRUE(same_bytes(out.values, out_before));
}

// A variant is one step away.
TEST(Models, WithAHeadDimOfTheirOwn) {
  const Model wide = rw::model_named("Llama 3.1 8B").with_head_dim(256);
  Tensor<float> q({1, 2, 1, 256});
  rw::rotate(rw::serial, q.view(), wide, Grid{2});
  EXPECT_EQ(rw::model_frequencies(wide).pairs, 128);
  EXPECT_EQ(rw::model_named("GPT-J 6B").with_head_dim(128).axes[0], 64) << "not the whole head";
}

TEST(Models, WeightsDecideThePairing) {
  const Model& llama = rw::model_named("Llama 3.1 8B");
  EXPECT_EQ(llama.pairing, rw::Pairing::half);
  const Model meta = llama.with_weights(Model::Weights::meta);
  EXPECT_EQ(meta.pairing, rw::Pairing::interleaved);
  EXPECT_EQ(meta.with_weights(Model::Weights::hugging_face).pairing, rw::Pairing::half);
  EXPECT_EQ(error_of([] {
              static_cast<void>(rw::model_named("Qwen3 8B").with_weights(Model::Weights::meta));
            }),
            "with_weights: the weights of Qwen3 8B are in one order, must be in two to choose");
}

// Feature j of a head in one order is feature 2j or 2j + 1 of the other: the same rotation.
TEST(Models, BothWeightsTurnTheSameFeatures) {
  const Model& llama = rw::model_named("Llama 3.2 1B");
  Tensor<float> meta({1, 3, 2, 64}), hugging_face({1, 3, 2, 64});
  const auto permute = [](const Tensor<float>& from, Tensor<float>& to) {
    for (std::size_t i = 0; i < from.values.size(); ++i) {
      const std::size_t j = i % 64;
      to.values[i - j + j / 2 + (j % 2) * 32] = from.values[i];
    }
  };
  permute(meta, hugging_face);
  rw::rotate(rw::serial, meta.view(), llama.with_weights(Model::Weights::meta), Grid{3});
  rw::rotate(rw::serial, hugging_face.view(), llama, Grid{3});
  Tensor<float> permuted = hugging_face;
  permute(meta, permuted);
  EXPECT_TRUE(same_bits(permuted.values, hugging_face.values));
}

// Keys that were rotated at p and are moved by d are those rotated at p + d: whatever the attention
// factor, which they have once and must not get twice, where the head begins with features that
// pass through, and where the pairing of the output is another.
TEST(Shift, MovesKeysWithoutScalingThem) {
  for (const char* name : {"Qwen3 8B, YaRN 4x", "gpt-oss", "Llama 2 7B", "GPT-J 6B", "DeepSeek-V2",
                           "DeepSeek-V3", "Qwen3-VL 8B"}) {
    SCOPED_TRACE(name);
    Model model = rw::model_named(name).with_table_type(Model::TableType::f64);
    model = model.with_steps(rw::AngleSteps::f64);
    const auto at = [&](double first) {
      const rw::Positions tokens = rw::sequence_positions(4, first);
      const auto axes = static_cast<std::size_t>(rw::model_frequencies(model).axes);
      return rw::zip_axes(std::vector<rw::Positions>(axes, tokens));
    };
    const Tensor<double> keys({2, 4, 2, model.shape.head_dim});
    Tensor<double> moved = keys, there = keys;
    rw::rotate(rw::serial, moved.view(), keys.read(), model, at(100));
    rw::rotate(rw::serial, there.view(), keys.read(), model, at(30));
    rw::shift(rw::serial, moved.view(), model, -70);
    for (std::size_t i = 0; i < moved.values.size(); ++i) {
      ASSERT_NEAR(moved.values[i], there.values[i], 1e-12) << i;
    }
  }
}

TEST(Shift, OfAModelKnownWhenCompiledGivesTheSameBits) {
  static constexpr Model deepseek = rw::model_named("DeepSeek-V3");
  Tensor<bfloat16> a({1, 3, 1, 64}), b = a;  // the shared key alone
  rw::shift(rw::serial, a.view(), rw::fixed_model<deepseek>, 5);
  rw::shift(rw::serial, b.view(), deepseek, 5);
  EXPECT_TRUE(same_bits(a.values, b.values));
  EXPECT_FALSE(same_bits(a.values, Tensor<bfloat16>({1, 3, 1, 64}).values));
}

TEST(Shift, OfSeveralTensorsIsThatOfEach) {
  static constexpr Model llama = rw::model_named("Llama 2 7B");
  Tensor<bfloat16> a({1, 3, 2, 128}), b({1, 3, 5, 128}), a_alone = a, b_alone = b;
  rw::shift(rw::serial, std::tuple{a.view(), b.view()}, rw::fixed_model<llama>, -9);
  rw::shift(rw::serial, a_alone.view(), llama, -9);
  rw::shift(rw::serial, b_alone.view(), llama, -9);
  EXPECT_TRUE(same_bits(a.values, a_alone.values));
  EXPECT_TRUE(same_bits(b.values, b_alone.values));
  Tensor<bfloat16> narrow({1, 3, 5, 64});
  auto wide = a.view();
  auto other = narrow.view();
  EXPECT_EQ(error_of([&] { rw::shift(rw::serial, std::tie(wide, other), llama, 1); }),
            "shift: head_dim of keys[1] is 64, Llama 2 7B has 128");
  auto later = wide.seq(1, wide.seq() - 1);
  EXPECT_EQ(error_of([&] { rw::shift(rw::serial, std::tie(wide, later), llama, 1); }),
            "shift: seq of keys[1] is " + std::to_string(later.seq()) + ", must be " +
                std::to_string(wide.seq()));
  EXPECT_TRUE(same_bits(a.values, a_alone.values));
}

TEST(Shift, RefusesWhatHasNoWholePositions) {
  Tensor<float> keys({1, 2, 32, 64});
  EXPECT_EQ(error_of([&] { rw::shift(rw::serial, keys.view(), rw::model_named("LTX 2B"), 1); }),
            "shift: the tokens of LTX 2B do not follow one another at whole positions");
  EXPECT_EQ(error_of([&] { rw::shift(rw::serial, keys.view(), rw::model_named("Llama 2 7B"), 1); }),
            "shift: head_dim of keys is 64, Llama 2 7B has 128");
}

// What passes through is part of the output: in the table, or in another tensor, it is an error
// that names the tensor as the caller does.
TEST(Rotate, ChecksTheFeaturesThatPassThrough) {
  const Model& model = rw::model_named("DeepSeek-V2");
  const Tensor<float> q({1, 1, 1, 192}), k({1, 1, 1, 192});
  Tensor<float> out({1, 1, 1, 192});
  const rw::View<const float> row(out.values.data(), {1, 1, 1, 32});
  const auto table = rw::half_table(row, row);
  EXPECT_EQ(error_of([&] { rw::rotate(rw::serial, out.view(), q.read(), model, table); }),
            "rotate: memory of out overlaps that of the table, must be apart from it");
  EXPECT_EQ(error_of([&] {
              rw::rotate(rw::serial, std::tuple{out.view(), out.view()},
                         std::tuple{q.read(), k.read()}, model, Grid{1});
            }),
            "rotate: memory of outs[1] overlaps that of outs[0], must be apart from it");
}

TEST(Repeated, OneRowServesSoManyTokensByEveryForm) {
  const rw::Table<float> row =
      rw::model_table(rw::model_named("Llama 3.2 1B"), rw::sequence_positions(1, 7));
  rw::Table<float> rows = row;
  for (int i = 1; i < 5; ++i) rows.append(row);
  const Tensor<float> x({2, 5, 3, 64});
  Tensor<float> wanted({2, 5, 3, 64}, 2), got({2, 5, 3, 64}, 3);
  rw::apply_strided(rw::serial, wanted.view(), x.read(), rows);
  for (const Form& form : forms_of<float, float>()) {
    SCOPED_TRACE(form.name());
    apply_form(form, Eigen::DefaultDevice{}, got.view(), x.read(), row.view().repeated(5));
    EXPECT_TRUE(same_bits(got.values, wanted.values));
  }
  EXPECT_EQ(error_of([&] { rows.view().repeated(2); }),
            "repeated: seq of the table is 5, must be 1");
  EXPECT_EQ(error_of([&] { row.view().repeated(-1); }),
            "repeated: count of the table is -1, must be 0 or more");
}

}  // namespace
}  // namespace ropewalk_test
