// The fused form: x of float and double, tables of every type. The others: fused_16bit_test.cpp.
#include "ropewalk/cpu/fused.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>

#include "support/fused_sweep.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

using Half = Eigen::half;
using Bfloat16 = Eigen::bfloat16;

using WideX =
    MixesOf<Mix<float, float>, Mix<float, double>, Mix<float, Half>, Mix<float, Bfloat16>,
            Mix<double, double>, Mix<double, float>, Mix<double, Half>, Mix<double, Bfloat16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(WideX, FusedSweep, WideX);

using PromotedOut =
    MixesOf<Mix<Bfloat16, float, float>, Mix<Half, float, float>, Mix<Half, Bfloat16, float>,
            Mix<float, double, double>, Mix<Bfloat16, double, double>>;
INSTANTIATE_TYPED_TEST_SUITE_P(PromotedOut, FusedSweep, PromotedOut);

}  // namespace
}  // namespace ropewalk_test
