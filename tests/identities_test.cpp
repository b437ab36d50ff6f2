// Identities: conventions that give one another's bits, and ranges that leave the rest alone.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;

constexpr rw::Shape shape{2, 5, 3, 64};
constexpr Index pairs = 32;

rw::Options of_pairing(rw::Pairing pairing) {
  rw::Options options;
  options.pairing = pairing;
  return options;
}

template <class X, class Tab>
std::vector<X> applied(const Form& form, const std::vector<X>& x, const rw::Shape& of,
                       const rw::TableView<Tab>& table, const rw::Options& options = {}) {
  std::vector<X> out(x.size());
  apply_form(form, Eigen::DefaultDevice{}, rw::View<X>(out.data(), of),
             rw::View<const X>(x.data(), of), table, options);
  return out;
}

/// Features 0, 2, 4, ..., then 1, 3, 5, ... of every head.
template <class X>
std::vector<X> deinterleaved(const std::vector<X>& x, const rw::Shape& of) {
  std::vector<X> moved(x.size());
  const auto head_dim = count_of(of.head_dim);
  for (std::size_t row = 0; row < x.size(); row += head_dim) {
    for (std::size_t i = 0; i < head_dim; ++i) {
      moved[row + i / 2 + (i % 2) * (head_dim / 2)] = x[row + i];
    }
  }
  return moved;
}

template <class X>
class Identities : public testing::Test {
 protected:
  std::vector<X> x = random_values<X>(size_of(shape), Values::uniform, 1);
  StoredTable<float> table{Width::half, false, shape, pairs, Values::uniform, 2};
  std::vector<Form> forms = forms_of<X, X>();
};
TYPED_TEST_SUITE(Identities, Dtypes, DtypeNames);

// Half pairs on features put in half order are interleaved pairs.
template <class X, class Fixed>
void expect_fixed_options(const std::vector<X>& x, const rw::TableView<float>& table,
                          const Fixed& fixed) {
  const Eigen::DefaultDevice device;
  const rw::View<const X> from(x.data(), shape);
  std::vector<X> wanted(x.size()), out(x.size());
  const rw::Options chosen = fixed;
  rw::apply_strided(device, rw::View<X>(wanted.data(), shape), from, table, chosen);
  const rw::View<X> to(out.data(), shape);
  rw::apply(device, to, from, table, fixed);
  EXPECT_TRUE(same_bits(out, wanted)) << "apply";
  rw::apply_stack_flatten(device, to, from, table, fixed);
  EXPECT_TRUE(same_bits(out, wanted)) << "apply_stack_flatten";
  if constexpr (!rw::detail::moves_features(Fixed::pairing)) {
    out = x;
    rw::apply_inplace(device, std::tie(to), table, fixed);
    EXPECT_TRUE(same_bits(out, wanted)) << "apply_inplace";
  }
}

// Options that are known at compile time are the same as those of run time.
TYPED_TEST(Identities, FixedOptionsGiveTheBitsOfOptions) {
  expect_fixed_options(this->x, this->table.view(), rw::interleaved_pairs);
  expect_fixed_options(this->x, this->table.view(), rw::half_pairs);
  expect_fixed_options(this->x, this->table.view(), rw::interleaved_to_half_pairs);
  expect_fixed_options(this->x, this->table.view(),
                       rw::FixedOptions<rw::Pairing::half, rw::Compute::wide>{});
  std::vector<TypeParam> out(this->x.size());
  rw::apply(Eigen::DefaultDevice{}, rw::View<TypeParam>(out.data(), shape),
            rw::View<const TypeParam>(this->x.data(), shape), this->table.view());
  EXPECT_TRUE(same_bits(out, applied({Form::strided, {}}, this->x, shape, this->table.view())));
}

TYPED_TEST(Identities, HalfOfDeinterleavedIsInterleaved) {
  const auto moved = deinterleaved(this->x, shape);
  for (const Form& form : this->forms) {
    SCOPED_TRACE(form.name());
    const auto interleaved = applied(form, this->x, shape, this->table.view());
    EXPECT_TRUE(
        same_bits(applied(form, moved, shape, this->table.view(), of_pairing(rw::Pairing::half)),
                  deinterleaved(interleaved, shape)));
    if (form.in_place()) continue;  // features move: out of place only
    EXPECT_TRUE(same_bits(applied(form, this->x, shape, this->table.view(),
                                  of_pairing(rw::Pairing::interleaved_to_half)),
                          deinterleaved(interleaved, shape)));
  }
}

// Values twice in a row, followed by themselves, or once: the same table.
TYPED_TEST(Identities, FullWidthTablesThatAgreeAreHalfWidthOnes) {
  const Index rows = shape.batch * shape.seq;
  std::vector<float> repeated[2], duplicated[2];
  for (int part = 0; part < 2; ++part) {
    const float* from = this->table.values.data() + part * rows * pairs;
    for (Index row = 0; row < rows; ++row, from += pairs) {
      for (Index i = 0; i < 2 * pairs; ++i) {
        repeated[part].push_back(from[i / 2]);
        duplicated[part].push_back(from[i % pairs]);
      }
    }
  }
  const auto map = [](const std::vector<float>& values) {
    return Map<const float, 3>(values.data(), shape.batch, shape.seq, 2 * pairs);
  };
  for (const Form& form : this->forms) {
    SCOPED_TRACE(form.name());
    const auto expected = applied(form, this->x, shape, this->table.view());
    const auto expect_same = [&](const auto& full) {
      EXPECT_TRUE(same_bits(applied(form, this->x, shape, full), expected));
    };
    expect_same(rw::repeated_table(map(repeated[0]), map(repeated[1])));
    expect_same(rw::even_odd_table(map(repeated[0]), map(repeated[1])));
    expect_same(rw::duplicated_table(map(duplicated[0]), map(duplicated[1])));
    expect_same(
        rw::per_feature_table(map(repeated[0]), map(repeated[1]), rw::Pairing::interleaved));
  }
}

// x * cos + rot(x) * sin with rot = (-b, a), as diffusers writes it: signs move, bits do not. The
// reference says what the products and sums are.
TYPED_TEST(Identities, RotatedPartsAddUpAsInDiffusers) {
  constexpr Dtype dtype = dtype_of<TypeParam>();
  constexpr Dtype p = dtype == Dtype::f64 ? Dtype::f64 : Dtype::f32;
  const auto in_p = [](Dtype from, Bits bits) { return convert(from, p, bits); };
  std::vector<TypeParam> expected(this->x.size());
  std::size_t at = 0;
  for (Index b = 0; b < shape.batch; ++b) {
    for (Index s = 0; s < shape.seq; ++s) {
      for (Index h = 0; h < shape.heads; ++h) {
        for (Index i = 0; i < 2 * pairs; ++i, ++at) {
          const auto with = this->table.at(b, s, i / 2);
          const bool first = i % 2 == 0;
          const Bits other = in_p(dtype, to_bits(this->x[first ? at + 1 : at - 1]));
          const Bits turned = first ? negated(p, other) : other;
          const Bits sum = add(
              p,
              multiply(p, in_p(dtype, to_bits(this->x[at])), in_p(Dtype::f32, to_bits(with.cos_a))),
              multiply(p, turned, in_p(Dtype::f32, to_bits(with.sin_a))));
          expected[at] = from_bits<TypeParam>(convert(p, dtype, sum));
        }
      }
    }
  }
  expect_every_form(this->x, shape, this->table.view(), expected);
}

// Policies round at different places, so an engine must say which it wants.
TEST(Policies, PromotedWideAndRoundedTablesDiffer) {
  const auto x = random_values<bfloat16>(size_of(shape), Values::uniform, 1);
  const StoredTable<float> table(Width::half, false, shape, pairs, Values::uniform, 2);
  StoredTable<bfloat16> rounded(Width::half, false, shape, pairs, Values::uniform, 2);
  for (std::size_t i = 0; i < rounded.values.size(); ++i) {
    rounded.values[i] = static_cast<bfloat16>(table.values[i]);
  }
  rw::Options wide;
  wide.compute = rw::Compute::wide;
  for (const Form& form : forms_of<bfloat16, bfloat16>()) {
    SCOPED_TRACE(form.name());
    const auto promoted = applied(form, x, shape, table.view());
    const auto three_roundings = applied(form, x, shape, rounded.view());
    const auto one_rounding = applied(form, x, shape, rounded.view(), wide);
    EXPECT_FALSE(same_bits(promoted, three_roundings));
    EXPECT_FALSE(same_bits(promoted, one_rounding));
    EXPECT_FALSE(same_bits(three_roundings, one_rounding));
  }
}

// Ranges
// --------------------------------------------------------------------------------------------

struct Partial {
  Index rotary_dim, head_dim;
};

// GPT-J 64 of 256, MiniMax-H3 96 of 128, Stable Audio 32 of 64.
TYPED_TEST(Identities, PartialRotaryIsRotaryOfThePart) {
  for (const Partial width : {Partial{64, 256}, Partial{96, 128}, Partial{32, 64}}) {
    const rw::Shape whole{1, 3, 2, width.head_dim};
    const auto wide = random_values<TypeParam>(size_of(whole), Values::any, 3);
    const StoredTable<float> narrow(Width::half, true, whole, width.rotary_dim / 2, Values::uniform,
                                    4);
    const rw::View<const TypeParam> from(wide.data(), whole);
    for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
      for (const Form& form : this->forms) {
        SCOPED_TRACE(form.name());
        auto part = wide;  // the tail is what it was
        const rw::View<TypeParam> to(part.data(), whole);
        apply_form(form, Eigen::DefaultDevice{}, to.features(0, width.rotary_dim),
                   from.features(0, width.rotary_dim), narrow.view(), of_pairing(pairing));
        EXPECT_TRUE(
            same_bits(applied(form, wide, whole, narrow.view(), of_pairing(pairing)), part));
      }
    }
  }
}

// A range of tokens, of heads or of features: all bits outside it stay.
TYPED_TEST(Identities, RangesLeaveTheRestAlone) {
  const auto all = this->table.view();
  const rw::View<const TypeParam> from(this->x.data(), shape);
  const auto expect_range = [&](const auto& part_of, const rw::TableView<float>& with) {
    for (const Form& form : this->forms) {
      SCOPED_TRACE(form.name());
      const std::vector<TypeParam> before(this->x.size(), TypeParam(3));
      auto out = before;
      apply_form(form, Eigen::DefaultDevice{}, part_of(rw::View<TypeParam>(out.data(), shape)),
                 part_of(from), with);
      // What is in the range has changed places with nothing outside: put it back and compare.
      const auto part = part_of(rw::View<TypeParam>(out.data(), shape));
      std::size_t inside = 0, changed = 0;
      for (Index b = 0; b < part.batch(); ++b) {
        for (Index s = 0; s < part.seq(); ++s) {
          for (Index h = 0; h < part.heads(); ++h) {
            for (Index i = 0; i < part.head_dim(); ++i) {
              changed += to_bits(part.row(b, s, h)[i]) != to_bits(TypeParam(3)) ? 1 : 0;
              part.row(b, s, h)[i] = TypeParam(3);
              ++inside;
            }
          }
        }
      }
      EXPECT_TRUE(same_bits(out, before));
      EXPECT_EQ(changed, inside);
    }
  };
  expect_range([](const auto& view) { return view.seq(1, 3); }, all.rows(1, 3));
  expect_range([](const auto& view) { return view.heads(0, 2); }, all);
  expect_range([](const auto& view) { return view.features(48, 16); }, all.pairs(0, 8));
}

// One shared key head, many query heads, one call.
TYPED_TEST(Identities, SharedKeyHeadTurnsAsAnyOther) {
  auto q = this->x;
  auto k = random_values<TypeParam>(size_of({2, 5, 1, 64}), Values::uniform, 9);
  const auto k_alone = k;
  const rw::View<TypeParam> q_view(q.data(), shape), k_view(k.data(), {2, 5, 1, 64});
  rw::apply_inplace(Eigen::DefaultDevice{}, std::tie(q_view, k_view), this->table.view());
  const Form strided{Form::strided, {}};
  EXPECT_TRUE(same_bits(q, applied(strided, this->x, shape, this->table.view())));
  EXPECT_TRUE(same_bits(k, applied(strided, k_alone, {2, 5, 1, 64}, this->table.view())));
}

}  // namespace
}  // namespace ropewalk_test
