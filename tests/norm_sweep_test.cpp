// A norm before the rotation, the fused form against the definition: every value of 16 bits, every
// size.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "ropewalk/norm.hpp"
#include "support/bits.hpp"
#include "support/norm_problem.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::Pairing;

// Values ------------------------------------------------------------------------------------------

template <class T>
class EveryValueNormed : public testing::Test {};
using NormTypesOf16Bits =
    MixesOf<Mix<half, half>, Mix<half, float>, Mix<bfloat16, bfloat16>, Mix<bfloat16, float>>;
TYPED_TEST_SUITE(EveryValueNormed, NormTypesOf16Bits);

/// All values of a type, in rows of neighbours, which are alike, or of every 129th pattern: so
/// bfloat16's go up by an exponent each, half's by an eighth of one.
template <class X>
std::vector<X> every_value_apart(std::size_t step) {
  const std::vector<X> values = every_value<X>();
  std::vector<X> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    result.push_back(values[i * step % values.size()]);
  }
  return result;
}

// Rows that a kernel turns as it normalises them, by head and by token, and rows that two kernels
// share, whose last features do not turn.
TYPED_TEST(EveryValueNormed, InRowsOfLikeAndOfFarValues) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  struct Rows {
    Index head_dim, pairs;
    bool over_token;
  };
  for (const Rows& rows :
       {Rows{64, 32, false}, Rows{128, 64, false}, Rows{128, 16, false}, Rows{64, 32, true}}) {
    const rw::Shape shape{1, 65536 / (4 * rows.head_dim), 4, rows.head_dim};
    for (const std::size_t step : {std::size_t{1}, std::size_t{129}}) {
      for (Index finish = 0; finish < 3; ++finish) {
        Problem<X, W> problem(shape, rows.over_token, finish_of<X, W>(finish), rows.pairs,
                              Place::dense, Values::uniform);
        problem.x = every_value_apart<X>(step);
        for (const double eps : {0.0, 1e-6}) {
          problem.norm.eps = eps;
          for (const Pairing pairing : {Pairing::interleaved, Pairing::half}) {
            SCOPED_TRACE(testing::Message()
                         << "head_dim " << rows.head_dim << ", pairs " << rows.pairs
                         << ", over token " << rows.over_token << ", step " << step << ", finish "
                         << finish << ", eps " << eps << ", pairing " << static_cast<int>(pairing));
            problem.expect_defined(pairing);
          }
        }
      }
    }
  }
}

// Sizes -------------------------------------------------------------------------------------------

/// The fused form on every instruction set: once, in the way whose turn it is.
template <class X, class W>
void expect_defined_once(const Problem<X, W>& problem, Index turn) {
  const rw::Options options(pairings[turn % 3]);
  const auto table = problem.table();
  const std::vector<X> wanted = problem.defined(table, options);
  for (const rw::Isa isa : rw::available_isas()) {
    const bool in_place = options.pairing != Pairing::interleaved_to_half && turn % 2 == 0;
    const rw::Stores stores = turn % 4 < 2 ? rw::Stores::cached : rw::Stores::nontemporal;
    const std::vector<X> out = in_place ? problem.fused_in_place(table, options, {stores, isa})
                                        : problem.fused(table, options, {stores, isa});
    EXPECT_TRUE(same_bits(out, wanted)) << rw::isa_name(isa);
    ++turn;
  }
}

template <class T>
class NormOfEverySize : public testing::Test {};
TYPED_TEST_SUITE(NormOfEverySize, AllNormTypes);

// What a size is done with is drawn: whatever goes round would do so with the registers' sizes.
TYPED_TEST(NormOfEverySize, OfAHead) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  Random random(1);
  for (Index size = 1; size <= 2048; ++size) {
    const auto turn = static_cast<Index>(random.below(12));
    const bool weighted = random.below(8) != 0;
    const Place place = places[random.below(3)];
    SCOPED_TRACE(testing::Message() << "head_dim " << size << ", turn " << turn << ", weighted "
                                    << weighted << ", place " << static_cast<int>(place));
    const Index pairs = size % 2 != 0 ? 0 : random.below(4) == 0 ? size / 4 : size / 2;
    const auto finish = finish_of<X, W>(static_cast<Index>(random.below(3)), weighted);
    expect_defined_once(
        Problem<X, W>({1, 1, 3, size}, false, finish, pairs, place, Values::uniform, weighted),
        turn);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(NormOfEverySize, OfAToken) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  Random random(2);
  for (Index size = 2; size <= 2048; ++size) {
    Index heads = 2 + static_cast<Index>(random.below(32));
    while (size % heads != 0) heads = heads < size ? heads + 1 : 2;
    const auto turn = static_cast<Index>(random.below(12));
    const bool weighted = random.below(8) != 0;
    const Place place = places[random.below(3)];
    SCOPED_TRACE(testing::Message()
                 << heads << " heads of " << size / heads << ", turn " << turn << ", weighted "
                 << weighted << ", place " << static_cast<int>(place));
    const Index pairs = size / heads % 2 != 0 ? 0 : size / heads / 2;
    const auto finish = finish_of<X, W>(static_cast<Index>(random.below(3)), weighted);
    expect_defined_once(Problem<X, W>({1, 1, heads, size / heads}, true, finish, pairs, place,
                                      Values::uniform, weighted),
                        turn);
    if (this->HasFailure()) return;
  }
}

}  // namespace
}  // namespace ropewalk_test
