// The checks of one token at once, against those of any call.
#include "ropewalk/call/one_token.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "ropewalk/base/readers.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/cpu/run.hpp"
#include "ropewalk/cpu/token.hpp"
#include "support/error_of.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;
using rw::detail::RawTable;
using rw::detail::RawView;

/// Addresses for tensors and tables, none of which is ever read, and ids, which are.
alignas(8) std::int32_t block[256];

/// A call of one token, in place or not.
struct Call {
  const RawView& written() const { return in_place ? x : out; }

  RawView x, out;
  RawTable table;
  bool in_place;
};

class Calls {
 public:
  /// Mostly of nothing wrong; tensors, coefficients and ids are near to one another or meet.
  Call draw() {
    const Index heads = below(3) + 1, head_dim = 2 * (below(3) + 1);
    const auto view = [&] {
      return RawView{
          address(), {1, 1, heads, head_dim}, {below(3), below(9), strided(head_dim)}, 4};
    };
    const rw::CoefficientReader<float> cos{address(), below(3), false}, sin{address(), 1, false};
    const bool is_rotation = below(2) == 0;
    rw::PairReaders<float> readers{cos, cos, sin, sin};
    if (!is_rotation) readers = {cos, reader(), sin, reader()};
    const rw::TableShape of_table{1, 1, below(2) == 0 ? 1 : heads, below(head_dim / 2) + 1};
    const rw::Strides strides{below(9), below(9), of_table.heads == 1 ? 0 : below(9)};
    Call call{view(), view(), {readers, of_table, strides}, below(2) == 0};
    if (below(3) == 0) {
      std::int32_t* id = block + 112 + below(32);
      *id = static_cast<std::int32_t>(below(4));
      const auto of = below(2) == 0 ? rw::detail::IdsOf::tokens : rw::detail::IdsOf::samples;
      call.table.ids = {id, of, below(2), below(5)};
    }
    return call;
  }

  /// The same but for one number or pointer.
  void change(Call& call) {
    constexpr Index least = std::numeric_limits<Index>::min();
    constexpr Index most = std::numeric_limits<Index>::max();
    constexpr Index values[] = {least,
                                -1,
                                0,
                                1,
                                2,
                                3,
                                4,
                                1 << 19,
                                1 << 20,
                                1 << 21,
                                Index{1} << 35,
                                (Index{1} << 36) - 1,
                                Index{1} << 36,
                                Index{1} << 60,
                                most};
    RawView &x = call.x, &out = call.out;
    RawTable& table = call.table;
    Index* const numbers[] = {
        &x.shape.batch,       &x.shape.seq,        &x.shape.heads,       &x.shape.head_dim,
        &x.strides.batch,     &x.strides.seq,      &x.strides.heads,     &out.shape.batch,
        &out.shape.seq,       &out.shape.heads,    &out.shape.head_dim,  &out.strides.batch,
        &out.strides.seq,     &out.strides.heads,  &table.shape.batch,   &table.shape.seq,
        &table.shape.heads,   &table.shape.pairs,  &table.strides.batch, &table.strides.seq,
        &table.strides.heads, &table.cos_a.stride, &table.cos_b.stride,  &table.sin_a.stride,
        &table.sin_b.stride};
    const void** const pointers[] = {&x.data,           &out.data,         &table.cos_a.data,
                                     &table.cos_b.data, &table.sin_a.data, &table.sin_b.data};
    const auto value = [&] { return one_of(values); };
    switch (below(8)) {
      case 0:
        *one_of(pointers) = nullptr;
        break;
      case 1:
        table.ids = {static_cast<int*>(nullptr), rw::detail::IdsOf::tokens, 0, 1};
        break;
      case 2:
        wide_id_ = value();
        table.ids = {&wide_id_, rw::detail::IdsOf::tokens, 0, value()};
        break;
      case 3:
        if (table.ids) table.ids.set_first(value());
        break;
      case 4:
        if (table.ids) table.ids.set_left(value());
        break;
      default:
        *one_of(numbers) = value();
    }
    table.settle_readers();
  }

 private:
  Index below(Index count) {
    return static_cast<Index>(random_() % static_cast<std::uint64_t>(count));
  }
  template <class T, std::size_t Count>
  T one_of(T (&of)[Count]) {
    return of[below(static_cast<Index>(Count))];
  }
  const float* address() { return reinterpret_cast<const float*>(block) + 112 + below(32); }
  rw::CoefficientReader<float> reader() { return {address(), below(3), below(4) == 0}; }
  Index strided(Index head_dim) { return head_dim + below(4) - 1; }

  std::mt19937_64 random_{1};
  Index wide_id_ = 0;
};

std::string error_in(const Call& call) {
  const rw::detail::Names names("call", "x", call.in_place ? nullptr : "out");
  return error_of([&] {
    const bool any = rw::detail::check_arguments(names, call.written(), call.x, call.table,
                                                 rw::detail::InPlace::allowed);
    if (!any) throw std::invalid_argument("nothing to do");
  });
}

constexpr rw::detail::Kernels kernels{nullptr, nullptr, true, 0};

bool is_taken(const Call& call, rw::detail::RowBatch& rows) {
  return rw::detail::rows_of_token(rows, call.written(), call.x, call.table, kernels);
}

// What is taken at once passes every check, and its token is not one to leave.
TEST(OneToken, IsTakenOnlyIfNothingIsWrong) {
  Calls calls;
  int taken = 0;
  for (int i = 0; i < 1000000; ++i) {
    Call call = calls.draw();
    for (int changes = 0; changes <= i % 3; ++changes) calls.change(call);
    rw::detail::RowBatch rows;
    if (!is_taken(call, rows)) continue;
    ++taken;
    ASSERT_EQ(error_in(call), "") << i;
    ASSERT_FALSE(call.table.ids && call.table.ids.leaves(0, 0)) << i;
  }
  EXPECT_GT(taken, 10000);
}

// Without large numbers all are taken of which nothing is wrong, but for an out that is among the
// heads of x.
TEST(OneToken, IsTakenIfNothingIsWrong) {
  Calls calls;
  for (int i = 0; i < 100000; ++i) {
    const Call call = calls.draw();
    rw::detail::RowBatch rows;
    const bool nests = !call.in_place && overlap(span_of(call.out), span_of(call.x));
    ASSERT_EQ(is_taken(call, rows), !nests && error_in(call).empty()) << i << error_in(call);
  }
}

// Of more than the caches hold out is stored past them, which is for jobs.
TEST(OneToken, IsNotTakenIfItExceedsTheCaches) {
  constexpr Index heads = 1 << 19, head_dim = 1 << 10;
  const rw::Shape shape{1, 1, heads, head_dim};
  const RawView x{block, shape, {0, 0, head_dim}, 4};
  RawView out = x;
  out.data = reinterpret_cast<const void*>(span_of(x).end);
  const rw::CoefficientReader<float> cos{reinterpret_cast<const float*>(span_of(out).end)};
  const rw::PairReaders<float> readers{cos, cos, cos, cos};
  const RawTable table(readers, {1, 1, 1, head_dim / 2}, {});
  rw::detail::RowBatch rows;
  EXPECT_TRUE(is_taken({x, x, table, true}, rows));
  EXPECT_FALSE(is_taken({x, out, table, false}, rows));
}

// Its rows are those that a job of any number of tokens has for its first.
TEST(OneToken, HasTheRowsOfAJob) {
  Calls calls;
  int taken = 0;
  for (int i = 0; i < 100000; ++i) {
    const Call call = calls.draw();
    rw::detail::RowBatch rows;
    if (!is_taken(call, rows)) continue;
    rw::detail::Job job;
    job.out = &call.written();
    job.x = &call.x;
    job.table = &call.table;
    settle(job, kernels, rw::Stores::automatic);
    const rw::detail::RowLayout &layout = rows.layout, &wanted = job.rows.layout;
    ASSERT_EQ(layout.pairs, wanted.pairs);
    ASSERT_EQ(layout.rest, wanted.rest);
    ASSERT_EQ(layout.x_stride, wanted.x_stride);
    ASSERT_EQ(layout.out_stride, wanted.out_stride);
    ASSERT_EQ(layout.table_stride, wanted.table_stride);
    ASSERT_EQ(layout.reads_table, wanted.reads_table);
    ASSERT_EQ(layout.widen, wanted.widen);
    ASSERT_EQ(layout.is_wide, wanted.is_wide);
    ASSERT_EQ(rows.table_offset, table_offset(job, 0, 0, 0));
    ASSERT_EQ(rows.x, job.rows.x);
    ASSERT_EQ(rows.out, job.rows.out);
    ASSERT_EQ(rows.rows, job.rows.rows);
    ASSERT_EQ(rows.table, job.rows.table);
    ++taken;
  }
  EXPECT_GT(taken, 10000);
}

}  // namespace
}  // namespace ropewalk_test
