// Promotion, widening and rounding: every 16-bit value, and every tie on the way to one.
#include "ropewalk/options.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/bits.hpp"
#include "support/reference.hpp"
#include "support/ties.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;

// As PyTorch promotes.
template <class P, class X, class Y>
constexpr bool promotes =
    std::is_same_v<rw::Promoted<X, Y>, P>&& std::is_same_v<rw::Promoted<Y, X>, P>;
static_assert(promotes<double, double, double> && promotes<double, double, float> &&
              promotes<double, double, half> && promotes<double, double, bfloat16>);
static_assert(promotes<float, float, float> && promotes<float, float, half> &&
              promotes<float, float, bfloat16> && promotes<float, half, bfloat16>);
static_assert(promotes<half, half, half> && promotes<bfloat16, bfloat16, bfloat16>);

static_assert(rw::detail::is_dtype<double> && rw::detail::is_dtype<float> &&
              rw::detail::is_dtype<half> && rw::detail::is_dtype<bfloat16>);
static_assert(!rw::detail::is_dtype<int> && !rw::detail::is_dtype<std::uint16_t> &&
              !rw::detail::is_dtype<const float> && !rw::detail::is_dtype<long double>);

/// The library's conversion of each value against the reference's.
template <class To, class From>
testing::AssertionResult converts_like_reference(const std::vector<From>& values) {
  std::vector<To> converted;
  std::vector<To> expected;
  for (const From& value : values) {
    converted.push_back(rw::detail::convert<To>(value));
    expected.push_back(from_bits<To>(convert(dtype_of<From>(), dtype_of<To>(), to_bits(value))));
  }
  return same_bits(converted, expected);
}

template <class T>
class SixteenBits : public testing::Test {};
TYPED_TEST_SUITE(SixteenBits, SixteenBitDtypes);

TYPED_TEST(SixteenBits, EveryValueWidensExactly) {
  const auto every = every_value<TypeParam>();
  EXPECT_TRUE((converts_like_reference<float>(every)));
  EXPECT_TRUE((converts_like_reference<double>(every)));
  EXPECT_TRUE((converts_like_reference<half>(every)));
  EXPECT_TRUE((converts_like_reference<bfloat16>(every)));
}

TYPED_TEST(SixteenBits, EveryValueComesBack) {
  const auto every = every_value<TypeParam>();
  std::vector<TypeParam> from_float;
  std::vector<TypeParam> from_double;
  for (const TypeParam& value : every) {
    const float wide = rw::detail::widen(value);
    from_float.push_back(rw::detail::narrow<TypeParam>(wide));
    from_double.push_back(rw::detail::narrow<TypeParam>(static_cast<double>(wide)));
  }
  EXPECT_TRUE(same_bits(from_float, every));
  EXPECT_TRUE(same_bits(from_double, every));
}

TYPED_TEST(SixteenBits, TiesAndNeighboursRoundToNearestEven) {
  EXPECT_TRUE((converts_like_reference<TypeParam>(ties_and_neighbours<TypeParam, float>())));
  // By way of float: a double next to a tie rounds as the tie.
  EXPECT_TRUE((converts_like_reference<TypeParam>(ties_and_neighbours<TypeParam, double>())));
}

TYPED_TEST(SixteenBits, AnyFloatOrDoubleRoundsLikeReference) {
  constexpr std::size_t count = 300'000;
  EXPECT_TRUE((converts_like_reference<TypeParam>(random_values<float>(count, Values::any, 1))));
  EXPECT_TRUE((converts_like_reference<TypeParam>(random_values<double>(count, Values::any, 2))));
  EXPECT_TRUE(
      (converts_like_reference<TypeParam>(random_values<float>(count, Values::special, 3))));
}

template <class T>
class EveryDtype : public testing::Test {};
TYPED_TEST_SUITE(EveryDtype, Dtypes);

// Payloads and signs of NaN as well: features that pass through are converted to their own type.
TYPED_TEST(EveryDtype, ConversionToItselfKeepsEveryBit) {
  const auto values = random_values<TypeParam>(10'000, Values::special, 4);
  std::vector<TypeParam> same;
  for (const TypeParam& value : values) same.push_back(rw::detail::convert<TypeParam>(value));
  EXPECT_TRUE(same_bytes(same, values));
}

TYPED_TEST(EveryDtype, ConvertsToDoubleAndFloatLikeReference) {
  for (const Values kind : {Values::any, Values::special, Values::uniform}) {
    const auto values = random_values<TypeParam>(100'000, kind, 5);
    EXPECT_TRUE((converts_like_reference<double>(values)));
    EXPECT_TRUE((converts_like_reference<float>(values)));
  }
}

}  // namespace
}  // namespace ropewalk_test
