// The fused form: x of float and double, tables of every type. The others: fused_16bit_test.cpp.
#include "ropewalk/cpu/fused.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <vector>

#include "support/fused_sweep.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;
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

// A decode step's heads stand side by side, however far apart tokens would be; of
// [batch, heads, seq, head_dim] some go together, of long rows four.
TEST(RowBatches, HaveAllHeadsOfATokenUnlessTheyAreFarApart) {
  static std::vector<Index> batches;
  const rw::detail::Kernels counted{
      [](const rw::detail::RowBatch& batch) { batches.push_back(batch.rows); }, nullptr, true, 0};
  const auto rows_of = [&](const rw::Shape& shape, const rw::Strides& strides) {
    batches.clear();
    std::vector<float> values(size_of(shape), 1.0f);
    const rw::Table<float> table({1, shape.seq, 1, shape.head_dim / 2});
    const rw::View<float> x(values.data(), shape, strides);
    const rw::TableView<float> view = table.view();
    rw::detail::Job job;
    job.out = job.x = &static_cast<const rw::detail::RawView&>(x);
    job.table = &static_cast<const rw::detail::RawTable&>(view);
    job.slots = nullptr;
    rw::detail::settle(job, counted, rw::Stores::cached);
    rw::detail::run(&job, &job + 1, 0, shape.batch * shape.seq);
    return batches;
  };
  EXPECT_EQ(rows_of({1, 1, 10, 4096}, {40960, 40960, 4096}), std::vector<Index>{10});
  EXPECT_EQ(rows_of({3, 1, 10, 4096}, {40960, 8, 4096}), (std::vector<Index>{10, 10, 10}));
  EXPECT_EQ(rows_of({1, 2, 40, 8}, {640, 320, 8}), (std::vector<Index>{40, 40}));
  EXPECT_EQ(rows_of({1, 2, 10, 4096}, {81920, 4096, 8192}), (std::vector<Index>{4, 4, 4, 4, 2, 2}));
}

}  // namespace
}  // namespace ropewalk_test
