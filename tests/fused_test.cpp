// The fused form: x of float and double, tables of every type. The others: fused_16bit_test.cpp.
#include "ropewalk/cpu/fused.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <numeric>
#include <vector>

#include "ropewalk/cpu/past_caches.hpp"
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

struct Batches {
  rw::Stores stores = rw::Stores::cached;
  rw::detail::Normed normed = rw::detail::Normed::no;

  /// How many rows each has that the kernel is given, of x and of an out apart from it if stores
  /// are nontemporal.
  std::vector<Index> operator()(const rw::Shape& shape, const rw::Strides& strides) const {
    static std::vector<Index> rows;
    rows.clear();
    const rw::detail::Kernels counted{
        [](const rw::detail::RowBatch& batch) { rows.push_back(batch.rows); }, nullptr, true, 0};
    std::vector<float> values(size_of(shape), 1.0f), others(size_of(shape));
    const rw::Table<float> table({1, shape.seq, 1, shape.head_dim / 2});
    const rw::View<float> x(values.data(), shape, strides), out(others.data(), shape, strides);
    const rw::TableView<float> view = table.view();
    rw::detail::Job job;
    job.x = &static_cast<const rw::detail::RawView&>(x);
    job.out = stores == rw::Stores::cached ? job.x : &static_cast<const rw::detail::RawView&>(out);
    job.table = &static_cast<const rw::detail::RawTable&>(view);
    job.slots = nullptr;
    rw::detail::settle(job, counted, stores, normed);
    rw::detail::run(&job, &job + 1, 0, shape.batch * shape.seq);
    return rows;
  }
};

// A decode step's heads stand side by side, however far apart tokens would be; of
// [batch, heads, seq, head_dim] some go together, of long rows four.
TEST(RowBatches, HaveAllHeadsOfATokenUnlessTheyAreFarApart) {
  const Batches rows_of;
  EXPECT_EQ(rows_of({1, 1, 10, 4096}, {40960, 40960, 4096}), std::vector<Index>{10});
  EXPECT_EQ(rows_of({3, 1, 10, 4096}, {40960, 8, 4096}), (std::vector<Index>{10, 10, 10}));
  EXPECT_EQ(rows_of({1, 2, 40, 8}, {640, 320, 8}), (std::vector<Index>{40, 40}));
  EXPECT_EQ(rows_of({1, 2, 10, 4096}, {81920, 4096, 8192}), (std::vector<Index>{4, 4, 4, 4, 2, 2}));
}

// Of 4 KiB, eight rows at least if 16 KiB have room for them, and of whole lines.
TEST(RowBatches, AreFewPastTheCaches) {
  const auto rows_of = [](Index heads, Index head_dim,
                          rw::detail::Normed normed = rw::detail::Normed::no) {
    return Batches{rw::Stores::nontemporal, normed}({1, 1, heads, head_dim},
                                                    {heads * head_dim, heads * head_dim, head_dim});
  };
  using Rows = std::vector<Index>;
  const auto expected = [](const Rows& rows) {
    return rw::detail::has_nontemporal_stores
               ? rows
               : Rows{std::accumulate(rows.begin(), rows.end(), Index{0})};
  };
  EXPECT_EQ(rows_of(20, 128), expected({8, 8, 4}));
  EXPECT_EQ(rows_of(120, 20), expected({48, 48, 24}));
  EXPECT_EQ(rows_of(20, 256), expected({8, 8, 4}));
  EXPECT_EQ(rows_of(20, 1024), expected({4, 4, 4, 4, 4}));
  EXPECT_EQ(rows_of(20, 128, rw::detail::Normed::over_token), Rows{20});
}

}  // namespace
}  // namespace ropewalk_test
