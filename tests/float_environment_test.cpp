// The caller's floating-point environment: no form changes it, and what it changes in the results.
#include "support/float_environment.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cfenv>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/norm.hpp"
#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/every_call.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

constexpr int rounding_modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

TEST(FloatControls, AreSetAndSeen) {
  const std::uint64_t usual = float_controls();
  {
    FloatEnvironment environment;
    environment.round(FE_UPWARD);
    EXPECT_NE(float_controls(), usual);
  }
  {
    FloatEnvironment environment;
    const bool flushes = environment.flush_subnormals();
    EXPECT_EQ(float_controls() != usual, flushes);
  }
  EXPECT_EQ(float_controls(), usual);
}

/// A tensor, a table and the results of every form in an environment.
template <class X, class Tab>
struct Problem {
  explicit Problem(Values values)
      : x(random_values<X>(size_of(shape), values, 1)),
        table_values(random_values<Tab>(count_of(2 * shape.seq * shape.head_dim), values, 2)) {}

  /// One array for each form, computed after enter(environment).
  template <class Enter>
  std::vector<std::vector<X>> results(const Enter& enter) const {
    std::vector<std::vector<X>> all;
    const auto table = table_over(table_values.data(), Layout::half, {1, shape.seq, 1, 79});
    for (const Form& form : forms_of<X, X>()) {
      all.emplace_back(x.size());
      FloatEnvironment environment;
      enter(environment);
      apply_form(form, Eigen::DefaultDevice{}, rw::View<X>(all.back().data(), shape),
                 rw::View<const X>(x.data(), shape), table);
    }
    return all;
  }

  std::vector<std::vector<X>> usual_results() const {
    return results([](FloatEnvironment&) {});
  }

  static constexpr rw::Shape shape{1, 40, 3, 166};
  std::vector<X> x;
  std::vector<Tab> table_values;
};

template <class T>
void expect_same(const std::vector<std::vector<T>>& results,
                 const std::vector<std::vector<T>>& wanted) {
  ASSERT_EQ(results.size(), wanted.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(same_bits(results[i], wanted[i])) << forms_of<T, T>()[i].name();
  }
}

template <class T>
class Environment : public testing::Test {};
TYPED_TEST_SUITE(Environment, Dtypes);

TYPED_TEST(Environment, IsTheCallers) {
  with_every_table<TypeParam>([](auto calls) {
    for (const int mode : rounding_modes) {
      for (const bool flush : {false, true}) {
        std::uint64_t before = 0, after = 0;
        int raised = 0;
        {
          FloatEnvironment environment;
          environment.round(mode);
          if (flush) environment.flush_subnormals();
          // No product or sum divides by zero: whoever clears the flags clears this one.
          std::feraiseexcept(FE_DIVBYZERO);
          before = float_controls();
          calls();
          after = float_controls();
          raised = std::fetestexcept(FE_DIVBYZERO);
        }
        EXPECT_EQ(after, before) << "mode " << mode << ", flush " << flush;
        EXPECT_EQ(raised, FE_DIVBYZERO);
      }
    }
  });
}

// Lanes of a register beyond the end of a row hold no surprise.
TYPED_TEST(Environment, TrapsAreNotSprungByOrdinaryNumbers) {
  const auto trap = [](FloatEnvironment& environment) { environment.trap(); };
  const Problem<TypeParam, float> problem(Values::uniform);
  expect_same(problem.results(trap), problem.usual_results());
  const Problem<TypeParam, Eigen::half> narrow(Values::uniform);
  expect_same(narrow.results(trap), narrow.usual_results());
}

TEST(TrapsDeathTest, AreSet) {
  if (!FloatEnvironment().trap()) GTEST_SKIP() << "how to trap is not known here";
  const auto divide = [] {
    std::signal(SIGFPE, SIG_DFL);  // a sanitizer's handler would exit instead
    FloatEnvironment environment;
    environment.trap();
    volatile float zero = 0;
    zero = zero / zero;
  };
  EXPECT_EXIT(divide(), testing::KilledBySignal(SIGFPE), "");
}

// Flushing: subnormal operands count as zero, subnormal results become zero, in all forms alike.

const auto flush = [](FloatEnvironment& environment) { environment.flush_subnormals(); };

template <class X, class Tab>
void expect_all_forms_alike(Values values) {
  const std::vector<std::vector<X>> results = Problem<X, Tab>(values).results(flush);
  for (std::size_t i = 1; i < results.size(); ++i) {
    EXPECT_TRUE(same_bits(results[i], results[0])) << forms_of<X, X>()[i].name();
  }
}

TYPED_TEST(Environment, FlushingIsTheSameInEveryForm) {
  for (const Values values : {Values::bounded, Values::special}) {
    expect_all_forms_alike<TypeParam, double>(values);
    expect_all_forms_alike<TypeParam, float>(values);
    expect_all_forms_alike<TypeParam, Eigen::half>(values);
    expect_all_forms_alike<TypeParam, Eigen::bfloat16>(values);
  }
}

TYPED_TEST(Environment, FlushingChangesNothingWithoutSubnormals) {
  const Problem<TypeParam, float> problem(Values::uniform);
  expect_same(problem.results(flush), problem.usual_results());
}

// Its subnormals are normal numbers of the float in which it is computed.
TEST(Flushing, HalfKeepsItsSubnormals) {
  const Problem<Eigen::half, Eigen::half> problem(Values::bounded);
  expect_same(problem.results(flush), problem.usual_results());
}

TEST(Flushing, FloatLosesThem) {
  if (!FloatEnvironment().flush_subnormals()) GTEST_SKIP() << "how to flush is not known here";
  const Problem<float, float> problem(Values::bounded);
  EXPECT_FALSE(same_bits(problem.results(flush)[0], problem.usual_results()[0]));
}

// Rounding modes: only to nearest is promised; the others are left as they are, and leave nothing.

TYPED_TEST(Environment, NothingIsLeftOfAnotherRoundingMode) {
  const Problem<TypeParam, float> problem(Values::bounded);
  const std::vector<std::vector<TypeParam>> wanted = problem.usual_results();
  for (const int mode : rounding_modes) {
    const auto round = [mode](FloatEnvironment& environment) { environment.round(mode); };
    const std::vector<std::vector<TypeParam>> results = problem.results(round);
    expect_same(problem.results(round), results);
    if (mode == FE_TONEAREST) expect_same(results, wanted);
    expect_same(problem.usual_results(), wanted);
  }
}

const auto upward = [](FloatEnvironment& environment) { environment.round(FE_UPWARD); };

// README: the mode must be to nearest. The arithmetic would take another one over.
TEST(Rounding, AnotherModeGivesOtherBits) {
  const Problem<float, float> problem(Values::uniform);
  EXPECT_FALSE(same_bits(problem.results(upward)[0], problem.usual_results()[0]));
}

// Norms -------------------------------------------------------------------------------------------

template <class XType, class WType>
struct NormTypes {
  using X = XType;
  using W = WType;
};

/// Rows of which some features pass through, or of whole registers that all turn: those are
/// normalised and turned at once.
struct NormedRows {
  rw::Shape shape;
  Index pairs;
};
constexpr NormedRows some_turn{{1, 5, 11, 98}, 40}, all_turn{{1, 5, 11, 128}, 64};

/// A tensor, its norm and what turns it; the results of the definition, then of the fused form on
/// every instruction set, per head and over a token.
template <class X, class W>
struct NormProblem {
  explicit NormProblem(Values values, int exponent = 0, const NormedRows& rows = some_turn)
      : shape(rows.shape),
        pairs(rows.pairs),
        x(random_values<X>(size_of(shape), values, 1)),
        weight(random_values<W>(count_of(shape.heads * shape.head_dim), values, 2)),
        angles(random_values<float>(count_of(shape.seq * pairs), Values::uniform, 3)) {
    for (X& value : x) {
      if (exponent != 0) value = X(std::ldexp(static_cast<float>(value), exponent));
    }
  }

  /// take(call) for each of them; call(out) writes it.
  template <class Take>
  void for_every_call(const Take& take) const {
    const rw::View<const X> from(x.data(), shape);
    const rw::View<const float> rows(angles.data(), {1, shape.seq, 1, pairs});
    const auto table = rw::half_table(rows, rows);
    for (const auto& norm :
         {rw::rms_norm_torch(weight.data(), shape.head_dim, 0),
          rw::rms_norm_gemma(weight.data(), shape.heads * shape.head_dim, 0).over_token()}) {
      take([&](std::vector<X>& out) {
        rw::apply_strided(rw::serial, rw::View<X>(out.data(), shape), from, norm, table);
      });
      for (const rw::Isa isa : rw::available_isas()) {
        take([&](std::vector<X>& out) {
          rw::apply(rw::serial, rw::View<X>(out.data(), shape), from, norm, table,
                    rw::interleaved_pairs, forced(isa));
        });
      }
    }
  }

  template <class Enter>
  std::vector<std::vector<X>> results(const Enter& enter) const {
    std::vector<std::vector<X>> all;
    for_every_call([&](const auto& call) {
      all.emplace_back(x.size());
      FloatEnvironment environment;
      enter(environment);
      call(all.back());
    });
    return all;
  }

  std::vector<std::vector<X>> usual_results() const {
    return results([](FloatEnvironment&) {});
  }

  rw::Shape shape;
  Index pairs;
  std::vector<X> x;
  std::vector<W> weight;
  std::vector<float> angles;
};

template <class T>
void expect_same_normed(const std::vector<std::vector<T>>& results,
                        const std::vector<std::vector<T>>& wanted) {
  ASSERT_EQ(results.size(), wanted.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(same_bits(results[i], wanted[i])) << "result " << i;
  }
}

template <class T>
class NormEnvironment : public testing::Test {
 protected:
  using Problem = NormProblem<typename T::X, typename T::W>;

  static std::vector<Problem> every_problem() {
    // Some squares of the third are subnormal where x has the exponents of float.
    return {Problem(Values::bounded), Problem(Values::special), Problem(Values::uniform, -62),
            Problem(Values::uniform, 0, all_turn), Problem(Values::bounded, 0, all_turn)};
  }
};
using AllNormTypes =
    testing::Types<NormTypes<float, float>, NormTypes<Eigen::half, Eigen::half>,
                   NormTypes<Eigen::half, float>, NormTypes<Eigen::bfloat16, Eigen::bfloat16>,
                   NormTypes<Eigen::bfloat16, float>>;
TYPED_TEST_SUITE(NormEnvironment, AllNormTypes);

TYPED_TEST(NormEnvironment, IsTheCallers) {
  const typename TestFixture::Problem some(Values::special), all(Values::uniform, 0, all_turn);
  for (const int mode : rounding_modes) {
    for (const bool flushes : {false, true}) {
      const auto check = [&](const auto& call, auto out) {
        std::uint64_t before = 0, after = 0;
        int raised = 0;
        {
          FloatEnvironment environment;
          environment.round(mode);
          if (flushes) environment.flush_subnormals();
          std::feraiseexcept(FE_DIVBYZERO);  // as no row but one of zeros does
          before = float_controls();
          call(out);
          after = float_controls();
          raised = std::fetestexcept(FE_DIVBYZERO);
        }
        EXPECT_EQ(after, before) << "mode " << mode << ", flush " << flushes;
        EXPECT_EQ(raised, FE_DIVBYZERO);
      };
      some.for_every_call([&](const auto& call) { check(call, some.x); });
      all.for_every_call([&](const auto& call) { check(call, all.x); });
    }
  }
}

// Rows that are fewer than are taken at once leave lanes without any.
TYPED_TEST(NormEnvironment, TrapsAreNotSprungByOrdinaryNumbers) {
  const auto trap = [](FloatEnvironment& environment) { environment.trap(); };
  for (const NormedRows& rows : {some_turn, all_turn}) {
    const typename TestFixture::Problem problem(Values::uniform, 0, rows);
    expect_same_normed(problem.results(trap), problem.usual_results());
  }
}

TYPED_TEST(NormEnvironment, FlushingIsTheSameInEveryForm) {
  for (const auto& problem : this->every_problem()) {
    const auto results = problem.results(flush);
    const std::size_t forms = results.size() / 2;
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(same_bits(results[i], results[i / forms * forms])) << "result " << i;
    }
  }
}

TYPED_TEST(NormEnvironment, FlushingChangesNothingWithoutSubnormals) {
  for (const NormedRows& rows : {some_turn, all_turn}) {
    const typename TestFixture::Problem problem(Values::uniform, 0, rows);
    expect_same_normed(problem.results(flush), problem.usual_results());
  }
}

TEST(Flushing, FloatLosesTheSquaresOfARow) {
  if (!FloatEnvironment().flush_subnormals()) GTEST_SKIP() << "how to flush is not known here";
  const NormProblem<float, float> problem(Values::uniform, -62);
  EXPECT_FALSE(same_bits(problem.results(flush)[0], problem.usual_results()[0]));
}

TYPED_TEST(NormEnvironment, NothingIsLeftOfAnotherRoundingMode) {
  const typename TestFixture::Problem problem(Values::bounded);
  const auto wanted = problem.usual_results();
  for (const int mode : rounding_modes) {
    const auto round = [mode](FloatEnvironment& environment) { environment.round(mode); };
    const auto results = problem.results(round);
    expect_same_normed(problem.results(round), results);
    if (mode == FE_TONEAREST) expect_same_normed(results, wanted);
    expect_same_normed(problem.usual_results(), wanted);
  }
}

TEST(Rounding, AnotherModeGivesOtherBitsOfANorm) {
  const NormProblem<float, float> problem(Values::uniform);
  EXPECT_FALSE(same_bits(problem.results(upward)[0], problem.usual_results()[0]));
}

}  // namespace
}  // namespace ropewalk_test
