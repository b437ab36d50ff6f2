// The fused form: x of float and double, tables of every type. The others: fused_16bit_test.cpp.
#include "ropewalk/forms/fused.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>

#include "support/fused_sweep.hpp"

namespace ropewalk_test {
namespace {

using Half = Eigen::half;
using Bfloat16 = Eigen::bfloat16;

using WideX = testing::Types<Types<float, float>, Types<float, double>, Types<float, Half>,
                             Types<float, Bfloat16>, Types<double, double>, Types<double, float>,
                             Types<double, Half>, Types<double, Bfloat16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(WideX, FusedSweep, WideX);

using PromotedOut = testing::Types<Types<Bfloat16, float, float>, Types<Half, float, float>,
                                   Types<Half, Bfloat16, float>, Types<float, double, double>,
                                   Types<Bfloat16, double, double>>;
INSTANTIATE_TYPED_TEST_SUITE_P(PromotedOut, FusedSweep, PromotedOut);

}  // namespace
}  // namespace ropewalk_test
