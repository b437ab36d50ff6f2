// MLAS' rotary embedding by Ropewalk, against the formula.
#include "examples/adapters/mlas.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/reference.hpp"

namespace ropewalk_test {
namespace {

namespace mlas = adapters::mlas;

template <class T>
struct Named {
  using Type = T;
};
template <>
struct Named<Eigen::half> {
  using Type = mlas::Fp16;
};

/// The same memory by MLAS' name.
template <class T>
const typename Named<T>::Type* named(const std::vector<T>& values) {
  return reinterpret_cast<const typename Named<T>::Type*>(values.data());
}
template <class T>
typename Named<T>::Type* named(std::vector<T>& values) {
  return reinterpret_cast<typename Named<T>::Type*>(values.data());
}

template <class T>
std::vector<T> by_formula(const std::vector<T>& x, const std::vector<T>& sin,
                          const std::vector<T>& cos, bool interleaved) {
  std::vector<T> out(x.size());
  const std::size_t pairs = x.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::size_t first = interleaved ? 2 * i : i;
    const std::size_t second = interleaved ? first + 1 : first + pairs;
    const Pair<T> turned = rotate_pair(Pair<T>{x[first], x[second]},
                                       Coefficients<T>{cos[i], cos[i], sin[i], sin[i]}, true);
    out[first] = turned.a;
    out[second] = turned.b;
  }
  return out;
}

template <class T>
class MlasAdapter : public testing::Test {};
using Types = testing::Types<float, Eigen::half>;
TYPED_TEST_SUITE(MlasAdapter, Types, );

TYPED_TEST(MlasAdapter, MatchesTheFormulaBitForBit) {
  using T = TypeParam;
  for (const Values values : {Values::uniform, Values::special, Values::any}) {
    for (std::size_t dim = 0; dim <= 272; dim += 2) {
      const auto x = random_values<T>(dim, values, dim);
      const auto sin = random_values<T>(dim / 2, values, dim + 1);
      const auto cos = random_values<T>(dim / 2, values, dim + 2);
      for (const bool interleaved : {false, true}) {
        const std::vector<T> wanted = by_formula(x, sin, cos, interleaved);
        std::vector<T> out(dim), here = x;
        mlas::MlasRotaryEmbedOneRow(named(x), named(sin), named(cos), dim, interleaved, named(out));
        EXPECT_TRUE(same_bits(out, wanted)) << dim << (interleaved ? ", interleaved" : "");
        mlas::MlasRotaryEmbedOneRow(named(here), named(sin), named(cos), dim, interleaved,
                                    named(here));
        EXPECT_TRUE(same_bits(here, wanted)) << dim << " in place";
      }
    }
  }
}

TYPED_TEST(MlasAdapter, AllocatesNothing) {
  using T = TypeParam;
  if (!can_count_allocations) GTEST_SKIP() << "this build cannot count allocations";
  std::vector<T> x(128), out(128), coefficients(64);
  const auto turn = [&](bool interleaved) {
    mlas::MlasRotaryEmbedOneRow(named(x), named(coefficients), named(coefficients), x.size(),
                                interleaved, named(out));
  };
  turn(false);
  turn(true);
  const std::size_t before = allocations();
  turn(false);
  turn(true);
  EXPECT_EQ(allocations(), before);
}

TEST(MlasAdapterErrors, NameWhatIsWrong) {
  std::vector<float> x(63, 1), out(63), coefficients(32);
  const auto turned = [&](float* to, std::size_t dim) {
    return error_of([&] {
      mlas::MlasRotaryEmbedOneRow(x.data(), coefficients.data(), coefficients.data(), dim, false,
                                  to);
    });
  };
  EXPECT_EQ(turned(out.data(), 63), "apply: head_dim of x is 63, must be even");
  EXPECT_EQ(turned(nullptr, 62), "apply: data of out is null, must point to the elements");
  EXPECT_EQ(turned(x.data() + 1, 62),
            "apply: memory of out overlaps that of x, must be apart from it or the same tensor");
  EXPECT_EQ(out, std::vector<float>(63));
}

}  // namespace
}  // namespace ropewalk_test
