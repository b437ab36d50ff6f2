// The fused form: x of half and bfloat16, tables of every type.
#include <gtest/gtest.h>

#include <Eigen/Core>

#include "support/fused_sweep.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

using Half = Eigen::half;
using Bfloat16 = Eigen::bfloat16;

using NarrowX = MixesOf<Mix<Half, Half>, Mix<Half, float>, Mix<Half, double>, Mix<Half, Bfloat16>,
                        Mix<Bfloat16, Bfloat16>, Mix<Bfloat16, float>, Mix<Bfloat16, double>,
                        Mix<Bfloat16, Half>>;
INSTANTIATE_TYPED_TEST_SUITE_P(NarrowX, FusedSweep, NarrowX);

}  // namespace
}  // namespace ropewalk_test
