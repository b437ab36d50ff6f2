// bfloat16 by tables of bfloat16, where all numbers are far from the ends of float's range.
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

/// bfloat16s far from the ends of float's range, of exponents from 2^lowest on: rows of such
/// numbers have a way of their own, which specials among them would hide.
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

// Every bfloat16 as a coefficient beside a usual one, for two heads that share the row of a token
// and for two with a row each; the last features reach beyond what is usual at either end.
TEST(Bfloat16Products, OfEveryCoefficientMatchReference) {
  constexpr Index tokens = 512;
  const auto every = every_value<bfloat16>();
  const auto others = usual_numbers(every.size(), -66, 133, 3);
  for (const bool shared : {true, false}) {
    const Index seq = shared ? tokens : tokens / 2, table_heads = shared ? 1 : 2;
    const rw::Shape shape{1, seq, 2, 2 * pairs}, rows{1, seq, table_heads, pairs};
    auto x = usual_numbers(size_of(shape), -31, 64, 4);
    const auto beyond = usual_numbers(x.size() / 4, -33, 68, 5);
    std::copy(beyond.begin(), beyond.end(), x.end() - static_cast<std::ptrdiff_t>(beyond.size()));
    for (const bool as_cos : {true, false}) {
      const auto& cos = as_cos ? every : others;
      const auto& sin = as_cos ? others : every;
      const auto table = rw::half_table(rw::View<const bfloat16>(cos.data(), rows),
                                        rw::View<const bfloat16>(sin.data(), rows));
      const auto at = [&](Index, Index s, Index h, Index i) {
        const std::size_t entry = count_of((s * table_heads + (shared ? 0 : h)) * pairs + i);
        return Coefficients<bfloat16>{cos[entry], cos[entry], sin[entry], sin[entry]};
      };
      for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
        const rw::Options options(pairing);
        expect_every_form(x, shape, table, rotated<bfloat16>(x, shape, pairs, at, options),
                          options);
      }
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
