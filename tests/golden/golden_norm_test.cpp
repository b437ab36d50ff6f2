// Compares every norm of a pack with what PyTorch made, on a CPU and on a CUDA device.
//
// The pack is the folder that ROPEWALK_GOLDEN_DIR names in the environment, by default those of
// folders.hpp. Rotations of stored norms run through the library's forms in golden_test.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../support/bits.hpp"
#include "../support/norm_reference.hpp"
#include "../support/reference.hpp"
#include "folders.hpp"
#include "keys.hpp"
#include "norm_rule.hpp"
#include "pack.hpp"
#include "place.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "rule.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

// What is compared: what a CPU makes of a case ---------------------------------------------------

Expected normed(const NormRule& rule) {
  return expected_normed(rule, expected_rstd(rule, expected_means(rule, SumOrder::cpu)));
}

Expected normed_and_rotated(const NormRule& rule, const Rule& rotation) {
  return expected_output(rotation, with_patterns(*rule.x, normed(rule).bits));
}

// The library's forms ----------------------------------------------------------------------------

template <class W>
rw::RmsNorm<W> library_norm(const NormRule& rule, const std::vector<W>& weight, bool over_token) {
  const W* data = weight.empty() ? nullptr : weight.data();
  const auto size = static_cast<rw::Index>(weight.size());
  const double eps = from_bits<float>(static_cast<std::uint32_t>(rule.eps.bits));
  rw::RmsNorm<W> norm = rw::rms_norm_torch(data, size, eps);
  if (rule.finish == Finish::round_then_weight) norm = rw::rms_norm_hf(data, size, eps);
  if (rule.finish == Finish::one_plus_weight) norm = rw::rms_norm_gemma(data, size, eps);
  return over_token ? norm.over_token() : norm;
}

/// The case by one call of every form, which turns by a table if there is one.
template <class X, class W>
void expect_by_library(const NormRule& rule, const Rule* rotation, const Tensor& stored) {
  const std::vector<X> x = rule.x->values<X>();
  std::vector<W> weight;
  if (rule.weight != nullptr) weight = rule.weight->values<W>();
  const auto run = [&](const rw::Shape& shape, const auto& table, const rw::Options& options) {
    const bool over_token = rule.features != static_cast<std::size_t>(shape.head_dim);
    const auto norm = library_norm(rule, weight, over_token);
    const rw::View<const X> from(x.data(), shape);
    std::vector<X> out(x.size());
    rw::apply_strided(rw::serial, rw::View<X>(out.data(), shape), from, norm, table, options);
    EXPECT_TRUE(same_bits(out, stored.values<X>())) << "by the definition";
    for (const rw::Isa isa : rw::available_isas()) {
      rw::apply(rw::serial, rw::View<X>(out.data(), shape), from, norm, table, options,
                rw::CpuOptions(rw::Stores::automatic, isa));
      EXPECT_TRUE(same_bits(out, stored.values<X>())) << rw::isa_name(isa);
    }
  };
  if (rotation == nullptr) {
    const auto rows = static_cast<rw::Index>(x.size() / rule.features);
    const rw::View<const float> none(nullptr, {1, rows, 1, 0});
    return run({1, rows, 1, rule.features}, rw::half_table(none, none), {});
  }
  const TableRule table = table_rule(*rotation);
  const Place place = place_of(*rotation, *rule.x, table);
  const rw::Options options(library_pairing(rotation->pairing));
  const auto turn = [&](auto entry) {
    using Tab = decltype(entry);
    const auto cos = table_values<Tab>(*rotation, *rotation->cos);
    const auto sin = table_values<Tab>(*rotation, *rotation->sin);
    run(place.shape, table_view(*rotation, table, place, cos, sin), options);
  };
  if (rotation->cos->dtype == "f32") return turn(float{});
  return rotation->cos->dtype == "f16" ? turn(Eigen::half{}) : turn(Eigen::bfloat16{});
}

template <class X>
void expect_by_library(const NormRule& rule, const Rule* rotation, const Tensor& stored) {
  const bool is_float = rule.weight == nullptr || rule.weight->dtype == "f32";
  is_float ? expect_by_library<X, float>(rule, rotation, stored)
           : expect_by_library<X, X>(rule, rotation, stored);
}

void expect_by_library(const NormRule& rule, const Rule* rotation, const Tensor& stored) {
  switch (rule.type) {
    case Dtype::f32:
      return expect_by_library<float>(rule, rotation, stored);
    case Dtype::f16:
      return expect_by_library<Eigen::half>(rule, rotation, stored);
    case Dtype::bf16:
      return expect_by_library<Eigen::bfloat16>(rule, rotation, stored);
    case Dtype::f64:
      FAIL() << "no norm of double";
  }
}

// Comparing ------------------------------------------------------------------------------------

/// How many values were compared, and of what.
using Counts = std::map<std::string, std::size_t>;

void compare(const Expected& expected, const Tensor* stored, Counts& counts) {
  EXPECT_EQ(difference(expected, *stored), "");
  counts[stored->name + ", " + stored->dtype] += stored->size();
}

/// Places apart on the line of floats from 0 to infinity; 0 for two NaN.
std::uint64_t ulps_between(Bits a, Bits b) {
  a = canonical(Dtype::f32, a);
  b = canonical(Dtype::f32, b);
  return std::max(a, b) - std::min(a, b);
}

/// rsqrt of a device is within an ulp of 1 / sqrt.
void compare_rstd(const Row& expected, const Tensor& stored, Counts& counts) {
  const std::vector<Bits> bits = stored.patterns();
  ASSERT_EQ(bits.size(), expected.size());
  for (std::size_t row = 0; row < bits.size(); ++row) {
    const std::uint64_t apart = ulps_between(bits[row], expected[row].bits);
    EXPECT_LE(apart, 1u) << "row " << row << ": " << hex(Dtype::f32, bits[row]) << ", 1 / sqrt is "
                         << hex(Dtype::f32, expected[row].bits);
    counts[stored.name + ", " + (apart == 0 ? "equal to 1 / sqrt" : "an ulp from it")] += 1;
  }
}

void compare_cuda(const NormRule& rule, Counts& counts) {
  const Row means = expected_means(rule, rule.cuda_order);
  if (const Tensor* mean = rule.cuda.mean) compare(expected_of(*mean, means), mean, counts);
  compare_rstd(expected_rstd(rule, means), *rule.cuda.rstd, counts);
  Row rstd;
  for (const Bits bits : rule.cuda.rstd->patterns()) rstd.push_back({bits});
  compare(expected_normed(rule, rstd), rule.cuda.normed, counts);
}

void compare_cpu(const NormRule& rule, Counts& counts) {
  const Row means = expected_means(rule, SumOrder::cpu);
  if (const Tensor* mean = rule.cpu.mean) compare(expected_of(*mean, means), mean, counts);
  if (const Tensor* rstd = rule.cpu.rstd) {
    compare(expected_of(*rstd, expected_rstd(rule, means)), rstd, counts);
  }
  compare(normed(rule), rule.cpu.normed, counts);
}

/// A case of one row of two floats, with the given keys set or, where the value is empty, absent.
Case case_with(const std::map<std::string, std::string>& keys) {
  Case of{"made here",
          {{"kind", "norm"},
           {"norm_rule", "hf"},
           {"norm_size", "2"},
           {"eps", "none"},
           {"weight", "w"},
           {"io", "x>out_cpu"},
           {"out_dtype", "x"},
           {"exact", "bit"}},
          {}};
  const Tensor two{"x", "f32", {1, 2}, std::vector<unsigned char>(8)};
  for (const char* name : {"x", "w", "out_cpu"}) {
    of.tensors.push_back(two);
    of.tensors.back().name = name;
  }
  for (const auto& [key, value] : keys) {
    if (value.empty()) {
      of.keys.erase(key);
    } else {
      of.keys[key] = value;
    }
  }
  return of;
}

std::string error_of(const Case& of) {
  try {
    norm_rule_of(of);
  } catch (const PackError& error) {
    return error.what();
  }
  return "no error";
}

TEST(GoldenNorm, WhatIsUnknownFails) {
  EXPECT_EQ(error_of(case_with({})), "no error");
  for (const char* eps : {"none", "1e-06", "0.0", "1.5e-5", "0"}) {
    EXPECT_EQ(error_of(case_with({{"eps", eps}})), "no error") << eps;
  }
  const std::pair<const char*, const char*> values[] = {
      {"norm_rule", "llama"}, {"norm_size", "0"},     {"norm_size", "two"}, {"norm_axes", "BD"},
      {"eps", "None"},        {"eps", "1e-x"},        {"eps", "e-6"},       {"eps", "1.2.3"},
      {"eps", "-1"},          {"cuda_order", "tree"}, {"cuda_rows", "0"},   {"exact", "maybe"},
      {"out_dtype", "f8"}};
  for (const auto& [key, value] : values) {
    EXPECT_EQ(error_of(case_with({{key, value}})), std::string("case made here: unknown value '") +
                                                       value + "' of rule key '" + key + "'");
  }
  // A key of the other kind would be read by nobody.
  EXPECT_EQ(error_of(case_with({{"rotary_dim", "2"}})),
            "case made here: unknown key 'rotary_dim', its value is '2'");
  EXPECT_EQ(unknown_rules(Case{"r", {{"kind", "rotate"}, {"eps", "0.0"}}, {}}),
            std::vector<std::string>{"case r: unknown key 'eps', its value is '0.0'"});
}

TEST(GoldenNorm, WhatIsNotComparedFails) {
  for (const char* key : {"norm_rule", "norm_size", "eps", "weight", "io", "exact"}) {
    EXPECT_EQ(error_of(case_with({{key, ""}})),
              std::string("case made here has no key '") + key + "'");
  }
  const std::pair<std::map<std::string, std::string>, const char*> cases[] = {
      {{{"exact", "tol"}}, "exact must be bit"},
      {{{"out_dtype", "f64"}}, "out_dtype must be that of x"},
      {{{"io", "x>y"}}, "io must be x>out_cpu"},
      {{{"norm_size", "1"}}, "norm_size is not what x has on these axes"},
      {{{"norm_rule", "gemma"}, {"weight", "none"}}, "norm_rule gemma needs a weight"},
      {{{"weight", "none"}}, "tensor 'w' is compared with nothing"}};
  for (const auto& [keys, message] : cases) {
    EXPECT_EQ(error_of(case_with(keys)), std::string("case made here: ") + message);
  }
  Case of = case_with({});
  of.tensors.push_back(of.tensors[0]);
  of.tensors.back().name = "mean_gpu";
  EXPECT_EQ(error_of(of), "case made here: tensor 'mean_gpu' is compared with nothing");
  of.tensors.back().name = "out_cuda";
  EXPECT_EQ(error_of(of), "case made here: of CUDA neither rstd nor the norm alone may be absent");
  of.tensors.back().name = "rstd_cpu";
  EXPECT_EQ(error_of(of), "case made here: rstd and mean must be one float a row");
}

TEST(GoldenNorm, OutputsAreThoseStored) {
  Counts counts;
  std::size_t norms = 0;
  for (const Case& of : golden_cases()) {
    SCOPED_TRACE(of.name);
    try {
      if (!has_norm(of)) continue;
      ++norms;
      const NormRule rule = norm_rule_of(of);
      compare_cpu(rule, counts);
      if (rule.cuda.out != nullptr) compare_cuda(rule, counts);
      expect_by_library(rule, nullptr, *rule.cpu.normed);
      if (!rule.rotates) continue;
      const Rule rotation = rule_of(of);
      expect_by_library(rule, &rotation, *rule.cpu.out);
      compare(normed_and_rotated(rule, rotation), rule.cpu.out, counts);
      if (rule.cuda.out != nullptr) {
        compare(expected_output(rotation, *rule.cuda.normed), rule.cuda.out, counts);
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_TRUE(norms > 0 || !detail::named_folder().empty()) << "no norm in the default folders";
  std::cout << "note: golden: norm: " << norms << " cases\n";
  for (const auto& [what, count] : counts) {
    std::cout << "note: golden: norm: " << what << ": " << count << " values\n";
  }
}

}  // namespace
}  // namespace ropewalk_test
