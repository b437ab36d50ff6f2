// All 65,536 values of half and bfloat16 as x, and every tie on the way to them, in every form.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"
#include "support/ties.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;

// 512 heads of 128 pairs: every token holds every value once.
constexpr Index pairs = 128;
constexpr Index heads = 512;

/// Specials, coefficients that make products tie, and random ones.
template <class T>
std::vector<T> coefficients() {
  std::vector<T> all = special_values<T>();
  for (const double tie : {1.5, -0.75, 1.0 + 0x1p-7, 0.5 + 0x1p-10, 0x1p-9, -0x1p-14}) {
    all.push_back(static_cast<T>(tie));
  }
  const auto random = random_values<T>(64 - all.size(), Values::uniform, 5);
  all.insert(all.end(), random.begin(), random.end());
  return all;
}

/// One token for each coefficient, so that every value meets every coefficient: pair i of token t
/// has coefficient i + t as cos and another one as sin.
template <class T>
StoredTable<T> table_of(const std::vector<T>& all) {
  const Index tokens = static_cast<Index>(all.size());
  const rw::Shape shape{1, tokens, heads, 2 * pairs};
  StoredTable<T> table(Width::half, true, shape, pairs, Values::uniform, 0);
  for (Index s = 0; s < tokens; ++s) {
    for (Index i = 0; i < pairs; ++i) {
      const std::size_t at = count_of((s + i) % tokens);
      table.values[table.place_of_cos(0, s, i)] = all[at];
      table.values[table.place_of_sin(0, s, i)] = all[(at * 29 + 11) % all.size()];
    }
  }
  return table;
}

/// Every value in one feature of the pairs, its partners from the special and some random values.
template <class X>
std::vector<X> values_in_feature(std::size_t feature, std::size_t tokens) {
  std::vector<X> partners = special_values<X>();
  const auto random = random_values<X>(23, Values::any, 6);
  partners.insert(partners.end(), random.begin(), random.end());
  const auto every = every_value<X>();
  std::vector<X> x;
  x.reserve(2 * tokens * every.size());
  for (std::size_t s = 0; s < tokens; ++s) {
    for (std::size_t v = 0; v < every.size(); ++v) {
      // A prime number of partners: over the tokens, a value meets nearly all of them.
      const X pair[2] = {every[v], partners[(v * 7 + s * 13) % partners.size()]};
      x.push_back(pair[feature]);
      x.push_back(pair[1 - feature]);
    }
  }
  return x;
}

/// The same pairs, those of a row in half order.
template <class X>
std::vector<X> as_half_pairs(const std::vector<X>& interleaved) {
  constexpr std::size_t row = 2 * pairs;
  std::vector<X> x(interleaved.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i / row * row + i % row / 2 + i % 2 * pairs] = interleaved[i];
  }
  return x;
}

template <class X, class Tab>
void expect_every_value(std::size_t feature) {
  const auto all = coefficients<Tab>();
  const StoredTable<Tab> table = table_of(all);
  const rw::Shape shape{1, table.seq, heads, 2 * pairs};
  const auto x = values_in_feature<X>(feature, all.size());
  expect_every_form(x, shape, table.view(), rotated<X>(x, shape, table));

  rw::Options options;
  options.pairing = rw::Pairing::half;
  const auto x_half = as_half_pairs(x);
  expect_every_form(x_half, shape, table.view(), rotated<X>(x_half, shape, table, options),
                    options);
}

template <class Types>
class EveryValue : public testing::Test {};
using SixteenBits = testing::Types<Mix<half, half>, Mix<half, float>, Mix<bfloat16, bfloat16>,
                                   Mix<bfloat16, float>, Mix<bfloat16, double>>;
TYPED_TEST_SUITE(EveryValue, SixteenBits);

TYPED_TEST(EveryValue, AsFirstOfThePairMatchesReference) {
  expect_every_value<typename TypeParam::X, typename TypeParam::Tab>(0);
}

TYPED_TEST(EveryValue, AsSecondOfThePairMatchesReference) {
  expect_every_value<typename TypeParam::X, typename TypeParam::Tab>(1);
}

// A one with a zero, turned by (c, s), is (c, s): the table holds what is rounded to x's type.
template <class Types>
class EveryTie : public testing::Test {};
using Roundings = testing::Types<Mix<half, float>, Mix<half, double>, Mix<bfloat16, float>,
                                 Mix<bfloat16, double>>;
TYPED_TEST_SUITE(EveryTie, Roundings);

TYPED_TEST(EveryTie, RoundsToNearestEvenInEveryForm) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const auto ties = ties_and_neighbours<X, Tab>();
  const Index tokens = static_cast<Index>(ties.size()) / (2 * pairs);
  ASSERT_EQ(count_of(2 * pairs * tokens), ties.size());
  for (const Index few : {1, 2}) {  // one head alone, and heads that share a row of the table
    const rw::Shape shape{1, tokens, few, 2 * pairs};
    StoredTable<Tab> table(Width::half, true, shape, pairs, Values::uniform, 0);
    table.values = ties;
    std::vector<X> x(size_of(shape), X(0));
    for (std::size_t i = 0; i < x.size(); i += 2) x[i] = X(1);
    expect_every_form(x, shape, table.view(), rotated<X>(x, shape, table));
  }
}

}  // namespace
}  // namespace ropewalk_test
