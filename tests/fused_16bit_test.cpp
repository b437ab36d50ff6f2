// The fused form: x of half and bfloat16, tables of every type.
#include <gtest/gtest.h>

#include <Eigen/Core>

#include "support/fused_sweep.hpp"

namespace ropewalk_test {
namespace {

using Half = Eigen::half;
using Bfloat16 = Eigen::bfloat16;

using NarrowX =
    testing::Types<Types<Half, Half>, Types<Half, float>, Types<Half, double>,
                   Types<Half, Bfloat16>, Types<Bfloat16, Bfloat16>, Types<Bfloat16, float>,
                   Types<Bfloat16, double>, Types<Bfloat16, Half>>;
INSTANTIATE_TYPED_TEST_SUITE_P(NarrowX, FusedSweep, NarrowX);

}  // namespace
}  // namespace ropewalk_test
