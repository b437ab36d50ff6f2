// Errors of every form: what is refused, in which words, and that nothing is written first.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/error_of.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_test::error_of;
using rw::Index;

constexpr rw::Shape shape{2, 3, 4, 8};
constexpr Index pairs = 4;
constexpr Index size = 2 * 3 * 4 * 8;
constexpr Index most = std::numeric_limits<Index>::max();

/// The arguments of a call, as parts that a test can spoil; x, out and cos, sin [batch, seq, pairs]
/// lie in this order in one block of memory.
struct Call {
  std::vector<float> memory = std::vector<float>(3 * size, 7.0f);
  float* x = memory.data();
  float* out = memory.data() + size;
  rw::Shape x_shape = shape, out_shape = shape;
  rw::Strides x_strides = rw::detail::contiguous_strides(shape);
  rw::Strides out_strides = rw::detail::contiguous_strides(shape);
  rw::PairReaders<float> readers = {{memory.data() + 2 * size, 1},
                                    {memory.data() + 2 * size, 1},
                                    {memory.data() + 2 * size + 2 * 3 * pairs, 1},
                                    {memory.data() + 2 * size + 2 * 3 * pairs, 1}};
  rw::TableShape table_shape = {2, 3, 1, pairs};
  rw::Strides table_strides = {3 * pairs, pairs, 0};

  rw::View<float> x_view() const { return {x, x_shape, x_strides}; }
  rw::View<float> out_view() const { return {out, out_shape, out_strides}; }
  rw::TableView<float> table() const {
    return {readers, table_shape, table_strides.batch, table_strides.seq, table_strides.heads};
  }
};

using Function = void (*)(const Call&);
struct Named {
  const char* name;
  Function function;
};

void call_strided(const Call& c) {
  rw::apply_strided(Eigen::DefaultDevice{}, c.out_view(), c.x_view(), c.table());
}
void call_stack_flatten(const Call& c) {
  rw::apply_stack_flatten(Eigen::DefaultDevice{}, c.out_view(), c.x_view(), c.table());
}
void call_apply(const Call& c) {
  rw::apply(Eigen::DefaultDevice{}, c.out_view(), c.x_view(), c.table());
}
void call_inplace(const Call& c) {
  rw::apply_inplace(Eigen::DefaultDevice{}, c.x_view(), c.table());
}

constexpr Named readable[] = {{"apply_strided", call_strided},
                              {"apply_stack_flatten", call_stack_flatten}};
constexpr Named fused = {"apply", call_apply};
constexpr Named inplace = {"apply_inplace", call_inplace};

using Spoil = std::function<void(Call&)>;

/// `named` refuses the spoilt call with exactly this text, and writes nothing.
void expect_error(const Named& named, const Spoil& spoil, const std::string& text) {
  SCOPED_TRACE(named.name);
  Call call;
  spoil(call);
  const std::vector<float> before = call.memory;
  EXPECT_EQ(error_of([&] { named.function(call); }), std::string(named.name) + ": " + text);
  EXPECT_EQ(call.memory, before);
}

/// Of the functions that take an out.
void expect_errors_with_out(const Spoil& spoil, const std::string& text) {
  for (const Named& named : readable) expect_error(named, spoil, text);
  expect_error(fused, spoil, text);
}

void expect_errors(const Spoil& spoil, const std::string& text) {
  expect_errors_with_out(spoil, text);
  expect_error(inplace, spoil, text);
}

bool accepts(const Named& named, const Spoil& spoil) {
  Call call;
  spoil(call);
  return error_of([&] { named.function(call); }).empty();
}

TEST(Errors, SoundArgumentsAreTaken) {
  const Spoil nothing = [](Call&) {};
  for (const Named& named : readable) EXPECT_TRUE(accepts(named, nothing)) << named.name;
  EXPECT_TRUE(accepts(fused, nothing));
  EXPECT_TRUE(accepts(inplace, nothing));
}

TEST(Errors, OddHeadDim) {
  const auto spoil = [](Call& c) { c.x_shape.head_dim = c.out_shape.head_dim = 7; };
  expect_errors(spoil, "head_dim of x is 7, must be even");
  // Also where the table would leave the odd one out.
  expect_errors([&](Call& c) { spoil(c), c.table_shape.pairs = 3; },
                "head_dim of x is 7, must be even");
}

TEST(Errors, NegativeSizesAndStrides) {
  expect_errors([](Call& c) { c.x_shape.batch = -1; }, "batch of x is -1, must be 0 or more");
  expect_errors([](Call& c) { c.x_shape.seq = -2; }, "seq of x is -2, must be 0 or more");
  expect_errors([](Call& c) { c.x_shape.heads = -3; }, "heads of x is -3, must be 0 or more");
  expect_errors([](Call& c) { c.x_shape.head_dim = -8; }, "head_dim of x is -8, must be 0 or more");
  expect_errors([](Call& c) { c.x_strides.batch = -1; },
                "batch stride of x is -1, must be 0 or more");
  expect_errors([](Call& c) { c.x_strides.seq = -1; }, "seq stride of x is -1, must be 0 or more");
  expect_errors([](Call& c) { c.x_strides.heads = -8; },
                "heads stride of x is -8, must be 0 or more");
  expect_errors_with_out([](Call& c) { c.out_shape.seq = -3; },
                         "seq of out is -3, must be 0 or more");
  expect_errors_with_out([](Call& c) { c.out_strides.heads = -8; },
                         "heads stride of out is -8, must be 0 or more");
}

TEST(Errors, NegativeSizesAndStridesOfTheTable) {
  expect_errors([](Call& c) { c.table_shape.batch = -2; },
                "batch of the table is -2, must be 0 or more");
  expect_errors([](Call& c) { c.table_shape.seq = -3; },
                "seq of the table is -3, must be 0 or more");
  expect_errors([](Call& c) { c.table_shape.heads = -1; },
                "heads of the table is -1, must be 0 or more");
  expect_errors([](Call& c) { c.table_shape.pairs = -4; },
                "pairs of the table is -4, must be 0 or more");
  expect_errors([](Call& c) { c.table_strides.batch = -12; },
                "batch stride of the table is -12, must be 0 or more");
  expect_errors([](Call& c) { c.table_strides.seq = -4; },
                "seq stride of the table is -4, must be 0 or more");
  expect_errors([](Call& c) { c.table_shape.heads = 4, c.table_strides.heads = -1; },
                "heads stride of the table is -1, must be 0 or more");
  for (rw::CoefficientReader<float> rw::PairReaders<float>::*reader :
       {&rw::PairReaders<float>::cos_a, &rw::PairReaders<float>::cos_b,
        &rw::PairReaders<float>::sin_a, &rw::PairReaders<float>::sin_b}) {
    expect_errors([=](Call& c) { (c.readers.*reader).stride = -1; },
                  "coefficient stride of the table is -1, must be 0 or more");
  }
}

TEST(Errors, NullData) {
  expect_errors([](Call& c) { c.x = nullptr; }, "data of x is null, must point to the elements");
  expect_errors_with_out([](Call& c) { c.out = nullptr; },
                         "data of out is null, must point to the elements");
  for (rw::CoefficientReader<float> rw::PairReaders<float>::*reader :
       {&rw::PairReaders<float>::cos_a, &rw::PairReaders<float>::cos_b,
        &rw::PairReaders<float>::sin_a, &rw::PairReaders<float>::sin_b}) {
    expect_errors([=](Call& c) { (c.readers.*reader).data = nullptr; },
                  "data of the table is null, must point to the elements");
  }
}

TEST(Errors, OutOfAnotherShape) {
  expect_errors_with_out([](Call& c) { c.out_shape.batch = 1; }, "batch of out is 1, must be 2");
  expect_errors_with_out([](Call& c) { c.out_shape.seq = 2; }, "seq of out is 2, must be 3");
  expect_errors_with_out([](Call& c) { c.out_shape.heads = 3; }, "heads of out is 3, must be 4");
  expect_errors_with_out([](Call& c) { c.out_shape.head_dim = 6; },
                         "head_dim of out is 6, must be 8");
  expect_errors_with_out([](Call& c) { c.x_shape.seq = 0, c.table_shape.seq = 0; },
                         "seq of out is 3, must be 0");
}

TEST(Errors, TableOfAnotherShape) {
  expect_errors([](Call& c) { c.x_shape.batch = c.out_shape.batch = 1; },
                "batch of the table is 2, must be 1");
  expect_errors([](Call& c) { c.table_shape.batch = 3, c.table_strides.batch = 0; },
                "batch of the table is 3, must be 1 or 2");
  expect_errors([](Call& c) { c.table_shape.seq = 2; }, "seq of the table is 2, must be 3");
  expect_errors(
      [](Call& c) { c.table_shape.seq = 1; },
      "seq of the table is 1, must be 3: of one row for all tokens pass its repeated(count)");
  expect_errors([](Call& c) { c.table_shape.heads = 2; },
                "heads of the table is 2, must be 1 or 4");
  expect_errors([](Call& c) { c.table_shape.pairs = 5; },
                "pairs of the table is 5, must be at most 4");
}

// Sizes whose products do not fit: none of them is ever touched.
TEST(Errors, Overflow) {
  const auto sizes = [](Index seq, Index head_dim) {
    return [=](Call& c) {
      c.x_shape = c.out_shape = {1, seq, 1, head_dim};
      c.x_strides = c.out_strides = rw::detail::contiguous_strides(c.x_shape);
      c.table_shape = {1, seq, 1, 0};
    };
  };
  const std::string end = " apart, must fit 64 bits";
  expect_errors(sizes(most / 4, 8), "seq of x is " + std::to_string(most / 4) + " entries 8" + end);
  expect_errors(sizes(most / 16, 8),
                "bytes of x is 4 entries " + std::to_string(most / 16 * 8) + end);
  expect_errors([](Call& c) { c.x_strides.batch = most; },
                "batch of x is 2 entries " + std::to_string(most) + end);
  expect_errors_with_out([](Call& c) { c.out_strides.heads = most / 2; },
                         "heads of out is 4 entries " + std::to_string(most / 2) + end);
  expect_errors([](Call& c) { c.table_strides.seq = most - 2; },
                "seq of the table is 3 entries " + std::to_string(most - 2) + end);
  expect_errors([](Call& c) { c.table_shape.heads = 4, c.table_strides.heads = most / 2; },
                "heads of the table is 4 entries " + std::to_string(most / 2) + end);
  for (rw::CoefficientReader<float> rw::PairReaders<float>::*reader :
       {&rw::PairReaders<float>::cos_a, &rw::PairReaders<float>::cos_b,
        &rw::PairReaders<float>::sin_a, &rw::PairReaders<float>::sin_b}) {
    expect_errors([=](Call& c) { (c.readers.*reader).stride = most / 2; },
                  "pairs of the table is 4 entries " + std::to_string(most / 2) + end);
  }
  expect_errors([](Call& c) { c.table_strides.seq = most / 8; },
                "bytes of the table is 4 entries " + std::to_string(most / 8 * 2 + 16) + end);
}

TEST(Errors, OutThatOverlapsItself) {
  const auto expect = [](rw::Strides strides, Index stride, Index least) {
    const Spoil spoil = [=](Call& c) { c.x_strides = c.out_strides = strides; };
    const auto text = [=](const std::string& of) {
      return "a stride of " + of + " is " + std::to_string(stride) + ", must be at least " +
             std::to_string(least) + ", or rows would overlap";
    };
    expect_errors_with_out(spoil, text("out"));
    // x that overlaps itself can be read, and can't be written in place.
    expect_error(inplace, spoil, text("x"));
  };
  expect({96, 32, 0}, 0, 8);
  expect({0, 32, 8}, 0, 8);
  expect({96, 32, 7}, 7, 8);
  expect({96, 31, 8}, 31, 32);
  expect({95, 32, 8}, 95, 96);
  expect({8, 8, 48}, 8, 16);
  for (const Named& named : readable) {
    EXPECT_TRUE(accepts(named, [](Call& c) { c.x_strides = {0, 0, 0}; })) << named.name;
  }
  EXPECT_TRUE(accepts(fused, [](Call& c) { c.x_strides = {0, 0, 0}; }));
  // A row that has no next one has any stride.
  EXPECT_TRUE(accepts(inplace, [&](Call& c) {
    c.x_shape.heads = 1;
    c.x_strides = {96, 32, 0};
  }));
}

TEST(Errors, OutThatMeetsX) {
  const std::string apart = "memory of out overlaps that of x, must be apart from it";
  const auto moved = [](Index by) { return [=](Call& c) { c.out = c.x + by; }; };
  for (const Index by : {Index{1}, Index{2}, Index{8}, Index{32}, size - 1}) {
    for (const Named& named : readable) expect_error(named, moved(by), apart);
    expect_error(fused, moved(by), apart + " or the same tensor");
    const auto back = [=](Call& c) { c.out -= by, c.x = c.memory.data() + size; };
    expect_error(fused, back, apart + " or the same tensor");
  }
  for (const Named& named : readable) expect_error(named, moved(0), apart);
  EXPECT_TRUE(accepts(fused, moved(0)));
  EXPECT_TRUE(accepts(fused, moved(size)));
  // The same memory in another order is not in place, nor that with one other stride.
  for (const rw::Strides& strides : {rw::Strides{96, 8, 24}, rw::Strides{97, 32, 8},
                                     rw::Strides{96, 33, 8}, rw::Strides{96, 32, 9}}) {
    const auto spoil = [=](Call& c) { c.out = c.x, c.x_strides = strides; };
    expect_error(fused, spoil, apart + " or the same tensor");
  }
}

TEST(Errors, OutThatMeetsTheTable) {
  const std::string meets = " overlaps that of the table, must be apart from it";
  const std::string text = "memory of out" + meets;
  for (rw::CoefficientReader<float> rw::PairReaders<float>::*reader :
       {&rw::PairReaders<float>::cos_a, &rw::PairReaders<float>::cos_b,
        &rw::PairReaders<float>::sin_a, &rw::PairReaders<float>::sin_b}) {
    // Their first and last entries.
    expect_errors_with_out([=](Call& c) { (c.readers.*reader).data = c.out + size - 1; }, text);
    expect_errors_with_out([=](Call& c) { (c.readers.*reader).data = c.out - (2 * 3 * pairs - 1); },
                           text);
    expect_error(
        inplace, [=](Call& c) { (c.readers.*reader).data = c.x + 5; }, "memory of x" + meets);
    EXPECT_TRUE(accepts(fused, [=](Call& c) { (c.readers.*reader).data = c.out - 2 * 3 * pairs; }));
    EXPECT_TRUE(accepts(fused, [=](Call& c) { (c.readers.*reader).data = c.out + size; }));
    // Of no pairs nothing is read, wherever it is.
    EXPECT_TRUE(accepts(fused, [=](Call& c) {
      c.table_shape.pairs = 0;
      (c.readers.*reader).data = c.out + 5;
    }));
  }
}

}  // namespace
