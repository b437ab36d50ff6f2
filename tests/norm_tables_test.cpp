// A norm before the rotation by tables of every type and layout: the fused form against the
// definition.
#include <gtest/gtest.h>

#include <Eigen/Core>

#include "ropewalk/norm.hpp"
#include "support/bits.hpp"
#include "support/norm_problem.hpp"
#include "support/reader_tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Pairing;

template <class T>
class NormByTables : public testing::Test {};
using NormMixes = MixesOf<Mix<float, double>, Mix<float, float>, Mix<float, half>,
                          Mix<float, bfloat16>, Mix<half, double>, Mix<half, float>,
                          Mix<half, half>, Mix<half, bfloat16>, Mix<bfloat16, double>,
                          Mix<bfloat16, float>, Mix<bfloat16, half>, Mix<bfloat16, bfloat16>>;
TYPED_TEST_SUITE(NormByTables, NormMixes, MixNames);

// Rows of a token and of a head, rotations and other matrices; of all features and of the first.
TYPED_TEST(NormByTables, OfEveryTypeAndLayout) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  Random random(3);
  for (const Layout layout :
       {Layout::half, Layout::packed, Layout::complex, Layout::four, Layout::matrix, Layout::one}) {
    for (const Index head_dim : {12, 80, 128}) {
      for (const Index pairs : {head_dim / 2, head_dim / 4}) {
        for (const Pairing pairing : pairings) {
          for (const bool over_token : {false, true}) {
            const bool per_head = random.below(4) == 0;
            const auto compute = random.below(4) == 0 ? rw::Compute::wide : rw::Compute::promoted;
            const Values values = random.below(4) == 0 ? Values::special : Values::uniform;
            const Place place = places[random.below(3)];
            SCOPED_TRACE(testing::Message()
                         << "layout " << static_cast<int>(layout) << ", head_dim " << head_dim
                         << ", pairs " << pairs << ", pairing " << static_cast<int>(pairing)
                         << ", over token " << over_token << ", per head " << per_head);
            const rw::TableShape rows{1, 3, per_head ? 4 : 1, pairs};
            const auto turns = random_values<Tab>(count_of(table_size(layout, rows)), values, 5);
            for (const rw::NormFinish finish : finishes) {
              Problem<X, X>({1, 3, 4, head_dim}, over_token, finish, pairs, place, values)
                  .expect_defined(table_over(turns.data(), layout, rows),
                                  rw::Options(pairing, compute));
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
