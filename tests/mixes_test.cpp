// Every combination of the types of x and table, every stored layout, every rank, every form.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"
#include "support/reference.hpp"
#include "support/tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;

template <class Types>
class EveryMix : public testing::Test {};
TYPED_TEST_SUITE(EveryMix, Mixes, MixNames);

// One pair; a tail of every register; full registers and a tail, more than one batch entry.
constexpr rw::Shape shapes[] = {{1, 5, 1, 2}, {2, 3, 3, 30}, {2, 2, 2, 134}};

// Half width and packed, [seq, .] and [batch, seq, .]; specials are signed zeros, subnormals,
// infinities and NaN, each meeting the others.
TYPED_TEST(EveryMix, MatchesReferenceBitForBit) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  for (const rw::Shape& shape : shapes) {
    for (const Values kind : {Values::uniform, Values::any, Values::special}) {
      const auto x = random_values<X>(size_of(shape), kind, 1);
      for (const Width width : {Width::half, Width::packed}) {
        for (const bool shared : {true, false}) {
          SCOPED_TRACE(std::string(width == Width::half ? "half" : "packed") +
                       (shared ? " shared" : " batched"));
          const StoredTable<Tab> table(width, shared, shape, shape.head_dim / 2, kind, 2);
          expect_every_form(x, shape, table.view(), rotated<X>(x, shape, table));
        }
      }
    }
  }
}

// Bit for bit: a NaN keeps its payload and its sign, in place and out of place.
TYPED_TEST(EveryMix, FeaturesBeyondTheTablePassThrough) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const rw::Shape shape{2, 3, 2, 38};
  const auto x = random_values<X>(size_of(shape), Values::special, 1);
  for (const Index pairs : {Index{0}, Index{5}, Index{18}}) {
    SCOPED_TRACE(pairs);
    const StoredTable<Tab> table(Width::packed, false, shape, pairs, Values::uniform, 2);
    const auto expected = rotated<X>(x, shape, table);
    for (const Form& form : forms_of<X, X>()) {
      SCOPED_TRACE(form.name());
      std::vector<X> out(x.size(), X(3));
      apply_form(form, Eigen::DefaultDevice{}, rw::View<X>(out.data(), shape),
                 rw::View<const X>(x.data(), shape), table.view());
      EXPECT_TRUE(same_bits(out, expected));
      for (std::size_t row = 0; row < x.size(); row += count_of(shape.head_dim)) {
        const std::size_t rest = row + count_of(2 * pairs);
        EXPECT_TRUE(same_bytes(&out[rest], &x[rest], count_of(shape.head_dim - 2 * pairs)));
      }
    }
  }
}

// By the ids of tokens and by the starts of samples; of what an id leaves nothing is written.
TYPED_TEST(EveryMix, IdsChooseRowsOrLeaveTokens) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  using P = rw::Promoted<X, Tab>;
  const rw::Shape shape{3, 2, 3, 38};
  constexpr Index pairs = 15;
  const auto x = random_values<X>(size_of(shape), Values::special, 1);
  const StoredTable<Tab> table(Width::half, true, {1, 6, 1, 38}, pairs, Values::uniform, 2);
  const std::vector<std::int32_t> ids = {4, -1, 0, 5, -1, 2};
  const std::vector<std::int64_t> starts = {4, -1, 1}, all = {4, 0, 1};
  const auto check = [&](const rw::TableView<Tab>& by_ids, const auto& row) {
    const auto at = [&](Index b, Index s, Index, Index i) {
      return table.at(0, std::max<Index>(row(b, s), 0), i);
    };
    const auto is_left = [&](Index b, Index s) { return row(b, s) < 0; };
    for (const rw::Pairing pairing :
         {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
      const rw::Options options(pairing);
      expect_every_form(x, shape, by_ids, rotated<X>(x, shape, pairs, at, options), options,
                        is_left);
      if constexpr (!std::is_same_v<X, P>) {
        expect_every_form(x, shape, by_ids, rotated<P>(x, shape, pairs, at, options), options,
                          is_left);
      }
    }
  };
  check(table.view().gather(ids.data(), 3, 2).leaving(-1),
        [&](Index b, Index s) { return Index{ids[count_of(2 * b + s)]}; });
  check(table.view().rows_of_each(starts, 2).leaving(-1),
        [&](Index b, Index s) { return starts[count_of(b)] < 0 ? -1 : starts[count_of(b)] + s; });
  check(table.view().rows_of_each(all, 2), [&](Index b, Index s) { return all[count_of(b)] + s; });
}

// Four readers of their own, none like another: what no ordinary table has, but the rule allows.
TYPED_TEST(EveryMix, ReadersMayLieAnywhere) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const rw::Shape shape{2, 3, 4, 38};
  const auto x = random_values<X>(size_of(shape), Values::uniform, 1);
  const auto values = random_values<Tab>(2 * 3 * 4 * 100, Values::uniform, 2);
  // The first and the second reader begin at the same entry and go on at different steps.
  const rw::PairReaders<Tab> readers{
      {&values[3], 1}, {&values[3], 3}, {&values[5], 0}, {&values[5], 2}};
  const auto at = [&](Index b, Index s, Index h, Index i) {
    const std::size_t row = count_of((b * 3 + s) * 400 + h * 100);
    const std::size_t pair = count_of(i);
    return Coefficients<Tab>{values[row + 3 + pair], values[row + 3 + 3 * pair], values[row + 5],
                             values[row + 5 + 2 * pair]};
  };
  const rw::TableView<Tab> per_head(readers, {2, 3, 4, 19}, 1200, 400, 100);
  expect_every_form(x, shape, per_head, rotated<X>(x, shape, 19, at));
  const rw::TableView<Tab> shared(readers, {1, 3, 1, 19}, 1200, 400, 100);
  const auto first = [&](Index, Index s, Index, Index i) { return at(0, s, 0, i); };
  expect_every_form(x, shape, shared, rotated<X>(x, shape, 19, first));
}

// Pairs of features i and i + pairs, or read as neighbours and written so; rounded to the promoted
// type after each step, or to float and once to the type of x.
TYPED_TEST(EveryMix, EveryPairingAndComputeTypeMatchesReference) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const rw::Shape shape{2, 2, 3, 606};
  const auto x = random_values<X>(size_of(shape), Values::special, 1);
  // The fused form does wide rows in pieces: 303 pairs are two, and the second has a tail.
  for (const Index pairs : {Index{1}, Index{15}, Index{64}, Index{303}}) {
    const StoredTable<Tab> table(Width::half, false, shape, pairs, Values::special, 2);
    for (const rw::Pairing pairing :
         {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
      for (const rw::Compute compute : {rw::Compute::promoted, rw::Compute::wide}) {
        rw::Options options;
        options.pairing = pairing;
        options.compute = compute;
        SCOPED_TRACE(testing::Message() << pairs << " pairs, pairing " << static_cast<int>(pairing)
                                        << ", compute " << static_cast<int>(compute));
        const auto expected = rotated<X>(x, shape, table, options);
        expect_every_form(x, shape, table.view(), expected, options);
      }
    }
  }
}

// The gradient is the transpose of each pair's matrix, the inverse turns the other way; both are
// other readings of the same table, signs included.
TYPED_TEST(EveryMix, GradientAndInverseMatchReference) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  constexpr Dtype dtype = dtype_of<Tab>();
  const rw::Shape shape{1, 3, 2, 46};
  const auto x = random_values<X>(size_of(shape), Values::special, 1);
  const auto values = random_values<Tab>(3 * 92, Values::special, 2);
  const Map<const Tab, 2> matrices(values.data(), 3, 92);
  const auto at = [&](Index s, Index i) {
    const Tab* m = &values[count_of(s * 92 + 4 * i)];
    const Bits sin_a = negated(dtype, to_bits(m[1]));
    return Coefficients<Bits>{to_bits(m[0]), to_bits(m[3]), sin_a, to_bits(m[2])};
  };
  const auto expect = [&](const rw::TableView<Tab>& table, auto turn) {
    const auto turned_at = [&](Index, Index s, Index, Index i) {
      const Coefficients<Bits> of = turn(dtype, at(s, i));
      return Coefficients<Tab>{from_bits<Tab>(of.cos_a), from_bits<Tab>(of.cos_b),
                               from_bits<Tab>(of.sin_a), from_bits<Tab>(of.sin_b)};
    };
    expect_every_form(x, shape, table, rotated<X>(x, shape, 23, turned_at));
  };
  const auto table = rw::matrix_table(matrices);
  expect(table, [](Dtype, const Coefficients<Bits>& of) { return of; });
  expect(table.gradient(), transpose);
  expect(table.inverse(), inverse);
}

// The sign belongs to a reader: of two that begin at one entry, one may be negative.
TYPED_TEST(EveryMix, AnyReaderMayBeNegative) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const rw::Shape shape{1, 2, 2, 78};
  const auto x = random_values<X>(size_of(shape), Values::special, 1);
  for (const Width width : {Width::half, Width::packed}) {
    const StoredTable<Tab> stored(width, true, shape, 39, Values::special, 2);
    for (const unsigned signs : {1u, 2u, 4u, 8u, 12u, 15u}) {
      SCOPED_TRACE(signs);
      const rw::TableView<Tab> table = stored.view();
      rw::PairReaders<Tab> readers = table.readers();
      readers.cos_a.negative = (signs & 1) != 0;
      readers.cos_b.negative = (signs & 2) != 0;
      readers.sin_a.negative = (signs & 4) != 0;
      readers.sin_b.negative = (signs & 8) != 0;
      const auto at = [&](Index, Index s, Index, Index i) {
        const auto read = [](const Tab& value, bool negative) {
          const Bits bits = to_bits(value);
          return from_bits<Tab>(negative ? negated(dtype_of<Tab>(), bits) : bits);
        };
        const Coefficients<Tab> of = stored.at(0, s, i);
        return Coefficients<Tab>{
            read(of.cos_a, readers.cos_a.negative), read(of.cos_b, readers.cos_b.negative),
            read(of.sin_a, readers.sin_a.negative), read(of.sin_b, readers.sin_b.negative)};
      };
      const rw::TableView<Tab> read(readers, table.shape(), 0, table.seq_stride(), 0);
      expect_every_form(x, shape, read, rotated<X>(x, shape, 39, at));
    }
  }
}

// Where all readers of a register are NaN, none is there to be compared with.
TYPED_TEST(EveryMix, NanInEveryFeatureIsNan) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  const rw::Shape shape{1, 2, 3, 190};
  const auto x = random_values<X>(size_of(shape), Values::uniform, 1);
  StoredTable<Tab> table(Width::half, true, shape, 95, Values::uniform, 2);
  // Every bit of the payload, so that to round it as a number gives another number.
  std::fill(table.values.begin(), table.values.end(),
            from_bits<Tab>(format_of(dtype_of<Tab>()).sign() - 1));
  for (const rw::Pairing pairing :
       {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
    rw::Options options;
    options.pairing = pairing;
    SCOPED_TRACE(static_cast<int>(pairing));
    expect_every_form(x, shape, table.view(), rotated<X>(x, shape, table, options), options);
  }
}

// Results in double so close to a tie of bfloat16 that float would find them on either side of it.
// Exponents for subnormal features, and for coefficients that are subnormal floats, too.
struct Exponents {
  int features, results;
};

void expect_near_ties(rw::Pairing pairing, const Exponents& exponents) {
  constexpr Index pairs = 92, tokens = 1024;  // steps of 16, 8 and 4 pairs, or of 32, 16 and 8
  const bool apart = pairing == rw::Pairing::half;
  const auto scaled = [](bfloat16 value, int exponent) {
    return static_cast<bfloat16>(std::ldexp(static_cast<float>(value), exponent));
  };
  auto features = random_values<bfloat16>(count_of(2 * pairs), Values::uniform, 1);
  for (bfloat16& feature : features) feature = scaled(feature, exponents.features);
  const auto results = random_values<bfloat16>(count_of(2 * tokens * pairs), Values::uniform, 2);
  const auto distances = random_values<double>(results.size(), Values::uniform, 3);
  const auto wanted = [&](Index i, int exponent) {
    const Bits nearest = to_bits(scaled(results[count_of(i)], exponent));
    const auto tie = static_cast<double>(from_bits<float>(nearest << 16 | 0x8000u));
    return tie * (1 + std::pow(distances[count_of(i)], 3) * 0x1p-21);
  };
  auto values = random_values<double>(count_of(4 * tokens * pairs), Values::uniform, 4);
  for (double& value : values) {
    value = std::ldexp(value, exponents.results - exponents.features);
  }
  const auto row = [&](Index s) { return &values[count_of(4 * s * pairs)]; };
  for (Index i = 0; i < tokens * pairs; ++i) {
    const Index pair = i % pairs;
    if (pair % 32 != i / pairs % 32) continue;  // one a step, or each would be told by the others
    const auto a = static_cast<double>(features[count_of(apart ? pair : 2 * pair)]);
    const auto b = static_cast<double>(features[count_of(apart ? pair + pairs : 2 * pair + 1)]);
    double* with = row(i / pairs) + pair;
    const int lower = static_cast<int>(pair % 2) * 4;  // the second by smaller coefficients
    with[3 * pairs] = std::ldexp(with[3 * pairs], -lower);
    if (a != 0) with[0] = (wanted(2 * i, exponents.results) + b * with[2 * pairs]) / a;
    if (b != 0) {
      with[pairs] = (wanted(2 * i + 1, exponents.results - lower) - a * with[3 * pairs]) / b;
    }
  }
  const auto at = [&](Index, Index s, Index, Index i) {
    const double* with = row(s) + i;
    return Coefficients<double>{with[0], with[pairs], with[2 * pairs], with[3 * pairs]};
  };
  const rw::Shape shape{1, tokens, 2, 2 * pairs};
  std::vector<bfloat16> x;
  while (x.size() < size_of(shape)) x.insert(x.end(), features.begin(), features.end());
  rw::Options options;
  options.pairing = pairing;
  expect_every_form(x, shape, table_over(values.data(), Layout::four, {1, tokens, 1, pairs}),
                    rotated<bfloat16>(x, shape, pairs, at, options), options);
}

TEST(NearTies, AreRoundedAsInDouble) {
  for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
    for (const Exponents& exponents : {Exponents{0, 0}, {-127, -127}, {126, -6}}) {
      SCOPED_TRACE(exponents.features);
      expect_near_ties(pairing, exponents);
    }
  }
}

// Of features near the largest, float finds infinity where double does not.
TEST(NearTies, OverflowInFloatAlone) {
  constexpr Index pairs = 92, tokens = 64;
  constexpr double turns[] = {2, 1.5, -1.5, 1, 0.75, -2, 3.9, 0.5};
  const rw::Shape shape{1, tokens, 2, 2 * pairs};
  auto x = random_values<bfloat16>(size_of(shape), Values::uniform, 1);
  for (bfloat16& feature : x) {
    feature = static_cast<bfloat16>(std::copysign(0x1p127f, static_cast<float>(feature)));
  }
  std::vector<double> values(count_of(4 * tokens * pairs));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = turns[i * 2654435761u >> 7 & 7];
  const auto at = [&](Index, Index s, Index, Index i) {
    const double* with = &values[count_of(4 * s * pairs + i)];
    return Coefficients<double>{with[0], with[pairs], with[2 * pairs], with[3 * pairs]};
  };
  for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
    rw::Options options;
    options.pairing = pairing;
    expect_every_form(x, shape, table_over(values.data(), Layout::four, {1, tokens, 1, pairs}),
                      rotated<bfloat16>(x, shape, pairs, at, options), options);
  }
}

// Output may be of the promoted type ------------------------------------------------------------

template <class Types>
class PromotedOutput : public testing::Test {};
using Widening =
    MixesOf<Mix<bfloat16, float>, Mix<half, bfloat16>, Mix<half, double>, Mix<float, double>>;
TYPED_TEST_SUITE(PromotedOutput, Widening, MixNames);

TYPED_TEST(PromotedOutput, IsNotRoundedToTheTypeOfX) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  using Out = rw::Promoted<X, Tab>;
  for (const rw::Shape& shape : shapes) {
    for (const Index pairs : {shape.head_dim / 2, shape.head_dim / 4}) {
      const auto x = random_values<X>(size_of(shape), Values::special, 1);
      const StoredTable<Tab> table(Width::half, false, shape, pairs, Values::special, 2);
      expect_every_form(x, shape, table.view(), rotated<Out>(x, shape, table));
    }
  }
}

// Ranks -----------------------------------------------------------------------------------------

template <class Types>
class Ranks : public testing::Test {};
using TwoMixes = MixesOf<Mix<float, float>, Mix<bfloat16, float>>;
TYPED_TEST_SUITE(Ranks, TwoMixes, MixNames);

/// Through the public functions, with maps as they are; sizes are those of the rank.
template <class X, class Tab, int Rank, class... Sizes>
void expect_rank(const rw::Shape& shape, Sizes... sizes) {
  const auto x = random_values<X>(size_of(shape), Values::uniform, 1);
  const StoredTable<Tab> table(Width::packed, true, shape, shape.head_dim / 2, Values::uniform, 2);
  const auto expected = rotated<X>(x, shape, table);
  const Map<const X, Rank> x_map(x.data(), sizes...);
  std::vector<X> out[4];
  for (std::vector<X>& each : out) each.resize(x.size());
  out[3] = x;
  const Eigen::DefaultDevice device;
  rw::apply_strided(device, Map<X, Rank>(out[0].data(), sizes...), x_map, table.view());
  rw::apply_stack_flatten(device, Map<X, Rank>(out[1].data(), sizes...), x_map, table.view());
  rw::apply(device, Map<X, Rank>(out[2].data(), sizes...), x_map, table.view());
  rw::apply_inplace(device, Map<X, Rank>(out[3].data(), sizes...), table.view());
  for (const std::vector<X>& each : out) EXPECT_TRUE(same_bits(each, expected));
}

TYPED_TEST(Ranks, TwoThreeAndFourAreTaken) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  expect_rank<X, Tab, 2>({1, 7, 1, 18}, 7, 18);
  expect_rank<X, Tab, 3>({1, 7, 3, 18}, 7, 3, 18);
  expect_rank<X, Tab, 4>({2, 7, 3, 18}, 2, 7, 3, 18);
}

}  // namespace
}  // namespace ropewalk_test
