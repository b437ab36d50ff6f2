// Frequencies and the rules of their terms: published values, index maps, float steps, errors.
#include "ropewalk/frequencies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/dense_frequencies.hpp"
#include "support/error_of.hpp"

namespace ropewalk {
namespace {

using ropewalk_test::dense;
using ropewalk_test::error_of;
using ropewalk_test::frequency_at;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double value(const Frequencies& list, std::size_t i) { return list.terms.at(i).frequency; }

/// The theta that an unscaled list was made with: its second frequency is theta^(-2 / dim).
double theta_of(const Frequencies& list) {
  return std::pow(value(list, 1), -static_cast<double>(list.pairs));
}

/// Reference values have ten digits.
void expect_published(double got, double published) {
  EXPECT_NEAR(got / published, 1, 6e-10) << got << " against " << published;
}

/// The axis of each pair's only term.
std::vector<Index> axes_of(const Frequencies& of) {
  std::vector<Index> axes;
  for (const Term& term : of.terms) {
    EXPECT_EQ(term.pair, static_cast<Index>(axes.size()));
    axes.push_back(term.axis);
  }
  return axes;
}

std::vector<Index> pairs_of_axis(const Frequencies& of, Index axis) {
  std::vector<Index> pairs;
  for (const Term& term : of.terms) {
    if (term.axis == axis) pairs.push_back(term.pair);
  }
  return pairs;
}

/// A list whose entry i is the number i.
Frequencies numbered(Index pairs) {
  List<double> values;
  for (Index i = 0; i < pairs; ++i) values.push_back(static_cast<double>(i));
  return own_frequencies(values);
}

Frequencies in_sections(TermRule rule, const List<Index>& sections) {
  Index pairs = 0;
  for (const Index section : sections) pairs += section;
  return arrange({numbered(pairs)}, rule, sections);
}

// Scaling rules -----------------------------------------------------------------------------------

TEST(Frequencies, UnscaledArePowersOfTheta) {
  const Frequencies list = frequencies(8, 1e4);
  EXPECT_EQ(list.axes, 1);
  EXPECT_EQ(list.heads, 1);
  EXPECT_EQ(list.pairs, 4);
  EXPECT_EQ(list.attention_factor, 1);
  const double expected[] = {1, 0.1, 0.01, 0.001};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(value(list, i), expected[i]);
  EXPECT_EQ(frequencies(0, 1e4).pairs, 0);
}

TEST(Frequencies, LinearDividesAll) {
  const Frequencies plain = frequencies(256, 1e6);
  const Frequencies list = frequencies(256, 1e6, Linear{8});
  for (std::size_t i = 0; i < 128; ++i) EXPECT_EQ(value(list, i), value(plain, i) / 8);
}

TEST(Frequencies, StaticNtkChangesTheta) {
  expect_published(theta_of(frequencies(128, 1e4, StaticNtk{4})), 40889.942432);
  expect_published(theta_of(frequencies(44, 1e4, StaticNtk{2})), 20671.155660);  // Cosmos, t
}

TEST(Frequencies, DynamicNtkFollowsTheLength) {
  const DynamicNtk rule{2, 4096};
  const auto theta_at = [&](Index length) {
    return theta_of(frequencies(128, 1e4, rule, {length, AngleSteps::f64}));
  };
  for (const Index length : {0, 1, 4096}) EXPECT_NEAR(theta_at(length), 1e4, 1e-8);
  expect_published(theta_at(8192), 30527.736749);
  expect_published(theta_at(16384), 72195.860087);
}

TEST(Frequencies, Llama3KeepsMixesAndDivides) {
  const Frequencies plain = frequencies(128, 5e5);
  const Frequencies list = frequencies(128, 5e5, Llama3{8, 1, 4, 8192});
  for (std::size_t i = 0; i <= 28; ++i) EXPECT_EQ(value(list, i), value(plain, i));
  for (std::size_t i = 35; i < 64; ++i) EXPECT_EQ(value(list, i), value(plain, i) / 8);
  const double mixed[] = {2.166570764e-03, 1.371893568e-03, 8.567514129e-04,
                          5.248461610e-04, 3.126937504e-04, 1.785078128e-04};
  for (std::size_t i = 29; i <= 34; ++i) expect_published(value(list, i), mixed[i - 29]);
  expect_published(value(list, 28), 3.211445995e-03);
  expect_published(value(list, 35), 9.556212354e-05);
  expect_published(value(list, 63), 3.068925989e-07);
  EXPECT_EQ(list.attention_factor, 1);
}

// Llama 4 Scout: where the factors are one, no frequency is mixed.
TEST(Frequencies, Llama3WithEqualFactorsKeepsOrDivides) {
  const Frequencies plain = frequencies(128, 5e5);
  const Frequencies list = frequencies(128, 5e5, Llama3{16, 1, 1, 8192});
  for (std::size_t i = 0; i < 64; ++i) {
    const bool is_long = 2 * std::acos(-1.0) / value(plain, i) > 8192;
    EXPECT_EQ(value(list, i), is_long ? value(plain, i) / 16 : value(plain, i)) << i;
  }
  // The first wavelength, 2 pi, stands exactly where both factors put it.
  const double low = 8192 / static_cast<double>(static_cast<float>(2 * std::acos(-1.0)));
  EXPECT_EQ(value(frequencies(128, 5e5, Llama3{16, low, low, 8192}, {0, AngleSteps::f32}), 0), 1);
}

TEST(Frequencies, Llama3WithFactor32) {
  const Frequencies list = frequencies(128, 5e5, Llama3{32, 1, 4, 8192});
  expect_published(value(list, 30), 1.290547928e-03);
  expect_published(value(list, 34), 9.708287803e-05);
  expect_published(value(list, 35), 2.389053088e-05);
  expect_published(value(list, 63), 7.672314972e-08);
}

// PyTorch divides a number by a tensor as the number times the reciprocals: with one rounding less
// this would be 23 units in the last place off, for the difference cancels.
TEST(Frequencies, Llama3DividesAsPyTorchDoes) {
  const Frequencies list = frequencies(64, 7e5, Llama3{39, 1, 4, 12288}, {0, AngleSteps::f32});
  EXPECT_EQ(value(list, 18), 1.4543726138072088e-05);
}

TEST(Frequencies, YarnOfDeepSeek) {
  Yarn rule{40, 4096};
  rule.mscale = 1;
  rule.mscale_all_dim = 1;
  const Frequencies list = frequencies(64, 1e4, rule);
  EXPECT_EQ(list.attention_factor, 1);
  expect_published(value(list, 10), 5.623413252e-02);
  expect_published(value(list, 16), 5.5e-03);
  expect_published(value(list, 20), 7.905694150e-04);
  expect_published(value(list, 23), 3.333803580e-05);
  expect_published(value(list, 24), 2.5e-05);
}

TEST(Frequencies, YarnOfQwenTruncatedOrNot) {
  Yarn rule{4, 32768};
  const Frequencies truncated = frequencies(128, 1e6, rule);
  expect_published(truncated.attention_factor, 1.138629436);
  expect_published(value(truncated, 24), 5.375321491e-03);
  expect_published(value(truncated, 30), 1.064360981e-03);
  rule.truncate = false;
  const Frequencies list = frequencies(128, 1e6, rule);
  expect_published(value(list, 24), 5.517270475e-03);
  expect_published(value(list, 30), 1.079237742e-03);
}

TEST(Frequencies, YarnOfGptOss) {
  const Frequencies list = frequencies(64, 150000, Yarn{32, 4096, false});
  expect_published(list.attention_factor, 1.346573590);
  expect_published(value(list, 10), 1.933500113e-02);
  expect_published(value(list, 16), 4.564839192e-04);
}

TEST(Frequencies, YarnFillsInWhatIsNotGiven) {
  const Frequencies list = frequencies(128, 1e6, Yarn{4, 32768});
  Yarn by_lengths{0, 32768};
  by_lengths.max_length = 131072;
  EXPECT_EQ(frequencies(128, 1e6, by_lengths).terms, list.terms);
  Yarn with_betas{4, 32768};
  with_betas.beta_fast = 32;
  with_betas.beta_slow = 1;
  EXPECT_EQ(frequencies(128, 1e6, with_betas).terms, list.terms);
}

TEST(Frequencies, YarnAttentionFactors) {
  const auto factor = [](double scale, double mscale, double mscale_all_dim) {
    Yarn rule{scale, 4096};
    rule.mscale = mscale;
    rule.mscale_all_dim = mscale_all_dim;
    return frequencies(64, 1e4, rule).attention_factor;
  };
  EXPECT_DOUBLE_EQ(factor(40, 0, 0), 0.1 * std::log(40) + 1);
  EXPECT_DOUBLE_EQ(factor(40, 2, 0), 0.1 * std::log(40) + 1);  // both or none
  EXPECT_DOUBLE_EQ(factor(40, 2, 1), (0.2 * std::log(40) + 1) / (0.1 * std::log(40) + 1));
  EXPECT_EQ(factor(1, 0, 0), 1);
  EXPECT_EQ(factor(0.5, 0, 0), 1);
  Yarn rule{40, 4096};
  rule.attention_factor = 1.25;
  EXPECT_EQ(frequencies(64, 1e4, rule).attention_factor, 1.25);
}

TEST(Frequencies, YarnIsMadeByNamedSteps) {
  const Yarn rule = Yarn{40, 4096}.with_mscales(0.5, 0.25).without_truncation();
  EXPECT_EQ(rule.factor, 40);
  EXPECT_EQ(rule.original_length, 4096);
  EXPECT_EQ(rule.mscale, 0.5);
  EXPECT_EQ(rule.mscale_all_dim, 0.25);
  EXPECT_FALSE(rule.truncate);
}

// Both ends of the ramp are at pair 10.47: it steps from kept to divided between two pairs.
TEST(Frequencies, YarnRampOfNoWidth) {
  Yarn rule{4, 4096, false};
  rule.beta_fast = rule.beta_slow = 32;
  const Frequencies plain = frequencies(64, 1e4);
  const Frequencies list = frequencies(64, 1e4, rule);
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(value(list, i) / value(plain, i), i <= 10 ? 1 : 0.25, 1e-15) << i;
  }
}

// Of a length of less than a turn both ends are before the first pair, which is kept all the same.
TEST(Frequencies, YarnRampBeginsAtTheFirstPair) {
  const Frequencies plain = frequencies(64, 1e4);
  const Frequencies list = frequencies(64, 1e4, Yarn{4, 6});
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(value(list, i) / value(plain, i), i == 0 ? 1 : 0.25, 1e-15) << i;
  }
}

// Of a long length the ramp ends behind the last pair, but not behind dim - 1.
TEST(Frequencies, YarnRampEndsBehindTheLastPair) {
  const Frequencies plain = frequencies(64, 1e4);
  const auto expect_ramp = [&](const Yarn& rule, double low, double high) {
    const Frequencies list = frequencies(64, 1e4, rule);
    for (std::size_t i = 0; i < 32; ++i) {
      const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
      EXPECT_NEAR(value(list, i) / value(plain, i), 1 - 0.75 * ramp, 1e-15) << i;
    }
  };
  expect_ramp(Yarn{4, 131072}, 22, 35);  // pairs 22.5 and 34.6 by their wavelengths
  Yarn wide{4, 600000000};               // 15.8 and 63.9
  wide.beta_fast = 1e6;
  expect_ramp(wide, 15, 63);
}

TEST(Frequencies, LongRopeSwitchesItsListAndKeepsItsAttentionFactor) {
  const LongRope rule{{1, 2}, {10, 20}, 32, 4096};
  const auto at = [&](Index length) {
    return frequencies(4, 1e4, rule, {length, AngleSteps::f64});
  };
  for (const Index length : {0, 4096}) {
    EXPECT_DOUBLE_EQ(value(at(length), 0), 1);
    EXPECT_DOUBLE_EQ(value(at(length), 1), 0.005);
  }
  EXPECT_DOUBLE_EQ(value(at(4097), 0), 0.1);
  EXPECT_DOUBLE_EQ(value(at(4097), 1), 0.0005);
  expect_published(at(0).attention_factor, 1.190238071);
  EXPECT_EQ(at(0).attention_factor, at(4097).attention_factor);
}

TEST(Frequencies, LongRopeAttentionFactors) {
  LongRope rule{{1}, {1}, 0, 4096};
  rule.max_length = 131072;
  expect_published(frequencies(2, 1e4, rule).attention_factor, 1.190238071);
  rule.factor = 0.5;
  EXPECT_EQ(frequencies(2, 1e4, rule).attention_factor, 1);
  rule.attention_factor = 1.5;
  EXPECT_EQ(frequencies(2, 1e4, rule).attention_factor, 1.5);
}

TEST(Frequencies, ProportionalTurnsAPrefixOfTheFullHead) {
  const Frequencies plain = frequencies(512, 1e6);
  const Frequencies list = frequencies(512, 1e6, Proportional{0.25});
  ASSERT_EQ(list.pairs, 256);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(value(list, i), value(plain, i));
  for (std::size_t i = 64; i < 256; ++i) EXPECT_EQ(value(list, i), 0);
  const Frequencies halved = frequencies(512, 1e6, Proportional{0.25, 2});
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(value(halved, i), value(list, i) / 2);
}

TEST(Frequencies, IncreasingRunFromHalfPiToThetaHalfPi) {
  const double half_pi = std::acos(0.0);
  const Frequencies list = detail::increasing_frequencies(5, 1e4);
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_DOUBLE_EQ(value(list, j), half_pi * std::pow(10.0, static_cast<double>(j)));
  }
  EXPECT_EQ(dense(detail::increasing_frequencies(1, 1e4)), List<double>{half_pi});
  // Its exponents, by torch.linspace(0, 1, 341) in float: not j / 340.
  const std::pair<Index, float> exponents[] = {{0, 0.0f},
                                               {1, 0.0029411765281111f},
                                               {100, 0.29411765933036804f},
                                               {171, 0.5029411911964417f},
                                               {200, 0.5882352590560913f},
                                               {300, 0.8823529481887817f},
                                               {339, 0.9970588088035583f},
                                               {340, 1.0f}};
  for (const auto& [j, exponent] : exponents) {
    EXPECT_EQ(detail::fraction(j, 341, 0.0f), exponent) << j;
  }
  EXPECT_EQ(detail::increasing_frequencies(0, 1e4).pairs, 0);
}

TEST(Frequencies, OwnListIsKept) {
  const Frequencies list = own_frequencies({3, -1, 0.5}, 2);
  EXPECT_EQ(list.pairs, 3);
  EXPECT_EQ(dense(list), (List<double>{3, -1, 0.5}));
  EXPECT_EQ(list.attention_factor, 2);
}

// Float steps -------------------------------------------------------------------------------------

// Each step stored to a volatile float: rounded, and not fused with the next.
float stored(double value) {
  volatile float result = static_cast<float>(value);
  return result;
}

TEST(Frequencies, FloatStepsRoundEveryStep) {
  const Frequencies list = frequencies(96, 5e5, Linear{3}, {0, AngleSteps::f32});
  for (std::size_t i = 0; i < 48; ++i) {
    const float exponent = stored(static_cast<float>(2 * i) / 96.0f);
    const float power = stored(std::pow(5e5, static_cast<double>(exponent)));
    const float frequency = stored(1.0f / power);
    EXPECT_EQ(value(list, i), static_cast<double>(stored(frequency / 3.0f))) << i;
  }
}

TEST(Frequencies, FloatStepsOfAnyRuleStayNearTheDoubleOnes) {
  const std::vector<Scaling> rules = {
      Unscaled{},
      Linear{8},
      StaticNtk{4},
      DynamicNtk{2, 4096},
      Yarn{4, 32768},
      Llama3{},
      Proportional{0.25},
      LongRope{std::vector<double>(64, 1.1), std::vector<double>(64, 9.0), 32, 4096}};
  for (const Scaling& rule : rules) {
    const Frequencies exact = frequencies(128, 1e6, rule, {8192, AngleSteps::f64});
    const Frequencies rounded = frequencies(128, 1e6, rule, {8192, AngleSteps::f32});
    for (std::size_t i = 0; i < 64; ++i) {
      EXPECT_EQ(value(rounded, i), static_cast<float>(value(rounded, i)));
      // The exponent is off by half an ulp of 1: ln(theta) times that in the power. Llama 3 and
      // YaRN subtract nearby numbers on the way.
      EXPECT_NEAR(value(rounded, i), value(exact, i), 4e-6 * value(exact, i))
          << static_cast<int>(rule.rule) << i;
    }
    EXPECT_EQ(exact.attention_factor, rounded.attention_factor);
  }
  EXPECT_EQ(frequencies(128, 1e6, Llama3{}, {0, AngleSteps::f32_angles}).terms,
            frequencies(128, 1e6, Llama3{}).terms);
}

// Term rules --------------------------------------------------------------------------------------

TEST(TermRules, AxisAfterAxis) {
  const Frequencies all =
      arrange({numbered(2), numbered(0), numbered(1)}, TermRule::axis_after_axis);
  EXPECT_EQ(all.axes, 3);
  EXPECT_EQ(all.pairs, 3);
  EXPECT_EQ(all.terms, (List<Term>{{0, 0, 0}, {1, 0, 1}, {2, 2, 0}}));
}

TEST(TermRules, AlternatingIsFrequencyMajor) {
  const Frequencies all = arrange({3, numbered(2)}, TermRule::alternating);
  EXPECT_EQ(all.terms,
            (List<Term>{{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {3, 0, 1}, {4, 1, 1}, {5, 2, 1}}));
  EXPECT_EQ(arrange({numbered(2)}, TermRule::alternating, {2, 2, 2}).terms, all.terms);
}

TEST(TermRules, ContiguousSectionsOfQwen2Vl) {
  const Frequencies all = in_sections(TermRule::contiguous_sections, {16, 24, 24});
  ASSERT_EQ(all.terms.size(), 64u);
  for (Index i = 0; i < 64; ++i) {
    const Term term{i, i < 16 ? 0 : i < 40 ? 1 : 2, static_cast<double>(i)};
    EXPECT_EQ(all.terms[static_cast<std::size_t>(i)], term) << i;
  }
  EXPECT_EQ(axes_of(in_sections(TermRule::contiguous_sections, {1, 2, 1, 2})),
            (std::vector<Index>{0, 1, 1, 2, 3, 3}));
}

TEST(TermRules, InterleavedSectionsOfQwen3Vl) {
  const Frequencies all = in_sections(TermRule::interleaved_sections, {24, 20, 20});
  ASSERT_EQ(all.terms.size(), 64u);
  for (Index i = 0; i < 64; ++i) {
    const Term term{i, i < 60 ? i % 3 : 0, static_cast<double>(i)};
    EXPECT_EQ(all.terms[static_cast<std::size_t>(i)], term) << i;
  }
  // HunyuanImage-3: even pairs y, odd pairs x.
  EXPECT_EQ(axes_of(in_sections(TermRule::interleaved_sections, {2, 2})),
            (std::vector<Index>{0, 1, 0, 1}));
}

// Ideogram-4: 24 + 20 + 20 pairs of 128, the rest t, is the same rule with a larger section t.
TEST(TermRules, InterleavedSectionsLeaveTheRestToTheFirstAxis) {
  const Frequencies all = in_sections(TermRule::interleaved_sections, {88, 20, 20});
  EXPECT_EQ(pairs_of_axis(all, 1).front(), 1);
  EXPECT_EQ(pairs_of_axis(all, 1).back(), 58);
  EXPECT_EQ(pairs_of_axis(all, 2).front(), 2);
  EXPECT_EQ(pairs_of_axis(all, 2).back(), 59);
  EXPECT_EQ(pairs_of_axis(all, 0).size(), 88u);
}

TEST(TermRules, AlternatingSectionsOfErnie) {
  const Frequencies all = in_sections(TermRule::alternating_sections, {22, 22, 20});
  ASSERT_EQ(all.terms.size(), 64u);
  for (Index i = 0; i < 64; ++i) {
    const Term term{i, i >= 44 ? 0 : i % 2 == 0 ? 1 : 2, static_cast<double>(i)};
    EXPECT_EQ(all.terms[static_cast<std::size_t>(i)], term) << i;
  }
}

// Mochi's kind: values [axes, heads, pairs], the terms of a pair in the order of the axes.
TEST(TermRules, OwnFrequenciesOfSeveralAxes) {
  const Frequencies all = own_frequencies(2, 1, 2, {1, 2, 3, 4}, 1.5);
  EXPECT_EQ(all.terms, (List<Term>{{0, 0, 1}, {1, 0, 2}, {0, 1, 3}, {1, 1, 4}}));
  EXPECT_EQ(all.attention_factor, 1.5);
  EXPECT_EQ(error_of([] {
              own_frequencies(2, 1, 2, {1, 2, 3});
            }),
            "own_frequencies: length of the values is 3, must be 4");
  EXPECT_EQ(error_of([] { own_frequencies(2, -1, 2, {}); }),
            "own_frequencies: heads of the values is -1, must be 0 or more");
}

// A list may have several terms for an entry, or none; a pair that takes it has as many.
TEST(TermRules, ArrangeTakesAllTermsOfAnEntry) {
  const Frequencies list{1, 1, 3, {{2, 0, 3}, {0, 0, 1}, {2, 0, 4}}, 1};
  const Frequencies all = arrange({own_frequencies({7}), list}, TermRule::axis_after_axis);
  EXPECT_EQ(all.terms, (List<Term>{{0, 0, 7}, {1, 1, 1}, {3, 1, 3}, {3, 1, 4}}));
}

TEST(TermRules, ArrangeSharesASingleList) {
  // MiniMax-H3: t, h and w have the same 2 frequencies, axis after axis.
  const Frequencies all =
      arrange({own_frequencies({1, 2}, 1.5)}, TermRule::axis_after_axis, {2, 2});
  EXPECT_EQ(dense(all), (List<double>{1, 2, 0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(all.attention_factor, 1.5);
  const Frequencies mrope =
      arrange({own_frequencies({1, 2, 3})}, TermRule::contiguous_sections, {1, 2});
  EXPECT_EQ(dense(mrope), (List<double>{1, 0, 0, 0, 2, 3}));
}

TEST(TermRules, IdentityPairsComeFirstAndFallToHeadZero) {
  const Frequencies list = arrange({own_frequencies({1})}, TermRule::axis_after_axis, {1, 1});
  const Frequencies wide = detail::with_identity_pairs(2, list);
  EXPECT_EQ(dense(wide), (List<double>{0, 0, 1, 0, 0, 0, 0, 1}));
  const Frequencies heads = detail::split_heads(2, wide);
  EXPECT_EQ(heads.heads, 2);
  EXPECT_EQ(heads.pairs, 2);
  EXPECT_EQ(frequency_at(heads, 0, 1, 0), 1);
  EXPECT_EQ(frequency_at(heads, 1, 1, 1), 1);
  EXPECT_EQ(frequency_at(heads, 0, 0, 0), 0);
}

TEST(TermRules, AxialFrequenciesOfHelios) {
  const Frequencies all = detail::axial_frequencies({44, 42, 42}, 1e4);
  EXPECT_EQ(all.axes, 3);
  EXPECT_EQ(all.pairs, 64);
  for (Index pair = 0; pair < 64; ++pair) {
    const Index axis = pair < 22 ? 0 : pair < 43 ? 1 : 2;
    const Index i = pair - (axis == 0 ? 0 : axis == 1 ? 22 : 43);
    const double dim = axis == 0 ? 44 : 42;
    for (Index other = 0; other < 3; ++other) {
      const double expected = std::pow(1e4, -2 * static_cast<double>(i) / dim);
      EXPECT_NEAR(frequency_at(all, other, 0, pair), other == axis ? expected : 0, 1e-15);
    }
  }
}

// Errors ------------------------------------------------------------------------------------------

TEST(FrequenciesErrors, NameWhatIsWrong) {
  const auto text = [](Index dim, double theta, const Scaling& rule) {
    return error_of([&] { frequencies(dim, theta, rule); });
  };
  EXPECT_EQ(text(63, 1e4, Unscaled{}), "frequencies: rotary_dim of the rope is 63, must be even");
  EXPECT_EQ(text(-2, 1e4, Unscaled{}),
            "frequencies: rotary_dim of the rope is -2, must be 0 or more");
  EXPECT_EQ(text(64, 0, Unscaled{}),
            "frequencies: theta of the rope is 0, must be finite and more than 0");
  EXPECT_EQ(text(64, -1e4, Unscaled{}),
            "frequencies: theta of the rope is -10000, must be finite and more than 0");
  EXPECT_EQ(text(64, infinity, Unscaled{}),
            "frequencies: theta of the rope is inf, must be finite and more than 0");
  EXPECT_EQ(text(64, 1e10, StaticNtk{1e300}),
            "frequencies: theta of the rope is inf, must be finite and more than 0");
  EXPECT_EQ(text(8, 4e-265, Linear{1e-300}),
            "frequencies: a frequency of the rope is inf, must be finite");
  EXPECT_EQ(text(64, 1e4, Linear{nan}),
            "frequencies: factor of Linear is nan, must be finite and more than 0");
  EXPECT_EQ(text(2, 1e4, StaticNtk{2}),
            "frequencies: rotary_dim of StaticNtk is 2, must be more than 2");
  EXPECT_EQ(text(64, 1e4, DynamicNtk{2, 0}),
            "frequencies: max_length of DynamicNtk is 0, must be 1 or more");
  EXPECT_EQ(text(2, 1e4, DynamicNtk{2, 4096}),
            "frequencies: rotary_dim of DynamicNtk is 2, must be more than 2");
  EXPECT_EQ(text(64, 1e4, Yarn{0, 4096}),
            "frequencies: factor of Yarn is 0, must be finite and more than 0");
  EXPECT_EQ(text(64, 1e4, Yarn{4, 0}),
            "frequencies: original_length of Yarn is 0, must be 1 or more");
  EXPECT_EQ(text(64, 1, Yarn{4, 4096}), "frequencies: theta of Yarn is 1, must be other than 1");
  Yarn loud{4, 4096};
  loud.attention_factor = infinity;
  EXPECT_EQ(text(64, 1e4, loud),
            "frequencies: attention_factor of the rope is inf, must be finite");
  EXPECT_EQ(text(4, 1e4, LongRope{{1, 1}, {1, 1, 1}, 4, 4096}),
            "frequencies: length of long_factors of LongRope is 3, must be 2");
  EXPECT_EQ(text(4, 1e4, LongRope{{1, 1}, {1, 1}, 4, 1}),
            "frequencies: original_length of LongRope is 1, must be finite and more than 1");
  EXPECT_EQ(
      text(4, 1e4, LongRope{{1, 0}, {1, 1}, 4, 4096}),
      "frequencies: an entry of the factors of LongRope is 0, must be finite and more than 0");
  EXPECT_EQ(text(64, 1e4, Proportional{1.5}),
            "frequencies: partial_rotary_factor of Proportional is 1.5, must be from 0 to 1");
}

// Rounded to infinity or 0 they would give frequencies of 0 without a word.
TEST(FrequenciesErrors, FloatStepsHoldTheirNumbers) {
  const auto text = [](double theta, const Scaling& rule, Index dim = 4) {
    return error_of([&] { frequencies(dim, theta, rule, {0, AngleSteps::f32}); });
  };
  const std::string range = ", must be in the range of the type in which steps are taken";
  EXPECT_EQ(text(1e40, Unscaled{}), "frequencies: theta of the rope is 1e+40" + range);
  EXPECT_EQ(text(1e-40, Unscaled{}), "frequencies: theta of the rope is 1e-40" + range);
  EXPECT_EQ(text(1e4, Linear{1e40}), "frequencies: factor of Linear is 1e+40" + range);
  EXPECT_EQ(text(1e4, Yarn{1e40, 4096}), "frequencies: factor of Yarn is 1e+40" + range);
  EXPECT_EQ(text(1e4, LongRope{{1e40, 1}, {1, 1}, 4, 4096}),
            "frequencies: an entry of the factors of LongRope is 1e+40" + range);
  EXPECT_EQ(text(1e4, Llama3{1e40}), "frequencies: factor of Llama3 is 1e+40" + range);
  EXPECT_EQ(text(1e4, Llama3{8, 1e-40}),
            "frequencies: low_frequency_factor of Llama3 is 1e-40" + range);
  EXPECT_EQ(text(1e4, Llama3{8, 1, 1e40}),
            "frequencies: high_frequency_factor of Llama3 is 1e+40" + range);
  EXPECT_EQ(text(1e4, Llama3{8, 1e-36, 4}),
            "frequencies: original_length / low_frequency_factor of Llama3 is 8.192e+39" + range);
  EXPECT_EQ(text(1e4, Proportional{1, 1e40}),
            "frequencies: factor of Proportional is 1e+40" + range);
  EXPECT_EQ(error_of([&] { detail::increasing_frequencies(4, 1e40, AngleSteps::f32); }),
            "increasing_frequencies: theta of the axis is 1e+40" + range);
  EXPECT_EQ(frequencies(4, 1e40).pairs, 2);
}

TEST(TermErrors, NameWhatIsWrong) {
  const auto error_of_term = [](const Term& term) {
    const Frequencies list{1, 1, 2, {{0, 0, 1}, term}, 1};
    return error_of([&] { detail::split_heads(2, list); });
  };
  EXPECT_EQ(error_of_term({2, 0, 1}),
            "split_heads: pair of a term of frequencies is 2, must be 0 or more and less than 2");
  EXPECT_EQ(error_of_term({-1, 0, 1}),
            "split_heads: pair of a term of frequencies is -1, must be 0 or more and less than 2");
  EXPECT_EQ(error_of_term({1, 1, 1}),
            "split_heads: axis of a term of frequencies is 1, must be 0 or more and less than 1");
  EXPECT_EQ(error_of_term({1, 0, infinity}),
            "split_heads: frequency of a term of frequencies is inf, must be finite");
}

TEST(TermRuleErrors, NameWhatIsWrong) {
  const Frequencies list = frequencies(128, 1e6);
  const auto error = [&](TermRule rule, const List<Index>& counts) {
    return error_of([&] { arrange({list}, rule, counts); });
  };
  EXPECT_EQ(error(TermRule::contiguous_sections, {16, 24, 20}),
            "arrange: pairs of a list is 64, must be 60, as the counts say");
  EXPECT_EQ(error(TermRule::contiguous_sections, {16, 24, 30}),
            "arrange: pairs of a list is 64, must be 70, as the counts say");
  EXPECT_EQ(error_of([&] {
              arrange({list, list}, TermRule::axis_after_axis, {64, 64, 64});
            }),
            "arrange: length of lists is 2, must be 1 or 3");
  EXPECT_EQ(
      error_of([&] {
        arrange({own_frequencies({1}, 1), own_frequencies({1}, 2)}, TermRule::axis_after_axis);
      }),
      "arrange: attention_factor of a list is 2, must be that of the first list");
  EXPECT_EQ(error(TermRule::contiguous_sections, {}),
            "arrange: pairs of a list is 64, must be 0, as the counts say");
  EXPECT_EQ(error(TermRule::alternating, {64, 63}),
            "arrange: a count of alternating axes is 63, must be 64");
  EXPECT_EQ(error(TermRule::interleaved_sections, {2, 30, 32}),
            "arrange: a count of interleaved sections is 30, must be at most 21");
  EXPECT_EQ(error(TermRule::interleaved_sections, {24, -1, 20}),
            "arrange: a count of counts is -1, must be 0 or more");
  EXPECT_EQ(error(TermRule::alternating_sections, {22, 20, 22}),
            "arrange: count of w of alternating sections is 20, must be 22");
  EXPECT_EQ(error(TermRule::alternating_sections, {22, 22}),
            "arrange: length of alternating sections is 2, must be 3");
  // Sizes that no memory holds, before any of it is filled.
  constexpr Index huge = Index{1} << 61;
  EXPECT_EQ(error_of([] { frequencies(huge, 1e4); }),
            "frequencies: rotary_dim of the rope is 2305843009213693952, must be at most "
            "576460752303423487");
  EXPECT_EQ(error_of([] { detail::increasing_frequencies(huge, 1e4); }),
            "increasing_frequencies: count of the axis is 2305843009213693952, must be at most "
            "576460752303423487");
  EXPECT_EQ(error(TermRule::axis_after_axis, {huge}),
            "arrange: a count of counts overflows: the sum must fit memory");
  EXPECT_EQ(error_of([&] { detail::split_heads(3, list); }),
            "split_heads: pairs of frequencies is 64, must be a multiple of 3");
  EXPECT_EQ(error_of([&] {
              detail::axial_frequencies({44, 41, 43}, 1e4);
            }),
            "frequencies: rotary_dim of the rope is 41, must be even");
}

}  // namespace
}  // namespace ropewalk
