// Norms through the C boundary beside the same calls of the headers: the same bits, for every mix
// of types, and the same errors.
#include "ropewalk/norm.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "boundary.hpp"
#include "ropewalk/ropewalk.h"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"

namespace rw = ropewalk;
using namespace ropewalk_test;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;

namespace {

template <class W>
ropewalk_norm norm_of(const rw::RmsNorm<W>& norm) {
  return {sizeof(ropewalk_norm),
          norm.weight,
          norm.weight_size,
          norm.eps,
          number_of<W>(),
          static_cast<std::int32_t>(norm.finish),
          static_cast<std::int32_t>(norm.over),
          0};
}

template <class Tab>
ropewalk_table table_of(const rw::View<const Tab>& cos, const rw::View<const Tab>& sin) {
  const ropewalk_tensor c = tensor_of(cos), s = tensor_of(sin);
  ropewalk_table table = empty_table();
  expect_ok(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &c, &s));
  return table;
}

template <class XType, class WType, class TabType>
struct NormMix {
  using X = XType;
  using W = WType;
  using Tab = TabType;
};

template <class Mix>
struct CNorms : testing::Test {};
using NormMixes =
    testing::Types<NormMix<float, float, float>, NormMix<float, float, double>,
                   NormMix<half, half, half>, NormMix<half, float, float>,
                   NormMix<half, half, double>, NormMix<bfloat16, bfloat16, bfloat16>,
                   NormMix<bfloat16, float, float>, NormMix<bfloat16, bfloat16, float>>;
TYPED_TEST_SUITE(CNorms, NormMixes);

/// Three tensors [batch, seq, heads, 72] of one call, of which the second has no norm; 30 pairs
/// turn.
template <class X, class W, class Tab>
struct Case {
  static constexpr Index heads[3] = {6, 2, 1};
  Index batch, seq;
  rw::Shape rows{1, seq, 1, 30};
  std::vector<X> x[3];
  std::vector<W> weight = random_values<W>(6 * 72, Values::uniform, 4);
  std::vector<Tab> cos = random_values<Tab>(150, Values::uniform, 5);
  std::vector<Tab> sin = random_values<Tab>(150, Values::uniform, 6);

  Case(Index of_batch, Index of_seq, Values values) : batch(of_batch), seq(of_seq) {
    for (std::size_t i = 0; i < 3; ++i) {
      x[i] = random_values<X>(static_cast<std::size_t>(batch * seq * heads[i] * 72), values, i + 1);
    }
  }

  template <class T>
  rw::View<T> view(std::vector<T>& data, std::size_t i) const {
    return {data.data(), {batch, seq, heads[i], 72}};
  }
  rw::RmsNorm<W> norm(rw::NormFinish finish, bool over_token, bool weighted, std::size_t i) const {
    rw::RmsNorm<W> of;
    of.weight = weighted ? weight.data() : nullptr;
    of.weight_size = weighted ? (over_token ? heads[i] : 1) * 72 : 0;
    of.eps = 1e-6;
    of.finish = finish;
    return over_token ? of.over_token() : of;
  }
};

TYPED_TEST(CNorms, GiveTheBitsOfTheHeaders) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::W;
  using Tab = typename TypeParam::Tab;
  for (std::int32_t choice = 0; choice < 3 * 3 * 2 * 2 * 2; ++choice) {
    const std::int32_t finish = choice % 3, pairing = choice / 3 % 3;
    const bool over_token = choice / 9 % 2 == 1, weighted = choice / 18 % 2 == 1;
    const auto cxx_finish = static_cast<rw::NormFinish>(finish);
    if (!weighted && cxx_finish == rw::NormFinish::one_plus_weight) continue;
    if (weighted && !std::is_same_v<X, W> && cxx_finish == rw::NormFinish::round_then_weight) {
      continue;
    }
    SCOPED_TRACE(choice);
    const bool one_token = choice % 5 == 0;
    Case<X, W, Tab> of(one_token ? 1 : 2, one_token ? 1 : 5,
                       choice / 36 == 0 ? Values::uniform : Values::special);
    const auto q = of.norm(cxx_finish, over_token, weighted, 0);
    const auto k = of.norm(cxx_finish, !over_token, weighted, 2);
    std::vector<X> wanted[3] = {of.x[0], of.x[1], of.x[2]}, got[3] = {of.x[0], of.x[1], of.x[2]};
    const rw::View<const Tab> cos(of.cos.data(), of.rows), sin(of.sin.data(), of.rows);
    const rw::Options how(static_cast<rw::Pairing>(pairing));
    rw::apply(rw::serial,
              std::tuple{of.view(wanted[0], 0), of.view(wanted[1], 1), of.view(wanted[2], 2)},
              std::tuple{of.view(of.x[0], 0), of.view(of.x[1], 1), of.view(of.x[2], 2)},
              std::tuple{q, rw::no_norm, k}, rw::half_table(cos, sin), how);

    ropewalk_tensor xs[3], outs[3];
    for (std::size_t i = 0; i < 3; ++i) {
      xs[i] = tensor_of(of.view(of.x[i], i));
      outs[i] = tensor_of(of.view(got[i], i));
    }
    const ropewalk_norm c_q = norm_of(q), c_k = norm_of(k);
    const ropewalk_norm* const norms[] = {&c_q, nullptr, &c_k};
    const ropewalk_table table = table_of(cos, sin);
    const ropewalk_options options = {sizeof(options), pairing, 0};
    expect_ok(ropewalk_apply_normed(&threads, outs, xs, norms, 3, &table, &options));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(wanted[i], got[i])) << i;
    if (how.pairing == rw::Pairing::interleaved_to_half) continue;
    expect_ok(ropewalk_apply_normed(nullptr, nullptr, xs, norms, 3, &table, &options));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(wanted[i], of.x[i])) << i;
  }
}

// Errors ------------------------------------------------------------------------------------------

/// Two tensors in float, of one token, which is checked at once, and of two; the second one's norm
/// is wrong.
struct CNormErrors : testing::TestWithParam<Index> {
  const rw::Shape shape{1, GetParam(), 3, 8};
  const std::ptrdiff_t second = 24 * GetParam();
  const std::vector<float> ones = std::vector<float>(static_cast<std::size_t>(2 * second), 1);
  std::vector<float> x = ones, out = ones, weight = std::vector<float>(24, 1);
  std::vector<float> angles = {1, 2, 3, 4, 5, 6, 7, 8};
  const rw::View<const float> rows{angles.data(), {1, GetParam(), 1, 4}};
  ropewalk_table table = table_of(rows, rows);
  ropewalk_tensor xs[2] = {tensor_of(view(x, 0)), tensor_of(view(x, second))};
  ropewalk_tensor outs[2] = {tensor_of(view(out, 0)), tensor_of(view(out, second))};
  ropewalk_norm good = norm_of(rw::rms_norm_torch(weight.data(), 8));

  rw::View<float> view(std::vector<float>& of, std::ptrdiff_t at) const {
    return {of.data() + at, shape};
  }

  std::string error(const ropewalk_norm* norm, const ropewalk_tensor* to) {
    const ropewalk_norm* const norms[] = {nullptr, norm};
    const std::int32_t status = ropewalk_apply_normed(nullptr, to, xs, norms, 2, &table, nullptr);
    EXPECT_EQ(status, ROPEWALK_INVALID_ARGUMENT);
    EXPECT_EQ(x, ones);
    EXPECT_EQ(out, ones);
    const std::string text = ropewalk_last_error(), name = "ropewalk_apply_normed: ";
    EXPECT_EQ(text.substr(0, name.size()), name);
    return text.substr(name.size());
  }

  void expect_as_headers(const rw::RmsNorm<float>& norm) {
    const ropewalk_norm c = norm_of(norm);
    const auto text = [](const std::function<void()>& call, const std::string& name) {
      const std::string of = error_of(call);
      EXPECT_GT(of.size(), name.size());
      return of.substr(std::min(of.size(), name.size()));
    };
    const std::tuple norms{rw::no_norm, norm};
    EXPECT_EQ(error(&c, nullptr), text(
                                      [&] {
                                        rw::apply_inplace(rw::serial,
                                                          std::tuple{view(x, 0), view(x, second)},
                                                          norms, rw::half_table(rows, rows));
                                      },
                                      "apply_inplace: "));
    EXPECT_EQ(error(&c, outs), text(
                                   [&] {
                                     rw::apply(rw::serial,
                                               std::tuple{view(out, 0), view(out, second)},
                                               std::tuple{view(x, 0), view(x, second)}, norms,
                                               rw::half_table(rows, rows));
                                   },
                                   "apply: "));
  }
};

INSTANTIATE_TEST_SUITE_P(Tokens, CNormErrors, testing::Values(1, 2));

TEST_P(CNormErrors, AreThoseOfTheHeaders) {
  expect_as_headers(rw::rms_norm_torch(weight.data(), 7));
  expect_as_headers(rw::rms_norm_torch(weight.data(), 8).over_token());
  expect_as_headers(rw::rms_norm_torch<float>(nullptr, 8));
  for (const double eps : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    expect_as_headers(rw::rms_norm_torch(weight.data(), 8, eps));
  }
  expect_as_headers(rw::rms_norm_gemma<float>(nullptr, 0));
  xs[1] = tensor_of(view(x, second));
  outs[0] = tensor_of(view(out, 0));
  // A weight in a tensor that is written, its own or another.
  ropewalk_norm within = norm_of(rw::rms_norm_torch(out.data() + 8, 8));
  EXPECT_EQ(error(&within, outs),
            "memory of outs[0] overlaps that of the norm's weight[1], must be apart from it");
  within.weight = x.data() + second + 16;
  EXPECT_EQ(error(&within, nullptr),
            "memory of xs[1] overlaps that of the norm's weight[1], must be apart from it");
}

TEST_P(CNormErrors, OfTypes) {
  good.weight_dtype = ROPEWALK_DTYPE_BF16;
  EXPECT_EQ(error(&good, outs), "dtype of the norm's weight[1] is 3, must be 0 or that of xs[1]");
  good.weight_dtype = 4;
  EXPECT_EQ(error(&good, outs), "dtype of the norm's weight[1] is 4, must be 0 to 3");
  good.weight_dtype = ROPEWALK_DTYPE_F32;
  outs[1].dtype = ROPEWALK_DTYPE_F16;
  EXPECT_EQ(error(&good, outs), "dtype of outs[1] is 2, must be 0 as of xs[1], which has a norm");
  xs[1].dtype = outs[1].dtype = ROPEWALK_DTYPE_BF16;
  good.finish = ROPEWALK_FINISH_ROUND_THEN_WEIGHT;
  EXPECT_EQ(error(&good, outs),
            "type of the norm's weight[1] is float, must be that of x: PyTorch's round_then_weight "
            "would return float");
  good.weight_dtype = ROPEWALK_DTYPE_F16;
  EXPECT_EQ(error(&good, outs), "dtype of the norm's weight[1] is 2, must be 0 or that of xs[1]");
  xs[1].dtype = ROPEWALK_DTYPE_F64;
  EXPECT_EQ(error(&good, nullptr), "dtype of xs[1] is 1, must be 0, 2 or 3 of what has a norm");
}

TEST_P(CNormErrors, OfFields) {
  const auto with = [&](std::int32_t ropewalk_norm::*field, std::int32_t value) {
    ropewalk_norm bad = good;
    bad.*field = value;
    return error(&bad, outs);
  };
  EXPECT_EQ(with(&ropewalk_norm::finish, 3), "finish of the norm[1] is 3, must be 0 to 2");
  EXPECT_EQ(with(&ropewalk_norm::over, -1), "over of the norm[1] is -1, must be 0 to 1");
  EXPECT_EQ(with(&ropewalk_norm::reserved, 1), "reserved of the norm[1] is 1, must be 0");
  good.struct_size = 40;
  EXPECT_EQ(error(&good, outs), "struct_size of the norm[1] is 40, must be 48");
  const std::int32_t status = ropewalk_apply_normed(nullptr, outs, xs, nullptr, 2, &table, nullptr);
  EXPECT_EQ(status, ROPEWALK_INVALID_ARGUMENT);
  EXPECT_STREQ(ropewalk_last_error(), "ropewalk_apply_normed: norms is null, must not be");
  expect_ok(ropewalk_apply_normed(nullptr, nullptr, nullptr, nullptr, 0, &table, nullptr));
}

// A row that a pairing moves goes by way of memory of a fixed size.
TEST(CNormSizes, RowsThatMoveHaveAMost) {
  std::vector<float> x(8194, 1), out(8194, 1), angle = {1};
  const rw::View<const float> row(angle.data(), {1, 1, 1, 1});
  const ropewalk_table table = table_of(row, row);
  const ropewalk_tensor from = tensor_of(rw::View<float>(x.data(), {1, 1, 1, 8194}));
  const ropewalk_tensor to = tensor_of(rw::View<float>(out.data(), {1, 1, 1, 8194}));
  const ropewalk_norm norm = norm_of(rw::rms_norm_without_weight(1e-6));
  const ropewalk_norm* const norms[] = {&norm};
  const ropewalk_options moving = {sizeof(moving), ROPEWALK_PAIRING_INTERLEAVED_TO_HALF, 0};
  EXPECT_EQ(ropewalk_apply_normed(nullptr, &to, &from, norms, 1, &table, &moving),
            ROPEWALK_INVALID_ARGUMENT);
  EXPECT_STREQ(
      ropewalk_last_error(),
      "ropewalk_apply_normed: head_dim, normalised and moved, of xs[0] is 8194, must be at "
      "most 8192");
  EXPECT_EQ(out, std::vector<float>(8194, 1));
}

}  // namespace
