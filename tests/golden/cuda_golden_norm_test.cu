// Compares every norm of a pack, alone and rotated, with what PyTorch made of it on a CUDA device.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <vector>

#include "../support/bits.hpp"
#include "../support/cuda_memory.cuh"
#include "../support/norm_reference.hpp"
#include "../support/reference.hpp"
#include "folders.hpp"
#include "keys.hpp"
#include "norm_rule.hpp"
#include "pack.hpp"
#include "place.hpp"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/table_layouts.hpp"
#include "rule.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::NormFinish;
using rw::NormOrder;
using rw::Shape;

template <class X, class W, class Tab>
void expect_golden(const NormRule& rule, const Rule* rotation) {
  const std::vector<X> x = rule.x->values<X>();
  std::vector<W> host;
  if (rule.weight != nullptr) host = rule.weight->values<W>();
  const DeviceMemory weight(host);
  const double eps = from_bits<float>(static_cast<std::uint32_t>(rule.eps.bits));
  auto norm = rw::rms_norm_torch(host.empty() ? nullptr : weight.as<W>(),
                                 static_cast<Index>(host.size()), eps);
  if (rule.finish == Finish::round_then_weight) norm.finish = NormFinish::round_then_weight;
  if (rule.finish == Finish::one_plus_weight) norm.finish = NormFinish::one_plus_weight;
  const NormOrder order =
      rule.cuda_order == SumOrder::cuda_fused ? NormOrder::cuda_fused : NormOrder::cuda_reduce;
  norm = norm.in_order(order, rule.cuda_rows);
  const auto run = [&](const Shape& shape, const auto& table, const rw::Options& options) {
    const bool over_token = rule.features != static_cast<std::size_t>(shape.head_dim);
    const DeviceMemory from(x), to(x);
    rw::cuda::apply(nullptr, rw::View<X>(to.as<X>(), shape), rw::View<const X>(from.as<X>(), shape),
                    over_token ? norm.over_token() : norm, table, options);
    check(cudaDeviceSynchronize());
    return to.values<X>();
  };
  const auto rows = static_cast<Index>(x.size() / rule.features);
  const rw::View<const float> none(nullptr, {1, rows, 1, 0});
  const Shape alone{1, rows, 1, static_cast<Index>(rule.features)};
  EXPECT_TRUE(same_bits(run(alone, rw::half_table(none, none), rw::Options()),
                        rule.cuda.normed->values<X>()));
  if (rotation == nullptr) return;
  const TableRule of_table = table_rule(*rotation);
  const Place place = place_of(*rotation, *rule.x, of_table);
  const DeviceMemory cos(table_values<Tab>(*rotation, *rotation->cos));
  const DeviceMemory sin(table_values<Tab>(*rotation, *rotation->sin));
  const auto table = table_view(*rotation, of_table, place, static_cast<const Tab*>(cos.as<Tab>()),
                                static_cast<const Tab*>(sin.as<Tab>()));
  const rw::Options options(library_pairing(rotation->pairing));
  EXPECT_TRUE(same_bits(run(place.shape, table, options), rule.cuda.out->values<X>()));
}

template <class X>
void expect_golden(const NormRule& rule, const Rule* rotation) {
  const bool float_weight = rule.weight != nullptr && rule.weight->dtype == "f32";
  const bool float_table = rotation == nullptr || rotation->cos->dtype == "f32";
  if (float_weight) {
    float_table ? expect_golden<X, float, float>(rule, rotation)
                : expect_golden<X, float, X>(rule, rotation);
  } else {
    float_table ? expect_golden<X, X, float>(rule, rotation)
                : expect_golden<X, X, X>(rule, rotation);
  }
}

TEST(CudaGoldenNorm, OutputsAreThoseStored) {
  std::size_t norms = 0;
  for (const Case& of : golden_cases()) {
    SCOPED_TRACE(of.name);
    try {
      if (!has_norm(of)) continue;
      const NormRule rule = norm_rule_of(of);
      if (rule.cuda.out == nullptr) continue;
      ++norms;
      const Rule rotation = rule.rotates ? rule_of(of) : Rule{};
      const Rule* turned = rule.rotates ? &rotation : nullptr;
      if (rule.type == Dtype::f32) expect_golden<float>(rule, turned);
      if (rule.type == Dtype::f16) expect_golden<half>(rule, turned);
      if (rule.type == Dtype::bf16) expect_golden<bfloat16>(rule, turned);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_TRUE(norms > 0 || !detail::named_folder().empty()) << "no norm in the default folders";
  std::cout << "note: golden: norm on CUDA: " << norms << " cases\n";
}

}  // namespace
}  // namespace ropewalk_test
