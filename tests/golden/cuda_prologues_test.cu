// Whole models' attention as it begins, on a device: slices of one product, norm, rotation, keys
// and values to slots of a paged cache, in one launch. In the order of a CPU: its bits are stored.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <tuple>
#include <vector>

#include "../support/bits.hpp"
#include "../support/cuda_memory.cuh"
#include "prologue.hpp"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/models/models.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

/// Device memory that a table is read from.
template <class T>
struct Held {
  DeviceMemory memory;
  explicit Held(const std::vector<T>& values) : memory(values) {}
  const T* data() const { return memory.as<const T>(); }
};

template <class Tab>
void expect_prologue(const Case& of, const rw::Model& model, const rw::TableView<Tab>& table) {
  const Index tokens = of.tensor("qkv").shape[1];
  const auto [heads, kv_heads, head_dim, offset] = model.shape;
  const rw::Shape shape{1, tokens, heads, head_dim};
  auto packed = of.tensor("qkv").values<bf16>();
  const Paged paged({1, tokens, kv_heads, head_dim});
  const DeviceMemory product(packed), keys(std::vector<bf16>(paged.size())),
      values(std::vector<bf16>(paged.size())), slots(paged.slots);
  const DeviceMemory q_weight(of.tensor("q_weight").values<bf16>());
  const DeviceMemory k_weight(of.tensor("k_weight").values<bf16>());
  const auto norm = [&](const DeviceMemory& weight) {
    const auto size = static_cast<Index>(weight.bytes() / sizeof(bf16));
    return rw::rms_norm(model, weight.as<const bf16>(), size).in_order(rw::NormOrder::cpu);
  };
  const auto to = [&](const DeviceMemory& cache) {
    return rw::View<bf16>(cache.as<bf16>(), paged.cache)
        .rows(slots.as<const std::int64_t>(), 1, tokens);
  };
  const auto qkv = rw::grouped_qkv_view(product.as<bf16>(), shape, kv_heads);
  rw::cuda::apply(nullptr, std::tuple{qkv.q, to(keys), to(values)},
                  std::tuple{qkv.q, qkv.k, rw::copied(qkv.v)},
                  std::tuple{norm(q_weight), norm(k_weight), rw::no_norm}, table, model.options());
  check(cudaDeviceSynchronize());
  const auto v = features_of(rw::grouped_qkv_view(packed.data(), shape, kv_heads).v);
  packed = product.values<bf16>();
  const auto turned = rw::grouped_qkv_view(packed.data(), shape, kv_heads);
  EXPECT_TRUE(same_bits(features_of(turned.q), of.tensor("q_out").values<bf16>()));
  EXPECT_TRUE(same_bits(keys.values<bf16>(), paged.filled(of.tensor("k_out").values<bf16>())));
  EXPECT_TRUE(same_bits(values.values<bf16>(), paged.filled(v)));
}

TEST(CudaPrologues, OfEveryModelAreOneLaunch) {
  std::size_t cases = 0;
  for (const Case& of : prologue_pack().cases) {
    if (of.at("kind") != "prologue") continue;
    SCOPED_TRACE(of.name);
    const rw::Model& model = rw::model_named(of.at("model"));
    const bool is_like_x = model.table_type == rw::Model::TableType::like_x;
    const auto hold = [](const auto& stored) { return Held(stored); };
    const auto work = [&](const auto& table) { expect_prologue(of, model, table); };
    is_like_x ? with_stored_table<bf16>(of, hold, work) : with_stored_table<float>(of, hold, work);
    ++cases;
  }
  EXPECT_EQ(cases, 3u);
}

}  // namespace
}  // namespace ropewalk_test
