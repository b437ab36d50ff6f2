// bfloat16 by tables of bfloat16, without the specials that send whole steps the exact way.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/rotated.hpp"
#include "support/tables.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;

constexpr Index pairs = 128;

/// bfloat16s of so many exponents from 2^lowest on: rows of such numbers have a way of their own,
/// which specials among them would hide.
std::vector<bfloat16> usual_numbers(std::size_t count, int lowest, int exponents,
                                    std::uint64_t seed) {
  std::vector<bfloat16> numbers;
  for (const bfloat16 any : random_values<bfloat16>(count, Values::any, seed)) {
    const Bits bits = to_bits(any);
    const auto exponent =
        static_cast<Bits>(127 + lowest) + (bits >> 7 & 0xff) % static_cast<Bits>(exponents);
    numbers.push_back(from_bits<bfloat16>((bits & 0x807f) | exponent << 7));
  }
  return numbers;
}

/// Turns x, two heads, by coefficients of bfloat16 in every form, for heads that share the row of a
/// token and for heads with a row each.
void expect_products(const std::vector<bfloat16>& x, const std::vector<bfloat16>& cos,
                     const std::vector<bfloat16>& sin) {
  const Index rows_of_table = static_cast<Index>(cos.size()) / pairs;
  for (const bool shared : {true, false}) {
    const Index seq = shared ? rows_of_table : rows_of_table / 2, table_heads = shared ? 1 : 2;
    const rw::Shape shape{1, seq, 2, 2 * pairs}, rows{1, seq, table_heads, pairs};
    const std::vector<bfloat16> features(x.end() - static_cast<std::ptrdiff_t>(size_of(shape)),
                                         x.end());
    const auto table = rw::half_table(rw::View<const bfloat16>(cos.data(), rows),
                                      rw::View<const bfloat16>(sin.data(), rows));
    const auto at = [&](Index, Index s, Index h, Index i) {
      const std::size_t entry = count_of((s * table_heads + (shared ? 0 : h)) * pairs + i);
      return Coefficients<bfloat16>{cos[entry], cos[entry], sin[entry], sin[entry]};
    };
    for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
      const rw::Options options(pairing);
      expect_every_form(features, shape, table,
                        rotated<bfloat16>(features, shape, pairs, at, options), options);
    }
  }
}

// Every bfloat16 as a coefficient beside a usual one; the last features reach beyond what is usual
// at either end.
TEST(Bfloat16Products, OfEveryCoefficientMatchReference) {
  const auto every = every_value<bfloat16>();
  const auto others = usual_numbers(every.size(), -66, 133, 3);
  auto x = usual_numbers(4 * every.size(), -31, 64, 4);
  const auto beyond = usual_numbers(x.size() / 8, -33, 68, 5);
  std::copy(beyond.begin(), beyond.end(), x.end() - static_cast<std::ptrdiff_t>(beyond.size()));
  expect_products(x, every, others);
  expect_products(x, others, every);
}

// Products on both sides of the least normal number, 2^-126, and of zeros of either sign: of both
// sums of a pair, and of the second alone.
TEST(Bfloat16Products, OfSmallNumbersMatchReference) {
  constexpr std::size_t count = 128 * pairs;
  const auto small = usual_numbers(count, -84, 40, 7);
  auto x = usual_numbers(4 * count, -66, 24, 6);
  for (std::size_t i = 0; i < x.size(); i += 97) x[i] = bfloat16(i % 2 == 0 ? 0.0f : -0.0f);
  expect_products(x, usual_numbers(count, -84, 40, 8), small);
  auto partners = usual_numbers(4 * count, -66, 24, 9);
  for (std::size_t i = pairs + 1; i < x.size(); i += 2 * pairs) partners[i] = bfloat16(0.0f);
  expect_products(partners, usual_numbers(count, -10, 20, 10), small);
}

// Products, and sums of products, on both sides of the greatest number.
TEST(Bfloat16Products, OfLargeNumbersMatchReference) {
  constexpr std::size_t count = 128 * pairs;
  const auto x = usual_numbers(4 * count, 40, 24, 11);
  expect_products(x, usual_numbers(count, 62, 5, 12), usual_numbers(count, 62, 5, 13));
}

}  // namespace
}  // namespace ropewalk_test
