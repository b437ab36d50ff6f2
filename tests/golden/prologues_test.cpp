// Whole models' attention as it begins: slices of one product, norm, rotation and key cache in one
// call, with the bits of the models' own code.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "prologue.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

template <class Tab>
void expect_prologue(const Case& of, const rw::Model& model, const rw::TableView<Tab>& table) {
  const Index tokens = of.tensor("qkv").shape[1], position = 3, max_seq = tokens + 5;
  const auto [heads, kv_heads, head_dim, offset] = model.shape;
  const auto q_weight = of.tensor("q_weight").values<bf16>();
  const auto k_weight = of.tensor("k_weight").values<bf16>();
  const std::tuple norms{norm_of(model, q_weight), norm_of(model, k_weight)};
  for (const rw::Isa isa : rw::available_isas()) {
    SCOPED_TRACE(rw::isa_name(isa));
    std::vector<bf16> packed = of.tensor("qkv").values<bf16>();
    const std::vector<bf16> before = packed;
    std::vector<bf16> cache(static_cast<std::size_t>(max_seq * kv_heads * head_dim));
    const auto qkv = rw::grouped_qkv_view(packed.data(), {1, tokens, heads, head_dim}, kv_heads);
    const auto slots = rw::bhsd_view(cache.data(), {1, max_seq, kv_heads, head_dim});
    const auto new_slots = slots.seq(position, tokens);
    rw::apply(rw::serial, std::tie(qkv.q, new_slots), std::tie(qkv.q, qkv.k), norms, table,
              model.options(), forced(isa));
    EXPECT_TRUE(same_bits(features_of(qkv.q), of.tensor("q_out").values<bf16>()));
    EXPECT_TRUE(same_bits(features_of(new_slots), of.tensor("k_out").values<bf16>()));
    // Keys and values of the product and the slots around have the bits that they had.
    const auto old = rw::grouped_qkv_view(before.data(), {1, tokens, heads, head_dim}, kv_heads);
    EXPECT_EQ(features_of(qkv.k), features_of(old.k));
    EXPECT_EQ(features_of(qkv.v), features_of(old.v));
    for (const auto& around : {slots.seq(0, position), slots.seq(position + tokens, 2)}) {
      const std::vector<bf16> features = features_of(around);
      EXPECT_EQ(features, std::vector<bf16>(features.size()));
    }
  }
}

/// Keys and values to the slots of a paged cache, in the same call.
template <class Tab>
void expect_paged_prologue(const Case& of, const rw::Model& model,
                           const rw::TableView<Tab>& table) {
  const Index tokens = of.tensor("qkv").shape[1];
  const auto [heads, kv_heads, head_dim, offset] = model.shape;
  const auto q_weight = of.tensor("q_weight").values<bf16>();
  const auto k_weight = of.tensor("k_weight").values<bf16>();
  const Paged paged({1, tokens, kv_heads, head_dim});
  for (const rw::Isa isa : rw::available_isas()) {
    SCOPED_TRACE(rw::isa_name(isa));
    std::vector<bf16> packed = of.tensor("qkv").values<bf16>();
    std::vector<bf16> keys(paged.size()), values(paged.size());
    const auto qkv = rw::grouped_qkv_view(packed.data(), {1, tokens, heads, head_dim}, kv_heads);
    const auto v = features_of(qkv.v);
    rw::apply(rw::serial,
              std::tuple{qkv.q, rw::View<bf16>(keys.data(), paged.cache).rows(paged.slots),
                         rw::View<bf16>(values.data(), paged.cache).rows(paged.slots)},
              std::tuple{qkv.q, qkv.k, rw::copied(qkv.v)},
              std::tuple{norm_of(model, q_weight), norm_of(model, k_weight), rw::no_norm}, table,
              model.options(), forced(isa));
    EXPECT_TRUE(same_bits(features_of(qkv.q), of.tensor("q_out").values<bf16>()));
    EXPECT_TRUE(same_bits(keys, paged.filled(of.tensor("k_out").values<bf16>())));
    EXPECT_TRUE(same_bits(values, paged.filled(v)));
  }
}

TEST(Prologues, OfEveryModelAreOneCall) {
  std::size_t cases = 0;
  for (const Case& of : prologue_pack().cases) {
    if (of.at("kind") != "prologue") continue;
    SCOPED_TRACE(of.name);
    const rw::Model& model = rw::model_named(of.at("model"));
    EXPECT_EQ(model.shape.kv_heads, of.integer("kv_heads"));
    const bool is_like_x = model.table_type == rw::Model::TableType::like_x;
    const auto hold = [](auto values) { return values; };
    const auto work = [&](const auto& table) {
      expect_prologue(of, model, table);
      expect_paged_prologue(of, model, table);
    };
    is_like_x ? with_stored_table<bf16>(of, hold, work) : with_stored_table<float>(of, hold, work);
    ++cases;
  }
  EXPECT_EQ(cases, 3u);
}

template <class W>
std::vector<bf16> normed(const std::vector<bf16>& x, const rw::Model& model,
                         const std::vector<W>& weight, rw::Isa isa) {
  const rw::View<const float> none(nullptr, {1, 1, 1, 0});
  const Index head_dim = model.shape.head_dim, heads = static_cast<Index>(x.size()) / head_dim;
  std::vector<bf16> out(x.size());
  rw::apply(rw::serial, rw::View<bf16>(out.data(), {1, 1, heads, head_dim}),
            rw::View<const bf16>(x.data(), {1, 1, heads, head_dim}), norm_of(model, weight),
            rw::half_table(none, none), rw::Options(), forced(isa));
  return out;
}

// By a weight of type W; those of the preset, and of no other finish or eps that a preset has.
template <class W>
void expect_norm(const Case& of, const rw::Model& model) {
  const auto x = of.tensor("x").values<bf16>(), stored = of.tensor("out").values<bf16>();
  const auto weight = of.tensor("q_weight").values<W>();
  for (const rw::Isa isa : rw::available_isas()) {
    EXPECT_TRUE(same_bits(normed(x, model, weight, isa), stored)) << rw::isa_name(isa);
  }
  for (const auto finish : {rw::NormFinish::one_rounding, rw::NormFinish::round_then_weight,
                            rw::NormFinish::one_plus_weight}) {
    // Refused: PyTorch would return float.
    if (std::is_same_v<W, float> && finish == rw::NormFinish::round_then_weight) continue;
    for (const double eps : {1e-6, 1e-5}) {
      const rw::Model other = model.with_norm({finish, model.norm.over, eps});
      EXPECT_EQ(same_bits(normed(x, other, weight, rw::Isa::scalar), stored),
                finish == model.norm.finish && eps == model.norm.eps);
    }
  }
}

TEST(Prologues, NormsOfEveryModelHaveTheBitsOfItsCode) {
  std::set<std::string> with_case;
  for (const Case& of : prologue_pack().cases) {
    if (of.at("kind") != "norm") continue;
    SCOPED_TRACE(of.name);
    with_case.insert(of.at("model"));
    const rw::Model& model = rw::model_named(of.at("model"));
    EXPECT_EQ(model.norm.over == rw::NormOver::token, of.at("norm_axes") == "HD");
    const bool is_float = of.tensor("q_weight").dtype == "f32";
    is_float ? expect_norm<float>(of, model) : expect_norm<bf16>(of, model);
  }
  for (const rw::Model& model : rw::models) {
    EXPECT_EQ(with_case.count(model.name), model.has_norm ? 1u : 0u) << model.name;
  }
}

}  // namespace
}  // namespace ropewalk_test
