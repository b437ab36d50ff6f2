// The suite that the two forms come from (tests/diffusion/layers/test_rotary_emb_equivalence.py of
// vllm-omni, its eleven cases by name), then what it leaves out: production and special tables.
#define EIGEN_USE_THREADS
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <unsupported/Eigen/CXX11/ThreadPool>
#include <vector>

#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;

constexpr rw::Shape typical{2, 16, 8, 64};

/// Random x and the packed random table of the suite: entries that must not be read differ.
template <class X, class Tab>
struct Inputs {
  explicit Inputs(const rw::Shape& of_shape, Values kind = Values::uniform)
      : shape(of_shape),
        x(random_values<X>(size_of(shape), kind, 42)),
        table(Width::packed, false, shape, shape.head_dim / 2, kind, 43) {}

  rw::Shape shape;
  std::vector<X> x;
  StoredTable<Tab> table;
};

template <class X, class Tab>
void expect_equivalence(const rw::Shape& shape, Values kind = Values::uniform) {
  const Inputs<X, Tab> in(shape, kind);
  expect_every_form(in.x, shape, in.table.view(), rotated<X>(in.x, shape, in.table));
}

// The eleven cases -----------------------------------------------------------------------------

template <class T>
class HeliosRoPEEquivalence : public testing::Test {};
using TheirDtypes = testing::Types<float, half, bfloat16>;
TYPED_TEST_SUITE(HeliosRoPEEquivalence, TheirDtypes, DtypeNames);

TYPED_TEST(HeliosRoPEEquivalence, EquivalenceAcrossDtypes) {
  expect_equivalence<TypeParam, TypeParam>(typical);
}

struct NamedShape {
  const char* name;
  rw::Shape shape;
};

class HeliosRoPEShapes : public testing::TestWithParam<NamedShape> {};

TEST_P(HeliosRoPEShapes, EquivalenceAcrossShapes) {
  expect_equivalence<float, float>(GetParam().shape);
}

INSTANTIATE_TEST_SUITE_P(Suite, HeliosRoPEShapes,
                         testing::Values(NamedShape{"Minimal", {1, 8, 1, 32}},
                                         NamedShape{"Typical", typical},
                                         NamedShape{"VideoScale", {1, 8192, 4, 64}},
                                         NamedShape{"LargeHeadDim", {4, 32, 16, 128}}),
                         [](const auto& of) { return std::string(of.param.name); });

// Here the caller owns out: both forms write it densely, in order, even from x [batch, heads, seq,
// head_dim] in memory.
TEST(HeliosRoPE, OutputContiguous) {
  const Inputs<float, float> in(typical);
  std::vector<float> transposed(in.x.size());
  const rw::Strides strides{16 * 8 * 64, 64, 16 * 64};
  copy_rows(rw::View<float>(transposed.data(), typical, strides),
            rw::View<const float>(in.x.data(), typical));
  const auto expected = rotated<float>(in.x, typical, in.table);
  for (const Form& form : forms_of<float, float>()) {
    SCOPED_TRACE(form.name());
    Eigen::Tensor<float, 4, Eigen::RowMajor> out(2, 16, 8, 64);
    apply_form(form, Eigen::DefaultDevice{}, rw::as_view(out),
               rw::View<const float>(transposed.data(), typical, strides), in.table.view());
    EXPECT_TRUE(same_bits(out.data(), expected.data(), expected.size()));
  }
}

// Here the caller gives out its shape: that of x is taken, any other refused (errors_test).
TEST(HeliosRoPE, OutputShapePreserved) {
  Eigen::Tensor<float, 4, Eigen::RowMajor> x(2, 16, 8, 64);
  Eigen::Tensor<float, 4, Eigen::RowMajor> out(2, 16, 8, 64);
  Eigen::Tensor<float, 4, Eigen::RowMajor> permuted(16, 2, 8, 64);
  x.setConstant(1);
  const StoredTable<float> table(Width::packed, false, typical, 32, Values::uniform, 1);
  const Eigen::DefaultDevice device;
  EXPECT_NO_THROW(rw::apply_strided(device, out, x, table.view()));
  EXPECT_NO_THROW(rw::apply_stack_flatten(device, out, x, table.view()));
  EXPECT_NO_THROW(rw::apply(device, out, x, table.view()));
  EXPECT_EQ(out.dimensions(), x.dimensions());
  EXPECT_THROW(rw::apply_strided(device, permuted, x, table.view()), std::invalid_argument);
  EXPECT_THROW(rw::apply_stack_flatten(device, permuted, x, table.view()), std::invalid_argument);
  EXPECT_THROW(rw::apply(device, permuted, x, table.view()), std::invalid_argument);
}

// Out of half comes from half x even where all arithmetic is in float or double.
TEST(HeliosRoPE, OutputDtypePreserved) {
  expect_equivalence<half, half>(typical);
  expect_equivalence<half, float>(typical);
  expect_equivalence<half, double>(typical);
}

TEST(HeliosRoPE, OddHeadDimRaises) {
  std::vector<float> x(1 * 4 * 2 * 63, 1.0f);
  auto out = x;
  const rw::Shape shape{1, 4, 2, 63};
  const std::vector<float> table(4 * 126);
  EXPECT_THROW(rw::packed_table(Map<const float, 3>(table.data(), 1, 4, 126)),
               std::invalid_argument);
  const StoredTable<float> half_width(Width::half, false, shape, 31, Values::uniform, 1);
  for (const Form& form : forms_of<float, float>()) {
    EXPECT_THROW(apply_form(form, Eigen::DefaultDevice{}, rw::View<float>(out.data(), shape),
                            rw::View<const float>(x.data(), shape), half_width.view()),
                 std::invalid_argument);
  }
  EXPECT_TRUE(same_bits(out, x));
}

// What it leaves out ---------------------------------------------------------------------------

// bfloat16 x with float tables at the size of Helios' first stage.
TEST(Production, Bfloat16WithFloatTableMatchesReference) {
  expect_equivalence<bfloat16, float>({1, 2940, 40, 128});
}

template <class T>
class Tables : public testing::Test {};
TYPED_TEST_SUITE(Tables, TheirDtypes, DtypeNames);

// History tables of Helios are averaged over 2x2x2 and 4x4x4 neighbours: shorter than unit vectors.
TYPED_TEST(Tables, PooledRowsShortenByTheirLength) {
  const rw::Shape shape{1, 6, 2, 32};
  const auto x = random_values<TypeParam>(size_of(shape), Values::uniform, 1);
  StoredTable<float> table(Width::packed, false, shape, 16, Values::uniform, 2);
  for (std::size_t i = 0; i < table.values.size() / 64; ++i) {
    for (Index pair = 0; pair < 16; ++pair) {
      const float angle = static_cast<float>(i) * 0.7f + static_cast<float>(pair);
      table.values[table.place_of_cos(0, static_cast<Index>(i), pair)] = 0.474f * std::cos(angle);
      table.values[table.place_of_sin(0, static_cast<Index>(i), pair)] = 0.474f * std::sin(angle);
    }
  }
  const auto out = rotated<TypeParam>(x, shape, table);
  expect_every_form(x, shape, table.view(), out);
  const auto length = [](const std::vector<TypeParam>& of, std::size_t at) {
    return std::hypot(static_cast<double>(of[at]), static_cast<double>(of[at + 1]));
  };
  // Four roundings of values of at most 0.474 * sqrt(2), each by half an eps of the type.
  const double eps = std::ldexp(1.0, -format_of(dtype_of<TypeParam>()).fraction_bits);
  for (std::size_t i = 0; i < x.size(); i += 2) {
    EXPECT_NEAR(length(out, i), 0.474 * length(x, i), 2 * eps);
  }
}

// Padding tokens have rows of zeros in some models: they must come out as zeros.
TYPED_TEST(Tables, ZeroRowsGiveZeros) {
  const rw::Shape shape{2, 3, 2, 26};
  const auto x = random_values<TypeParam>(size_of(shape), Values::finite, 1);
  StoredTable<TypeParam> table(Width::half, true, shape, 13, Values::uniform, 2);
  for (TypeParam& value : table.values) value = TypeParam(0);
  const auto out = rotated<TypeParam>(x, shape, table);
  for (const TypeParam& value : out) EXPECT_EQ(static_cast<float>(value), 0.0f);
  expect_every_form(x, shape, table.view(), out);
}

// cos 1 and sin 0 turn nothing: numbers keep their bits, but for the sign of some zeros.
TYPED_TEST(Tables, AngleZeroIsIdentity) {
  const rw::Shape shape{1, 4, 2, 70};
  const auto x = random_values<TypeParam>(size_of(shape), Values::finite, 1);
  StoredTable<TypeParam> table(Width::half, true, shape, 35, Values::uniform, 2);
  const std::size_t each = table.values.size() / 2;
  for (std::size_t i = 0; i < 2 * each; ++i) table.values[i] = TypeParam(i < each ? 1 : 0);
  const auto out = rotated<TypeParam>(x, shape, table);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(static_cast<float>(out[i]), static_cast<float>(x[i]));
  }
  expect_every_form(x, shape, table.view(), out);
}

// NaN in every entry that must not be read: nothing of it may come out.
TYPED_TEST(Tables, OtherEntriesOfAPackedTableAreNeverRead) {
  const rw::Shape shape{2, 5, 3, 46};
  const Inputs<TypeParam, TypeParam> in(shape);
  StoredTable<TypeParam> table = in.table;
  const TypeParam nan = from_bits<TypeParam>(format_of(dtype_of<TypeParam>()).nan());
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    const std::size_t column = i % 92;  // cos at even columns below 46, sin at odd ones from there
    if ((column < 46) != (column % 2 == 0)) table.values[i] = nan;
  }
  expect_every_form(in.x, shape, table.view(), rotated<TypeParam>(in.x, shape, in.table));
}

// Threads split the tokens, and change no bit.
TYPED_TEST(Tables, ThreadPoolMatchesDefaultDevice) {
  const rw::Shape shape{2, 800, 8, 64};
  const Inputs<TypeParam, float> in(shape, Values::special);
  const auto expected = rotated<TypeParam>(in.x, shape, in.table);
  Eigen::ThreadPool pool(3);
  const Eigen::ThreadPoolDevice device(&pool, 3);
  for (const Form& form : forms_of<TypeParam, TypeParam>()) {
    SCOPED_TRACE(form.name());
    std::vector<TypeParam> out(in.x.size());
    apply_form(form, device, rw::View<TypeParam>(out.data(), shape),
               rw::View<const TypeParam>(in.x.data(), shape), in.table.view());
    EXPECT_TRUE(same_bits(out, expected));
  }
}

// Any axis of size 0: nothing to read or write, so null data will do.
TEST(EmptyTensors, DoNothing) {
  for (const rw::Shape& shape : {rw::Shape{0, 4, 2, 8}, {1, 0, 2, 8}, {1, 4, 0, 8}, {1, 4, 2, 0}}) {
    const StoredTable<float> table(Width::half, true, {1, 4, 2, 8}, shape.head_dim / 2,
                                   Values::uniform, 1);
    const rw::TableView<float> all = table.view();
    const rw::TableView<float> rows(all.readers(), {1, shape.seq, 1, all.pairs()}, 0, all.pairs(),
                                    0);
    for (const Form& form : forms_of<float, float>()) {
      EXPECT_NO_THROW(apply_form(form, Eigen::DefaultDevice{}, rw::View<float>(nullptr, shape),
                                 rw::View<const float>(nullptr, shape), rows));
      float untouched = 7;
      apply_form(form, Eigen::DefaultDevice{}, rw::View<float>(&untouched, shape),
                 rw::View<const float>(&untouched, shape), rows);
      EXPECT_EQ(untouched, 7);
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
