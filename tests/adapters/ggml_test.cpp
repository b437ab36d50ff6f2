// ggml's rotary embedding by Ropewalk, against the formula.
#include "examples/adapters/ggml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/reference.hpp"

namespace ropewalk_test {
namespace {

namespace ggml = adapters::ggml;
using ggml::Rope;
using ggml::Tensor;

template <class T>
constexpr ggml::Type type_of = sizeof(T) == 4 ? ggml::f32 : ggml::f16;

/// Entries along the axes in ggml's order, in memory one after the other in the order of `axes`.
Tensor tensor_of(ggml::Type type, const std::vector<std::int64_t>& sizes, void* data,
                 const std::vector<int>& axes = {0, 1, 2, 3}, std::size_t gap = 0) {
  Tensor tensor{type, {1, 1, 1, 1}, {}, {}, {}, data};
  std::copy(sizes.begin(), sizes.end(), tensor.ne);
  std::size_t stride = type == ggml::f16 ? 2 : 4;
  for (const int axis : axes) {
    tensor.nb[axis] = stride;
    stride *= static_cast<std::size_t>(tensor.ne[axis]) + (axis == 0 ? gap : 0);
  }
  return tensor;
}

/// cos and sin of the pair at the position, from ggml's definition of the angle.
Coefficients<float> coefficients(const Rope& rope, std::int32_t position, int pair, float factor) {
  const double base = rope.freq_base, scale = rope.freq_scale;
  double frequency = 1 / std::pow(base, 2.0 * pair / rope.n_dims);
  double magnitude = rope.attn_factor;
  if (std::abs(rope.ext_factor) > 0) {
    const auto pair_that_turns = [&](double turns) {
      const double pi = std::acos(-1.0);
      return rope.n_dims * std::log(rope.n_ctx_orig / (turns * 2 * pi)) / (2 * std::log(base));
    };
    const double low = std::max(std::floor(pair_that_turns(rope.beta_fast)), 0.0);
    const double high = std::min(std::ceil(pair_that_turns(rope.beta_slow)), rope.n_dims - 1.0);
    double ramp = (pair - low) / std::max(high - low, 0.001);
    ramp = 1 - std::min(1.0, std::max(0.0, ramp));
    const double mix = ramp * rope.ext_factor;
    frequency *= scale * (1 - mix) + mix;
    magnitude *= 1 + 0.1 * std::log(1 / scale);
  } else {
    frequency *= scale;
  }
  const double angle = position * (frequency / factor);
  const auto c = static_cast<float>(std::cos(angle) * magnitude);
  const auto s = static_cast<float>(std::sin(angle) * magnitude);
  return {c, c, s, s};
}

template <class T>
T& at(const Tensor& tensor, std::size_t i0, std::size_t i1, std::size_t i2, std::size_t i3) {
  return *reinterpret_cast<T*>(static_cast<char*>(tensor.data) + i0 * tensor.nb[0] +
                               i1 * tensor.nb[1] + i2 * tensor.nb[2] + i3 * tensor.nb[3]);
}

/// dst, whose rows hold what those of a do, turned by plain loops.
template <class T>
void by_formula(const Tensor& dst, const std::vector<std::int32_t>& positions,
                const std::vector<float>& factors, const Rope& rope) {
  const auto heads = static_cast<std::size_t>(dst.ne[1]), seq = static_cast<std::size_t>(dst.ne[2]);
  for (std::size_t i2 = 0; i2 < seq; ++i2) {
    for (int pair = 0; pair < rope.n_dims / 2; ++pair) {
      const auto i = static_cast<std::size_t>(pair);
      const Coefficients<float> turn =
          coefficients(rope, positions[i2], pair, factors.empty() ? 1 : factors[i]);
      const std::size_t first = rope.mode == 0 ? 2 * i : i;
      const std::size_t second =
          rope.mode == 0 ? first + 1 : i + static_cast<std::size_t>(rope.n_dims / 2);
      for (std::size_t i3 = 0; i3 < static_cast<std::size_t>(dst.ne[3]); ++i3) {
        for (std::size_t i1 = 0; i1 < heads; ++i1) {
          T& a = at<T>(dst, first, i1, i2, i3);
          T& b = at<T>(dst, second, i1, i2, i3);
          const Pair<T> turned = rotate_pair(Pair<T>{a, b}, turn);
          a = turned.a;
          b = turned.b;
        }
      }
    }
  }
}

/// As ggml's pool calls an operator.
void on_threads(int count, Tensor& dst, const Tensor& a, const Tensor& b, const Tensor* c,
                Rope rope) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] { ggml::rope_custom(&dst, &a, &b, c, i, count, &rope); });
  }
  for (std::thread& thread : threads) thread.join();
}

std::vector<Rope> ropes(int head_dim) {
  std::vector<Rope> all;
  for (const int mode : {0, 2}) {
    for (const int n_dims : {head_dim, head_dim / 4 * 2}) {
      Rope rope;
      rope.n_dims = n_dims;
      rope.mode = mode;
      all.push_back(rope);
      rope.freq_base = 5e5f;
      rope.freq_scale = 0.25f;
      rope.attn_factor = 1.5f;
      all.push_back(rope);
      rope.n_ctx_orig = 4096;
      for (const float ext_factor : {1.0f, 0.5f}) {
        rope.ext_factor = ext_factor;
        all.push_back(rope);
      }
      rope.beta_fast = 8;
      rope.beta_slow = 8;
      all.push_back(rope);
    }
  }
  return all;
}

template <class T>
class GgmlAdapter : public testing::Test {};
using Types = testing::Types<float, Eigen::half>;
TYPED_TEST_SUITE(GgmlAdapter, Types, );

TYPED_TEST(GgmlAdapter, MatchesTheFormulaBitForBitOnAnyThreads) {
  using T = TypeParam;
  constexpr int head_dim = 40;
  const std::vector<std::int64_t> sizes{head_dim, 3, 5, 2};
  std::vector<std::int32_t> positions{0, 4095, -7, 4095, 100003};
  std::vector<float> factors(head_dim / 2);
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = 1 + static_cast<float>(i) / 4;
  const Tensor b = tensor_of(ggml::i32, {5}, positions.data());
  const Tensor c = tensor_of(ggml::f32, {head_dim / 2}, factors.data());
  const std::vector<std::vector<int>> orders{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 2, 1}};
  for (const Values values : {Values::uniform, Values::any}) {
    for (const Rope& rope : ropes(head_dim)) {
      for (const bool has_factors : {false, true}) {
        for (const std::vector<int>& order : orders) {
          constexpr std::size_t gap = 3, room = (head_dim + gap) * 3 * 5 * 2;
          const auto x = random_values<T>(room, values, room);
          auto source = x, wanted = x;
          by_formula<T>(tensor_of(type_of<T>, sizes, wanted.data(), order, gap), positions,
                        has_factors ? factors : std::vector<float>(), rope);
          const Tensor a = tensor_of(type_of<T>, sizes, source.data(), order, gap);
          for (const int threads : {1, 2, 3, 4, 7, 16}) {
            auto out = x;  // what lies between rows is as in x
            Tensor dst = tensor_of(type_of<T>, sizes, out.data(), order, gap);
            const Tensor apart = tensor_of(type_of<T>, sizes, source.data(), order, gap);
            for (std::size_t i3 = 0; i3 < 2; ++i3) {
              for (std::size_t i2 = 0; i2 < 5; ++i2) {
                for (std::size_t i1 = 0; i1 < 3; ++i1) {
                  std::fill_n(&at<T>(dst, 0, i1, i2, i3), head_dim, T(0));
                }
              }
            }
            on_threads(threads, dst, apart, b, has_factors ? &c : nullptr, rope);
            EXPECT_TRUE(same_bits(out, wanted)) << rope.n_dims << ' ' << threads;
            EXPECT_TRUE(same_bytes(source, x));
          }
          Tensor here = a;
          on_threads(2, here, a, b, has_factors ? &c : nullptr, rope);
          EXPECT_TRUE(same_bits(source, wanted)) << "in place";
        }
      }
    }
  }
}

TYPED_TEST(GgmlAdapter, ForwardIsTheSameWithParametersOfDst) {
  using T = TypeParam;
  std::vector<std::int32_t> positions{9};
  std::vector<float> factors(16, 2);
  Tensor b = tensor_of(ggml::i32, {1}, positions.data());
  Tensor c = tensor_of(ggml::f32, {16}, factors.data());
  for (const Rope& rope : ropes(32)) {
    auto x = random_values<T>(64, Values::uniform, 1);
    std::vector<T> custom(64), forward(64);
    Tensor a = tensor_of(type_of<T>, {32, 2}, x.data());
    Tensor dst = tensor_of(type_of<T>, {32, 2}, custom.data());
    on_threads(1, dst, a, b, &c, rope);
    dst.data = forward.data();
    const std::int32_t words[] = {0, rope.n_dims, rope.mode, 0, rope.n_ctx_orig};
    const float numbers[] = {rope.freq_base,   rope.freq_scale, rope.ext_factor,
                             rope.attn_factor, rope.beta_fast,  rope.beta_slow};
    std::memcpy(dst.op_params, words, sizeof(words));
    std::memcpy(dst.op_params + 5, numbers, sizeof(numbers));
    dst.src[0] = &a;
    dst.src[1] = &b;
    dst.src[2] = &c;
    for (int i = 0; i < 2; ++i) {
      const ggml::ComputeParams params{i, 2};
      ggml::compute_forward_rope(&params, &dst);
    }
    EXPECT_TRUE(same_bytes(forward, custom));
  }
}

// ggml multiplies theta by a float from pair to pair, and takes cosf and sinf of it. The adapter's
// documentation names the numbers.
TEST(GgmlAdapterBits, DifferFromThoseOfProductsInFloat) {
  Rope rope;
  rope.n_dims = 128;
  constexpr int position = 4095;
  const float scale = std::pow(rope.freq_base, -2.0f / static_cast<float>(rope.n_dims));
  float theta = position;
  int differing = 0;
  float most = 0;
  for (int pair = 0; pair < rope.n_dims / 2; ++pair, theta *= scale) {
    const Coefficients<float> of = coefficients(rope, position, pair, 1);
    for (const float by : {std::cos(theta) - of.cos_a, std::sin(theta) - of.sin_a}) {
      differing += std::abs(by) > 0 ? 1 : 0;
      most = std::max(most, std::abs(by));
    }
  }
  EXPECT_GE(differing, 120);
  EXPECT_GT(most, 4e-4f);
  EXPECT_LT(most, 6e-4f);
}

/// The text that a changed operator is refused with; nothing is written.
template <class Change>
std::string refused(const Change& change) {
  std::vector<std::int32_t> positions{0, 1, 2};
  std::vector<float> x(32 * 2 * 3, 1), out(x.size(), 7), factors(16, 1);
  Rope rope;
  rope.n_dims = 32;
  Tensor dst = tensor_of(ggml::f32, {32, 2, 3}, out.data());
  Tensor a = tensor_of(ggml::f32, {32, 2, 3}, x.data());
  Tensor b = tensor_of(ggml::i32, {3}, positions.data());
  Tensor c = tensor_of(ggml::f32, {16}, factors.data());
  change(dst, a, b, c, rope);
  const std::string text = error_of([&] { ggml::rope_custom(&dst, &a, &b, &c, 0, 1, &rope); });
  EXPECT_EQ(out, std::vector<float>(x.size(), 7));
  return text;
}

TEST(GgmlAdapterErrors, NameWhatIsWrong) {
  EXPECT_EQ(refused([](Tensor&, Tensor& a, auto&&...) { a.type = ggml::i32; }),
            "rope: type of a, which is not f16, is 26, must be 0");
  EXPECT_EQ(refused([](Tensor& dst, auto&&...) { dst.type = ggml::f16; }),
            "rope: type of dst is 1, must be 0");
  EXPECT_EQ(refused([](Tensor&, Tensor&, Tensor& b, auto&&...) { b.type = ggml::f32; }),
            "rope: type of b is 0, must be 26");
  EXPECT_EQ(refused([](Tensor&, Tensor&, Tensor& b, auto&&...) { b.ne[0] = 12; }),
            "rope: ne[0] of b is 12, must be 3");
  EXPECT_EQ(refused([](Tensor&, Tensor&, Tensor&, Tensor& c, Rope&) { c.ne[0] = 15; }),
            "rope: ne[0] of c is 15, must be 16");
  EXPECT_EQ(refused([](Tensor&, Tensor&, Tensor&, Tensor&, Rope& rope) { rope.mode = 8; }),
            "rope: mode, which is not 0, is 8, must be 2");
  EXPECT_EQ(refused([](Tensor&, Tensor& a, auto&&...) { a.nb[0] = 8; }),
            "rope: nb[0] of a is 8, must be 4");
  EXPECT_EQ(refused([](Tensor&, Tensor& a, auto&&...) { a.nb[1] = 130; }),
            "rope: rest of nb of a is 2, must be 0");
  EXPECT_EQ(refused([](Tensor&, Tensor&, Tensor&, Tensor&, Rope& rope) { rope.n_dims = 31; }),
            "frequencies: rotary_dim of the rope is 31, must be even");
  EXPECT_EQ(refused([](Tensor& dst, auto&&...) { dst.ne[1] = 1; }),
            "apply: heads of out is 1, must be 2");
}

}  // namespace
}  // namespace ropewalk_test
