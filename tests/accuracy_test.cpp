// Accuracy: how far tables and rotations are from exact ones, computed with 113 bits.
//
// The numbers that bench/README.md states are printed by these tests and are bounds in them.
#include <gtest/gtest.h>

#if defined(__x86_64__) && !defined(__clang__) && __has_include(<quadmath.h>)
#include <quadmath.h>
#define ROPEWALK_TESTS_HAVE_QUAD 1
#else
#define ROPEWALK_TESTS_HAVE_QUAD 0
#endif

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"

namespace ropewalk_test {
namespace {

#if ROPEWALK_TESTS_HAVE_QUAD

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
__extension__ typedef __float128 Quad;

constexpr Index pairs = 64;
constexpr double theta = 1e4;

Quad exact_frequency(Index pair) {
  return powq(theta, -static_cast<Quad>(pair) / static_cast<Quad>(pairs));
}

struct Error {
  double largest = 0, mean = 0;
};

template <class Each>
Error error_over(Index count, const Each& each) {
  Error error;
  for (Index i = 0; i < count; ++i) {
    const double one = each(i);
    error.largest = std::max(error.largest, one);
    error.mean += one / static_cast<double>(count);
  }
  return error;
}

// Tables ------------------------------------------------------------------------------------------

/// Of cos and sin in a table of float, in units of 2^-24: half of one is what rounding costs.
Error table_error(rw::AngleSteps steps, double first) {
  constexpr Index tokens = 512;
  const rw::Table<float> table =
      rw::make_table(rw::sequence_positions(tokens, first),
                     rw::frequencies(2 * pairs, theta, {}, {0, steps}), steps);
  return error_over(tokens * pairs, [&](Index at) {
    const Index s = at / pairs, i = at % pairs;
    const Quad angle = (static_cast<Quad>(first) + static_cast<Quad>(s)) * exact_frequency(i);
    const Quad of_cos = fabsq(table.cos(0, s)[i] - cosq(angle));
    const Quad of_sin = fabsq(table.sin(0, s)[i] - sinq(angle));
    return static_cast<double>(std::max(of_cos, of_sin) * 0x1p24);
  });
}

struct TableBound {
  double first;
  double largest[3];  // of double steps, float angles of double frequencies, float steps
};

// Steps in double keep half an ulp at any position that occurs; float angles lose as many bits as
// the position has.
TEST(Accuracy, OfTables) {
  constexpr rw::AngleSteps steps[] = {rw::AngleSteps::f64, rw::AngleSteps::f32_angles,
                                      rw::AngleSteps::f32};
  const TableBound bounds[] = {{0, {0.51, 260, 500}},
                               {32768 - 512, {0.51, 17000, 33000}},
                               {1048576 - 512, {0.51, 530000, 1100000}}};
  for (const TableBound& bound : bounds) {
    std::printf("note: accuracy: table, positions to %7.0f, in 2^-24:", bound.first + 512);
    for (int k = 0; k < 3; ++k) {
      const Error error = table_error(steps[k], bound.first);
      std::printf("  %.4g (mean %.3g)", error.largest, error.mean);
      EXPECT_LE(error.largest, bound.largest[k]);
      EXPECT_GE(error.largest, bound.largest[k] / 2) << "bench/README.md says worse than it is";
    }
    std::printf("\n");
  }
}

// Rotations ---------------------------------------------------------------------------------------

/// Of rotated features, in ulps that x's type has at the length of the pair: an element that
/// cancels has no ulp of its own to be measured in.
template <class X, class Tab>
Error rotation_error(rw::Compute compute) {
  constexpr Index tokens = 1000;
  const rw::Shape shape{1, tokens, 16, 2 * pairs};
  const auto x = random_values<X>(size_of(shape), Values::uniform, 1);
  std::vector<X> out(x.size());
  const rw::Table<Tab> table =
      rw::make_table<Tab>(rw::sequence_positions(tokens), rw::frequencies(2 * pairs, theta));
  rw::Options options;
  options.compute = compute;
  apply_definition(rw::View<X>(out.data(), shape), rw::View<const X>(x.data(), shape), table.view(),
                   options);
  std::vector<Quad> cos, sin;
  for (Index s = 0; s < tokens; ++s) {
    for (Index i = 0; i < pairs; ++i) {
      cos.push_back(cosq(static_cast<Quad>(s) * exact_frequency(i)));
      sin.push_back(sinq(static_cast<Quad>(s) * exact_frequency(i)));
    }
  }
  const auto number = [](X value) { return static_cast<double>(value); };
  return error_over(static_cast<Index>(x.size()) / 2, [&](Index pair) {
    const std::size_t at = count_of(pair);
    const std::size_t entry = at / pairs / 16 * pairs + at % pairs;
    const double a = number(x[2 * at]), b = number(x[2 * at + 1]);
    const double length = std::hypot(a, b);
    if (length == 0) return 0.0;
    const double ulp = std::ldexp(1.0, std::ilogb(length) - std::numeric_limits<X>::digits + 1);
    const Quad of_a = fabsq(number(out[2 * at]) - (a * cos[entry] - b * sin[entry]));
    const Quad of_b = fabsq(number(out[2 * at + 1]) - (b * cos[entry] + a * sin[entry]));
    return static_cast<double>(std::max(of_a, of_b) / ulp);
  });
}

template <class X, class Tab>
void expect_rotation(const char* what, rw::Compute compute, double bound) {
  const Error error = rotation_error<X, Tab>(compute);
  std::printf("note: accuracy: %s, in ulps: %.3f (mean %.3f)\n", what, error.largest, error.mean);
  EXPECT_LE(error.largest, bound) << what;
  EXPECT_GE(error.largest, bound / 2) << what << ": bench/README.md says worse than it is";
}

TEST(Accuracy, OfRotations) {
  constexpr auto promoted = rw::Compute::promoted, wide = rw::Compute::wide;
  // Its table is what is wrong: angles to 1000 have an ulp of double of their own.
  expect_rotation<double, double>("f64, f64 table", promoted, 1000);
  expect_rotation<float, float>("f32, f32 table", promoted, 2);
  expect_rotation<half, float>("f16, f32 table", promoted, 0.51);
  expect_rotation<half, half>("f16, f16 table", promoted, 2);
  expect_rotation<half, half>("f16, f16 table, wide", wide, 1.2);
  expect_rotation<bfloat16, float>("bf16, f32 table", promoted, 0.51);
  expect_rotation<bfloat16, bfloat16>("bf16, bf16 table", promoted, 2);
  expect_rotation<bfloat16, bfloat16>("bf16, bf16 table, wide", wide, 1.2);
}

#else

TEST(Accuracy, OfTablesAndRotations) { GTEST_SKIP() << "needs the libquadmath of g++ for x86-64"; }

#endif

}  // namespace
}  // namespace ropewalk_test
