// The definition of a norm against the reference on bit patterns: every step of a row's sum, every
// rounding, all values of 16 bits.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/norm_reference.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

template <class T>
Row row_of(const T* values, std::size_t count) {
  std::vector<Bits> patterns;
  for (std::size_t i = 0; i < count; ++i) patterns.push_back(to_bits(values[i]));
  return widened(dtype_of<T>(), patterns);
}

/// Rows of `size` features, which are heads of the same token if that is what they are normalised
/// over.
template <class X>
void expect_reference(const std::vector<X>& x, std::size_t size, Finish finish, double eps,
                      bool weighted, Index heads = 1) {
  const auto weight = random_values<X>(weighted ? size : 0, Values::uniform, 9);
  const Index rows = static_cast<Index>(x.size() / size);
  const Index head_dim = static_cast<Index>(size) / heads;
  const rw::Shape shape{1, rows, heads, head_dim};
  rw::RmsNorm<X> norm = rw::rms_norm_torch(weighted ? weight.data() : nullptr,
                                           static_cast<Index>(weight.size()), eps);
  if (finish == Finish::round_then_weight) norm.finish = rw::NormFinish::round_then_weight;
  if (finish == Finish::one_plus_weight) norm.finish = rw::NormFinish::one_plus_weight;
  if (heads > 1) norm = norm.over_token();
  const rw::View<const float> none(nullptr, {1, rows, 1, 0});
  std::vector<X> out(x.size());
  rw::apply_strided(rw::serial, rw::View<X>(out.data(), shape), rw::View<const X>(x.data(), shape),
                    norm, rw::half_table(none, none));
  const Row weights = row_of(weight.data(), weight.size());
  const Single rounded_eps{to_bits(static_cast<float>(eps))};
  std::vector<X> wanted;
  for (std::size_t r = 0; r < x.size() / size; ++r) {
    const Row row = row_of(x.data() + r * size, size);
    const Single rstd = inverse_root(mean_of_squares(SumOrder::cpu, row, rows), rounded_eps);
    for (const Bits bits : finished(finish, dtype_of<X>(), row, rstd, weights)) {
      wanted.push_back(from_bits<X>(bits));
    }
  }
  EXPECT_TRUE(same_bits(out, wanted)) << size << " features, eps " << eps;
}

template <class T>
class NormDefinition : public testing::Test {};
using NormedDtypes = testing::Types<float, Eigen::half, Eigen::bfloat16>;
TYPED_TEST_SUITE(NormDefinition, NormedDtypes, DtypeNames);

constexpr Finish every_finish[] = {Finish::one_rounding, Finish::round_then_weight,
                                   Finish::one_plus_weight};

// Fewer features than a vector, what is left of vectors and of groups, and one level more.
TYPED_TEST(NormDefinition, EveryLength) {
  for (std::size_t size = 1; size <= 140; ++size) {
    for (const Values values : {Values::uniform, Values::special}) {
      const auto x = random_values<TypeParam>(3 * size, values, size);
      expect_reference(x, size, every_finish[size % 3], 1e-6, true);
    }
  }
  constexpr std::size_t sizes[] = {256, 511, 512, 513, 544, 1024, 1536, 2048, 3072, 5120, 6144};
  for (const std::size_t size : sizes) {
    expect_reference(random_values<TypeParam>(size, Values::uniform, size), size,
                     every_finish[size % 3], 1e-5, size % 2 == 0);
  }
}

// Sums of all four levels; 8,192 features make the third, 131,072 the fourth.
TEST(NormDefinitionOfFloat, EveryLevel) {
  constexpr std::size_t sizes[] = {8191, 8192, 8232, 16400, 131072, 140000};
  for (const std::size_t size : sizes) {
    expect_reference(random_values<float>(size, Values::uniform, size), size, Finish::one_rounding,
                     0, false);
  }
}

TYPED_TEST(NormDefinition, OverAllHeadsOfAToken) {
  expect_reference(random_values<TypeParam>(3 * 240, Values::uniform, 1), 240, Finish::one_rounding,
                   1e-6, true, 3);
  expect_reference(random_values<TypeParam>(2 * 70, Values::special, 2), 70,
                   Finish::one_plus_weight, 1e-6, true, 7);
}

// Rows of zeros are NaN where eps is 0, and zeros where it is not.
TYPED_TEST(NormDefinition, ZerosAndLargestNumbers) {
  std::vector<TypeParam> x(64);
  for (const double eps : {0.0, 0x1p-23}) {
    expect_reference(x, 64, Finish::one_rounding, eps, true);
  }
  x.assign(64, Eigen::NumTraits<TypeParam>::highest());
  for (const Finish finish : every_finish) expect_reference(x, 64, finish, 1e-6, true);
}

template <class T>
class NormDefinitionOf16Bits : public testing::Test {};
TYPED_TEST_SUITE(NormDefinitionOf16Bits, SixteenBitDtypes, DtypeNames);

// Rows of 64 patterns one after the other, so of like size.
TYPED_TEST(NormDefinitionOf16Bits, EveryValue) {
  const std::vector<TypeParam> x = every_value<TypeParam>();
  for (const Finish finish : every_finish) expect_reference(x, 64, finish, 1e-6, true);
}

}  // namespace
}  // namespace ropewalk_test
