// A norm before the rotation: the fused form against the definition, on every instruction set, in
// every layout; errors. The definition itself: norm_definition_test, golden_norm_test.
#define EIGEN_USE_THREADS  // Eigen declares its ThreadPoolDevice only then

#include "ropewalk/norm.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/fault_pages.hpp"
#include "support/norm_problem.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::NormFinish;
using rw::Pairing;
using rw::Shape;

template <class T>
class Norm : public testing::Test {};
TYPED_TEST_SUITE(Norm, AllNormTypes);

/// 2^exponent, or what X has of it, by a random mantissa and sign.
template <class X>
X of_exponent(std::mt19937& random, int exponent) {
  const float mantissa = static_cast<float>(256 + random() % 256) / 256;
  return static_cast<X>(std::ldexp(random() % 2 == 0 ? mantissa : -mantissa, exponent));
}

// Rows that are turned in registers, and those that cannot be: features, weights and coefficients
// of every magnitude, zeros of both signs, outputs of zero.
TYPED_TEST(Norm, EveryMagnitude) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  std::mt19937 random(1);
  for (int trial = 0; trial < 160; ++trial) {
    SCOPED_TRACE(testing::Message() << "trial " << trial);
    const Index head_dim = trial % 5 == 0 ? 192 : 64 << trial % 2;
    const Shape shape{1, 1 + trial / 2 % 2, 19, head_dim};
    Problem<X, W> problem(shape, trial % 4 == 3, finish_of<X, W>(trial), head_dim / 2, Place::dense,
                          Values::uniform);
    const int scale = trial * 2 - 160, spread = trial % 7 < 4 ? 1 : 24;
    for (X& x : problem.x) {
      const int exponent = scale + static_cast<int>(random() % static_cast<unsigned>(spread));
      x = random() % 64 == 0 ? static_cast<X>(random() % 2 == 0 ? 0.0f : -0.0f)
                             : of_exponent<X>(random, exponent);
    }
    const int of_weight = trial % 16 == 9    ? 114
                          : trial % 16 == 10 ? -124
                          : trial % 6 == 0   ? trial - 80
                          : trial % 6 == 1   ? -30
                                             : 0;
    for (W& weight : problem.weight) weight = of_exponent<W>(random, of_weight);
    if (trial % 8 == 2) problem.weight[0] = W(0.0f);
    for (std::size_t i = 0; i < problem.sin.size(); i += 3) problem.sin[i] = 0;
    if (trial % 8 == 4) problem.cos[1] = 0x1p115f;
    if (trial % 8 == 6) std::fill(problem.sin.begin(), problem.sin.end(), 0x1p-120f);
    problem.expect_defined(trial % 3 == 0 ? Pairing::half : Pairing::interleaved);
  }
}

// Rows with one large feature, beside which others are normalised to below float's normal numbers:
// their rounding shows in what they turn with, which is not.
TEST(NormOfBfloat16, FeaturesFarBelowTheirRow) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 4; ++trial) {
    const Pairing pairing = trial % 2 == 0 ? Pairing::interleaved : Pairing::half;
    // Features that are too small themselves, or made so by their row and a weight.
    const bool are_small = trial < 2;
    Problem<bfloat16, bfloat16> problem({1, 4, 19, 128}, false, NormFinish::one_rounding, 64,
                                        Place::dense, Values::uniform);
    const auto weight = static_cast<bfloat16>(are_small ? 1.0f : 0x1p-9f);
    std::fill(problem.weight.begin(), problem.weight.end(), weight);
    std::fill(problem.cos.begin(), problem.cos.end(), 0.8f);
    std::fill(problem.sin.begin(), problem.sin.end(), 0.6f);
    for (std::size_t i = 0; i < problem.x.size(); ++i) {
      const bool is_first = pairing == Pairing::half ? i % 128 < 64 : i % 2 == 0;
      const int exponent = is_first ? -98 : -93;
      problem.x[i] = i % 128 == 0 ? of_exponent<bfloat16>(random, are_small ? 33 : 60)
                                  : of_exponent<bfloat16>(random, exponent + (are_small ? 0 : 36));
    }
    problem.expect_defined(pairing);
  }
}

// Rests of vectors, of groups of vectors and of the registers of every set; carries from 512 on.
TYPED_TEST(Norm, EveryLength) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (Index head_dim = 2; head_dim <= 2048; head_dim += head_dim < 140 ? 2 : 62) {
    SCOPED_TRACE(testing::Message() << "head_dim " << head_dim);
    const NormFinish finish = finish_of<X, W>(head_dim / 6);
    const Index pairs = head_dim % 3 == 0 ? head_dim / 4 : head_dim / 2;
    for (const Values values : {Values::uniform, Values::special}) {
      Problem<X, W>({1, 1, 9, head_dim}, false, finish, pairs, Place::dense, values)
          .expect_defined(pairings[head_dim / 2 % 3]);
      if (this->HasFailure()) return;
    }
  }
}

// Heads whose features are whole groups of vectors and heads that share a vector, near and far
// apart; sums with two and three levels.
TYPED_TEST(Norm, OverAllHeadsOfAToken) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  Index turn = 0;
  for (const auto& [heads, head_dim] : {std::pair<Index, Index>{1, 64},
                                        {3, 2},
                                        {3, 6},
                                        {12, 128},
                                        {24, 64},
                                        {5, 80},
                                        {40, 128},
                                        {20, 30},
                                        {64, 128},
                                        {33, 1024}}) {
    ++turn;  // so that a place meets every finish
    for (const Place place : places) {
      SCOPED_TRACE(testing::Message() << heads << " heads of " << head_dim);
      const Problem<X, W> of({2, 3, heads, head_dim}, true, finish_of<X, W>(turn++), head_dim / 2,
                             place, Values::uniform);
      of.expect_defined(pairings[heads % 3]);
    }
  }
}

// Some features whose products are subnormal or zero among others, and rows whose squares are.
// Without pairs, or larger partners would hide them.
TYPED_TEST(Norm, SubnormalNumbers) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (const auto& [most, some] : {std::pair{0, -127}, {0, -130}, {-68, -68}, {-75, -75}}) {
    Problem<X, W> of({1, 2, 12, 136}, false, NormFinish::one_rounding, 0, Place::dense,
                     Values::uniform, false);
    of.norm.eps = 0;
    int i = 0;
    for (X& value : of.x) {
      const float magnitude = std::abs(static_cast<float>(value));
      value = static_cast<X>(-std::ldexp(magnitude, i++ % 97 == 0 ? some : most));
    }
    of.expect_defined(Pairing::half);
  }
}

TYPED_TEST(Norm, EveryLayout) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (const Place place : places) {
    for (const Pairing pairing : pairings) {
      for (int turn = 0; turn < 6; ++turn) {
        SCOPED_TRACE(testing::Message() << "place " << static_cast<int>(place) << ", pairing "
                                        << static_cast<int>(pairing) << ", turn " << turn);
        const bool weighted = turn < 3;
        Problem<X, W>(
            {2, 5, 20, 72}, false, finish_of<X, W>(turn, weighted), 32, place,
            (turn + static_cast<int>(pairing)) % 2 == 0 ? Values::uniform : Values::special,
            weighted)
            .expect_defined(pairing);
      }
    }
  }
}

TYPED_TEST(Norm, ATableOfNoPairsNormalisesAlone) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  const Problem<X, W> of({1, 3, 2, 80}, false, NormFinish::one_plus_weight, 0, Place::dense);
  of.expect_defined(Pairing::interleaved);
  EXPECT_FALSE(same_bits(of.defined(Pairing::interleaved), of.x));
}

// Without pairs head_dim may be odd: fewer than eight features are added up one by one.
TYPED_TEST(Norm, OddLengths) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (const Index head_dim : {1, 3, 5, 7, 9, 15, 31, 33, 47, 131, 1023}) {
    for (const bool over_token : {false, true}) {
      SCOPED_TRACE(testing::Message() << "head_dim " << head_dim);
      for (const Values values : {Values::uniform, Values::special}) {
        Problem<X, W>({1, 2, 3, head_dim}, over_token, finish_of<X, W>(head_dim / 2), 0,
                      Place::dense, values)
            .expect_defined(Pairing::interleaved);
      }
    }
  }
}

// Tokens of one head are rows of one batch; beyond the near caches rows are prefetched.
TEST(NormOfMany, Tokens) {
  Problem<float, float>({1, 4500, 1, 128}, false, NormFinish::one_rounding, 64, Place::dense,
                        Values::uniform)
      .expect_defined(Pairing::half);
  Problem<bfloat16, bfloat16>({1, 1000, 9, 128}, true, NormFinish::one_rounding, 64, Place::dense,
                              Values::uniform)
      .expect_defined(Pairing::interleaved_to_half);
  Problem<half, half>({1, 150, 1, 24}, false, NormFinish::one_rounding, 12, Place::dense)
      .expect_defined(Pairing::half);
}

/// Such an array that holds random values, which nobody may write.
template <class T>
struct ReadOnlyPages : FaultPages<T> {
  ReadOnlyPages(Index count, Against against, std::uint64_t seed)
      : FaultPages<T>(static_cast<std::size_t>(count), against) {
    fill(*this, Values::uniform, seed);
    this->forbid_writing();
  }
};

// Nothing is read or written outside the rows, the weight and the table: pages that fault stand
// beside them.
TYPED_TEST(Norm, TouchesItsRowsAlone) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  Index turn = 0;
  for (const Index head_dim : {2, 10, 30, 34, 64, 72, 98, 130, 192, 544}) {
    for (const bool over_token : {false, true}) {
      for (const Against against : {Against::start, Against::end}) {
        ++turn;  // so that a page meets every finish
        for (const Pairing pairing : pairings) {
          const Shape shape{1, 2, 3, head_dim};
          const ReadOnlyPages<X> x(6 * head_dim, against, 1);
          const ReadOnlyPages<W> weight((over_token ? 3 : 1) * head_dim, against, 2);
          const ReadOnlyPages<float> cos(head_dim, against, 3), sin(head_dim, against, 4);
          const rw::View<const X> rows(x.data(), shape);
          const Shape turns{1, 2, 1, head_dim / 2};
          const auto table = rw::half_table(rw::View<const float>(cos.data(), turns),
                                            rw::View<const float>(sin.data(), turns));
          auto norm = rw::rms_norm_torch(weight.data(), static_cast<Index>(weight.size()), 1e-6);
          norm.finish = finish_of<X, W>(turn++);
          if (over_token) norm = norm.over_token();
          FaultPages<X> out(x.size(), against);
          const rw::View<X> to(out.data(), shape);
          std::vector<X> wanted(x.size());
          rw::apply_strided(rw::serial, rw::View<X>(wanted.data(), shape), rows, norm, table,
                            rw::Options(pairing));
          for (const rw::Isa isa : rw::available_isas()) {
            const rw::CpuOptions cpu(rw::Stores::automatic, isa);
            rw::apply(rw::serial, to, rows, norm, table, rw::Options(pairing), cpu);
            EXPECT_TRUE(same_bits(out, wanted)) << rw::isa_name(isa);
            EXPECT_TRUE(out.surroundings_kept()) << rw::isa_name(isa);
            if (pairing == Pairing::interleaved_to_half) continue;
            std::copy_n(x.data(), x.size(), out.data());
            rw::apply_inplace(rw::serial, to, norm, table, rw::Options(pairing), cpu);
            EXPECT_TRUE(same_bits(out, wanted)) << rw::isa_name(isa) << ", in place";
            EXPECT_TRUE(out.surroundings_kept()) << rw::isa_name(isa) << ", in place";
          }
        }
      }
    }
  }
}

class NormOfSeveralTokens : public testing::TestWithParam<Index> {};
INSTANTIATE_TEST_SUITE_P(Counts, NormOfSeveralTokens, testing::Values(1, 1500));

// Queries, keys and values in one call, each with its own norm or none, by maps and on a pool,
// whose three threads share the tokens.
TEST_P(NormOfSeveralTokens, EachHasItsOwn) {
  const Index seq = GetParam();
  const Problem<bfloat16, bfloat16> q({1, seq, 12, 64}, true, NormFinish::one_rounding, 32,
                                      Place::dense, Values::uniform);
  const Problem<bfloat16, float> k({1, seq, 4, 64}, false, NormFinish::one_plus_weight, 32,
                                   Place::dense, Values::uniform);
  const auto table = q.table();
  const auto map_of = [seq](std::vector<bfloat16>& data, Index heads) {
    return Eigen::TensorMap<Eigen::Tensor<bfloat16, 3, Eigen::RowMajor>>(data.data(), seq, heads,
                                                                         64);
  };
  const auto alone = [&](const auto& of) {
    std::vector<bfloat16> out = of.x;
    rw::apply_strided(rw::serial, of.view(out.data()), of.view(of.x.data()), of.norm, table);
    return out;
  };
  std::vector<bfloat16> v = k.x, turned_v = k.x;
  rw::apply_inplace(rw::serial, k.view(turned_v.data()), table);
  const std::tuple norms{q.norm, k.norm, rw::no_norm};
  Eigen::ThreadPool threads(3);
  const Eigen::ThreadPoolDevice pool(&threads, 3);
  std::vector<bfloat16> q_in_place = q.x, k_in_place = k.x;
  rw::apply_inplace(pool, std::tuple{map_of(q_in_place, 12), map_of(k_in_place, 4), map_of(v, 4)},
                    norms, table);
  EXPECT_TRUE(same_bits(q_in_place, alone(q)));
  EXPECT_TRUE(same_bits(k_in_place, alone(k)));
  EXPECT_TRUE(same_bits(v, turned_v));
  std::vector<bfloat16> q_out = q.x, k_out = k.x, v_out = k.x;
  rw::apply(rw::serial, std::tuple{map_of(q_out, 12), k.view(k_out.data()), map_of(v_out, 4)},
            std::tuple{q.view(q.x.data()), k.view(k.x.data()), k.view(k.x.data())}, norms, table);
  EXPECT_TRUE(same_bits(q_out, alone(q)));
  EXPECT_TRUE(same_bits(k_out, alone(k)));
  EXPECT_TRUE(same_bits(v_out, turned_v));
  const auto error = error_of([&] {
    rw::apply_inplace(rw::serial, std::tuple{q.view(q_out.data()), k.view(k_out.data())},
                      std::tuple{q.norm, rw::rms_norm_torch(k.weight.data(), 63)}, table);
  });
  EXPECT_EQ(error,
            "apply_inplace: size of the norm's weight[1] is 63, must be 64, the head_dim of x");
  EXPECT_TRUE(same_bits(q_out, alone(q)));
}

// A weight that lies in another tensor of the call would be turned before it is read.
TEST_P(NormOfSeveralTokens, AWeightIsApartFromEveryOut) {
  const Problem<float, float> q({1, GetParam(), 3, 32}, false, NormFinish::one_rounding, 16,
                                Place::dense);
  std::vector<float> q_data = q.x, k_data = q.x;
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(
                  rw::serial, std::tuple{q.view(q_data.data()), q.view(k_data.data())},
                  std::tuple{rw::no_norm, rw::rms_norm_torch(q_data.data() + 8, 32)}, q.table());
            }),
            "apply_inplace: memory of xs[0] overlaps that of the norm's weight[1], must be apart "
            "from it");
  EXPECT_TRUE(same_bytes(q_data, q.x));
}

// Nor may one tensor be written where another lies.
TEST_P(NormOfSeveralTokens, OutsAreApart) {
  const Problem<float, float> q({1, GetParam(), 3, 32}, false, NormFinish::one_rounding, 16,
                                Place::dense);
  std::vector<float> data = q.x;
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(rw::serial,
                                std::tuple{q.view(data.data()), q.view(data.data() + 32)},
                                std::tuple{q.norm, q.norm}, q.table());
            }),
            "apply_inplace: memory of xs[1] overlaps that of xs[0], must be apart from it");
  EXPECT_TRUE(same_bytes(data, q.x));
}

// Every head has a row of the table of its own.
TEST(NormOfSeveral, ATableForEachHead) {
  const Shape shape{1, 3, 5, 48};
  const auto x = random_values<half>(720, Values::uniform, 1);
  const auto turns = random_values<float>(3 * 5 * 24, Values::uniform, 2);
  const rw::View<const float> rows(turns.data(), {1, 3, 5, 24});
  for (const Pairing pairing : pairings) {
    std::vector<half> wanted(720), out(720);
    const auto call = [&](const auto& form, std::vector<half>& to) {
      form(rw::View<half>(to.data(), shape), rw::View<const half>(x.data(), shape),
           rw::rms_norm_without_weight(1e-6), rw::half_table(rows, rows), rw::Options(pairing));
    };
    call([](auto... with) { rw::apply_strided(rw::serial, with...); }, wanted);
    call([](auto... with) { rw::apply(rw::serial, with...); }, out);
    EXPECT_TRUE(same_bits(out, wanted));
  }
}

// Tokens that are left keep their bytes; others find their row by their id.
TEST(NormOfSeveral, TokensThatAreLeft) {
  const Problem<float, float> of({2, 6, 3, 32}, false, NormFinish::one_rounding, 16, Place::dense,
                                 Values::uniform);
  const std::vector<std::int32_t> ids = {3, -1, 0, 5, -1, 2};
  const auto table = of.table().gather(ids.data(), ids.size()).leaving(-1);
  std::vector<float> wanted = of.x, in_place = of.x;
  rw::apply_strided(rw::serial, of.view(wanted.data()), of.view(of.x.data()), of.norm, table);
  rw::apply_inplace(rw::serial, of.view(in_place.data()), of.norm, table);
  EXPECT_TRUE(same_bytes(in_place, wanted));
  EXPECT_TRUE(same_bytes(in_place.data() + 96, of.x.data() + 96, 96));
}

// One token finds its row by its id, too, or is left.
TEST(NormOfSeveral, OneTokenByItsId) {
  const Problem<float, float> of({1, 6, 3, 32}, false, NormFinish::one_rounding, 16, Place::dense,
                                 Values::uniform);
  const Shape token{1, 1, 3, 32};
  for (const std::int32_t id : {-1, 0, 5}) {
    const auto table = of.table().gather(&id, 1).leaving(-1);
    std::vector<float> wanted = of.x, in_place = of.x;
    rw::apply_strided(rw::serial, rw::View<float>(wanted.data(), token),
                      rw::View<const float>(of.x.data(), token), of.norm, table);
    rw::apply_inplace(rw::serial, rw::View<float>(in_place.data(), token), of.norm, table);
    EXPECT_TRUE(same_bytes(in_place, wanted));
    EXPECT_EQ(id < 0, same_bytes(in_place, of.x));
  }
}

TEST(NormOfMany, FeaturesThatAreTooMany) {
  std::vector<float> x(8);
  const rw::View<float> wide(x.data(), {1, 1, 2049, 8192}, {0, 0, 8192});
  const rw::View<const float> none(nullptr, {1, 1, 1, 0});
  EXPECT_EQ(error_of([&] {
              rw::apply_inplace(rw::serial, wide, rw::rms_norm_without_weight(0).over_token(),
                                rw::half_table(none, none));
            }),
            "apply_inplace: size of the norm is 16785408, must be at most 16777216");
  const rw::View<const float> row(x.data(), {1, 1, 1, 4});
  std::vector<float> moved(2 * 8194);
  EXPECT_EQ(error_of([&] {
              rw::apply(rw::serial, rw::View<float>(moved.data(), {1, 1, 1, 8194}),
                        rw::View<float>(moved.data() + 8194, {1, 1, 1, 8194}),
                        rw::rms_norm_without_weight(0), rw::half_table(row, row),
                        rw::interleaved_to_half_pairs);
            }),
            "apply: head_dim, normalised and moved, of x is 8194, must be at most 8192");
}

// Of a bad call nothing is written, and the text names what is wrong.
class NormErrors : public testing::Test {
 protected:
  static constexpr Shape shape{1, 2, 3, 8};
  std::vector<bfloat16> x = std::vector<bfloat16>(48, bfloat16(1));
  std::vector<bfloat16> weight = std::vector<bfloat16>(24, bfloat16(1));
  std::vector<float> wide = std::vector<float>(24, 1.0f), angles = std::vector<float>(8, 0.5f);

  /// Of two tokens, and the same of the first.
  template <class W>
  std::string text(const rw::RmsNorm<W>& norm) {
    const std::string error = text(norm, 2);
    EXPECT_EQ(text(norm, 1), error);
    return error;
  }

  template <class W>
  std::string text(const rw::RmsNorm<W>& norm, Index seq) {
    const auto before = x;
    const rw::View<const float> rows(angles.data(), {1, seq, 1, 4});
    const std::string error = error_of([&] {
      rw::apply_inplace(rw::serial, rw::View<bfloat16>(x.data(), {1, seq, 3, 8}), norm,
                        rw::half_table(rows, rows));
    });
    EXPECT_TRUE(error.empty() || same_bytes(x, before));
    return error;
  }
};

TEST_F(NormErrors, NameWhatIsWrong) {
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 24)),
            "apply_inplace: size of the norm's weight is 24, must be 8, the head_dim of x");
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8).over_token()),
            "apply_inplace: size of the norm's weight is 8, must be 24, the heads * head_dim of x");
  EXPECT_EQ(text(rw::rms_norm_torch<bfloat16>(nullptr, 8)),
            "apply_inplace: data of the norm's weight is null, must point to the 8 weights");
  EXPECT_EQ(text(rw::rms_norm_hf(wide.data(), 8)),
            "apply_inplace: type of the norm's weight is float, must be that of x: PyTorch's "
            "round_then_weight would return float");
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8, -1)),
            "apply_inplace: eps of the norm is -1, must be 0 or more and finite, as a float, too");
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8, std::numeric_limits<double>::quiet_NaN())),
            "apply_inplace: eps of the norm is nan, must be 0 or more and finite, as a float, too");
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8, std::numeric_limits<double>::infinity())),
            "apply_inplace: eps of the norm is inf, must be 0 or more and finite, as a float, too");
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8, 1e300)),
            "apply_inplace: eps of the norm is 1e+300, must be 0 or more and finite, as a float, "
            "too");
  rw::RmsNorm<float> gemma = rw::rms_norm_without_weight(1e-6);
  gemma.finish = NormFinish::one_plus_weight;
  EXPECT_EQ(text(gemma),
            "apply_inplace: finish of the norm is one_plus_weight, must be another where there is "
            "no weight");
  const auto norm = rw::rms_norm_torch(weight.data(), 8);
  for (const auto order : {rw::NormOrder::cuda_fused, rw::NormOrder::cuda_reduce}) {
    EXPECT_EQ(text(norm.in_order(order)),
              "apply_inplace: order of the norm is that of a CUDA device, must be automatic or cpu "
              "on a CPU");
  }
  EXPECT_EQ(text(norm.in_order(rw::NormOrder::automatic, -1)),
            "apply_inplace: rows of the norm is -1, must be 0 or more");
  EXPECT_EQ(text(rw::rms_norm_torch(x.data() + 16, 8)),
            "apply_inplace: memory of x overlaps that of the norm's weight, must be apart from it");
}

TEST_F(NormErrors, TheOrderOfACpuIsItsOwn) {
  const auto before = x;
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8)), "");
  const auto automatic = x;
  x = before;
  EXPECT_EQ(text(rw::rms_norm_torch(weight.data(), 8).in_order(rw::NormOrder::cpu, 3)), "");
  EXPECT_TRUE(same_bytes(x, automatic));
}

TEST_F(NormErrors, AFloatWeightThatPyTorchDoesNotPromoteBy) {
  const rw::View<const float> rows(angles.data(), {1, 2, 1, 4});
  for (const auto& norm :
       {rw::rms_norm_torch(wide.data(), 8, 0), rw::rms_norm_gemma(wide.data(), 8)}) {
    EXPECT_EQ(error_of([&] {
                rw::apply_inplace(rw::serial, rw::View<bfloat16>(x.data(), shape), norm,
                                  rw::half_table(rows, rows));
              }),
              "");
  }
}

}  // namespace
}  // namespace ropewalk_test
