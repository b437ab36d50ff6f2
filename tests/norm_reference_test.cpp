// Tests of the reference of the norm: an oracle that is wrong would bless a library that is. What
// golden packs do not reach, such as sums of many thousand features, is held against sums that are
// written another way.
#include "support/norm_reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/bits.hpp"

namespace ropewalk_test {
namespace {

constexpr Dtype f32 = Dtype::f32;

Single single(float value) { return {to_bits(value)}; }

bool same(Single a, Single b) { return canonical(f32, a.bits) == canonical(f32, b.bits); }

// Arithmetic of the machine, one operation at a time, whatever the flags allow.

Single machine_quotient(Single a, Single b) {
  volatile float x = from_bits<float>(a.bits);
  volatile float y = from_bits<float>(b.bits);
  volatile float quotient = x / y;
  return single(quotient);
}

Single machine_root(Single a) {
  volatile float x = from_bits<float>(a.bits);
  volatile float root = std::sqrt(x);
  return single(root);
}

Single machine_fused(Single a, Single b, Single c) {
  volatile float x = from_bits<float>(a.bits);
  volatile float y = from_bits<float>(b.bits);
  volatile float z = from_bits<float>(c.bits);
  volatile float fused = std::fma(x, y, z);
  return single(fused);
}

void expect_machine(Single a, Single b, Single c) {
  EXPECT_TRUE(same(a / b, machine_quotient(a, b))) << hex(f32, a.bits) << " / " << hex(f32, b.bits);
  EXPECT_TRUE(same(square_root(a), machine_root(a))) << "root of " << hex(f32, a.bits);
  EXPECT_TRUE(same(fused_multiply_add(a, b, c), machine_fused(a, b, c)))
      << hex(f32, a.bits) << " * " << hex(f32, b.bits) << " + " << hex(f32, c.bits);
}

TEST(Single, MatchesMachineOnSpecialValues) {
  const std::vector<float> values = special_values<float>();
  for (const float a : values) {
    for (const float b : values) {
      for (const float c : values) expect_machine(single(a), single(b), single(c));
    }
  }
}

TEST(Single, MatchesMachineOnRandomValues) {
  Random random(1);
  for (int i = 0; i < 100000; ++i) {
    const auto any = [&] { return Single{random_pattern(f32, Values::any, random)}; };
    const auto near_one = [&] { return Single{random_pattern(f32, Values::uniform, random)}; };
    expect_machine(any(), any(), any());
    expect_machine(near_one(), near_one(), near_one());
  }
}

// A product in the middle between two floats: what decides is an addend far below both.
TEST(Single, FusedSumSeesWhatIsFarBelowATie) {
  const Single a = single(1 + 0x1p-12f);  // its square is 1 + 2^-11 + 2^-24
  const float below = 1 + 0x1p-11f;
  const float above = below + 0x1p-23f;
  for (int power = -149; power <= -24; ++power) {
    const float least = std::ldexp(1.0f, power);
    expect_machine(a, a, single(least));
    expect_machine(a, a, single(-least));
    EXPECT_TRUE(same(fused_multiply_add(a, a, single(least)), single(above))) << power;
    EXPECT_TRUE(same(fused_multiply_add(a, a, single(-least)), single(below))) << power;
  }
  EXPECT_TRUE(same(fused_multiply_add(a, a, single(0)), single(below)));  // to even
}

TEST(Single, CountsRoundToNearest) {
  EXPECT_TRUE(same(single_of(1), single(1)));
  EXPECT_TRUE(same(single_of((1 << 24) + 1), single(0x1p24f)));
  EXPECT_TRUE(same(single_of((1 << 24) + 3), single(0x1p24f + 4)));
}

// Sums written another way ------------------------------------------------------------------------

Row random_row(std::size_t features, std::uint64_t seed) {
  Random random(seed);
  Row row;
  for (std::size_t i = 0; i < features; ++i) {
    row.push_back({random_pattern(f32, Values::uniform, random)});
  }
  return row;
}

Single square_at(const Row& x, std::size_t i) { return x[i] * x[i]; }

/// From +0 on, as far as `count` terms go.
template <class Term>
Single folded(std::size_t count, const Term& term) {
  Single sum;
  for (std::size_t i = 0; i < count; ++i) sum = sum + term(i);
  return sum;
}

/// The sum of all values at first + i * step, i < count, of the squares of a row, by the CPU's
/// rule for one accumulator: blocks of 16^level values, each summed from blocks of 16 times fewer,
/// are summed level by level, what does not fill a block of 16 first.
Single counted(const Row& x, std::size_t first, std::size_t step, std::size_t count) {
  const auto at = [&](std::size_t i) { return square_at(x, first + i * step); };
  const auto block16 = [&](std::size_t start) {
    return folded(16, [&](std::size_t i) { return at(start + i); });
  };
  const auto block256 = [&](std::size_t start) {
    return folded(16, [&](std::size_t i) { return block16(start + 16 * i); });
  };
  const auto block4096 = [&](std::size_t start) {
    return folded(16, [&](std::size_t i) { return block256(start + 256 * i); });
  };
  const std::size_t from16 = count - count % 16;
  const std::size_t from256 = count - count % 256;
  const std::size_t from4096 = count - count % 4096;
  const Single rest = folded(count % 16, [&](std::size_t i) { return at(from16 + i); });
  const Single sixteens =
      folded((from16 - from256) / 16, [&](std::size_t i) { return block16(from256 + 16 * i); });
  const Single squares_of_16 = folded((from256 - from4096) / 256,
                                      [&](std::size_t i) { return block256(from4096 + 256 * i); });
  const Single cubes_of_16 =
      folded(from4096 / 4096, [&](std::size_t i) { return block4096(4096 * i); });
  return ((rest + sixteens) + squares_of_16) + cubes_of_16;
}

Single cpu_sum_by_blocks(const Row& x) {
  const std::size_t lanes = x.size() < 8 ? 1 : 8;
  const std::size_t groups = x.size() / (4 * lanes);
  const std::size_t vectors = x.size() / lanes;
  Row sums;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    Single first = counted(x, lane, 4 * lanes, groups);
    for (std::size_t i = 4 * lanes * groups + lane; i < lanes * vectors; i += lanes) {
      first = first + square_at(x, i);
    }
    const auto other = [&](std::size_t k) {
      return counted(x, lane + k * lanes, 4 * lanes, groups);
    };
    sums.push_back(first + other(1) + other(2) + other(3));
  }
  if (lanes == 1) return sums[0];
  const std::size_t left_over = x.size() % 8;
  return folded(left_over + 8, [&](std::size_t i) {
    return i < left_over ? square_at(x, x.size() - left_over + i) : sums[i - left_over];
  });
}

TEST(NormSums, CpuMatchesBlocksOfSixteen) {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1; size <= 640; ++size) sizes.push_back(size);
  // Around 256, 512 and 4096 groups, where the upper levels begin.
  for (const std::size_t groups :
       {255u, 256u, 257u, 511u, 512u, 529u, 4095u, 4096u, 4097u, 4400u}) {
    for (const std::size_t more : {0u, 8u, 17u, 31u}) sizes.push_back(32 * groups + more);
  }
  for (const std::size_t size : sizes) {
    const Row x = random_row(size, size);
    EXPECT_TRUE(same(sum_cpu(x), cpu_sum_by_blocks(x))) << size << " features";
  }
}

/// Every chain and its place in the tree by its number's bits: at the last level chains that differ
/// in the lowest bit meet, then those of the next bit, and so on.
Single fused_sum_from(const Row& x, std::size_t chain, std::size_t step) {
  if (step < 32)
    return fused_sum_from(x, chain, step * 2) + fused_sum_from(x, chain + step, step * 2);
  Single sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / 4 % 128 == chain) sum = fused_multiply_add(x[i], x[i], sum);
  }
  return sum;
}

TEST(NormSums, CudaFusedMatchesChainsByNumber) {
  for (std::size_t size = 1; size <= 6144; size += size < 150 ? 1 : size < 640 ? 7 : 500) {
    const Row x = random_row(size, size);
    const Single even = fused_sum_from(x, 0, 1) + fused_sum_from(x, 64, 1);
    const Single odd = fused_sum_from(x, 32, 1) + fused_sum_from(x, 96, 1);
    EXPECT_TRUE(same(sum_cuda_fused(x), even + odd)) << size << " features";
  }
}

/// Which thread and accumulator a feature goes to, by its number alone.
Single reduced(const Row& x, std::size_t threads) {
  const bool by_vectors = x.size() >= 128;
  std::vector<Row> sums(threads, Row(4));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool is_rest = by_vectors && i >= x.size() / 4 * 4;
    const std::size_t thread = is_rest ? i % 4 : by_vectors ? i / 4 % threads : i % threads;
    const std::size_t accumulator = is_rest ? 0 : by_vectors ? i % 4 : i / threads % 4;
    Single& sum = sums[thread][accumulator];
    sum = sum + square_at(x, i);
  }
  for (Row& of : sums) of = {of[0] + of[1] + of[2] + of[3]};
  for (std::size_t offset = threads / 2; offset > 0; offset /= 2) {
    for (std::size_t thread = 0; thread < offset; ++thread) {
      sums[thread][0] = sums[thread][0] + sums[thread + offset][0];
    }
  }
  return sums[0][0];
}

// By hand from the rule: h = min(p2(rows), 512 / min(p2(d), 32)), L = min(p2(d), 512 / h), where d
// is N below 128 features and N / 4 from there on.
TEST(NormSums, ThreadsOfARowByHand) {
  struct Threads {
    std::size_t features, rows, threads;
  };
  const Threads known[] = {
      {1, 1, 1},      {5, 1, 4},        {5, 64, 4},     {5, 1000, 4},   {31, 1000, 16},
      {64, 1, 64},    {64, 8, 64},      {64, 9, 64},    {64, 16, 32},   {80, 1, 64},
      {80, 8, 64},    {80, 15, 64},     {80, 16, 32},   {127, 4, 64},   {128, 1, 32},
      {128, 16, 32},  {256, 1, 64},     {256, 8, 64},   {256, 16, 32},  {512, 4, 128},
      {512, 7, 128},  {512, 8, 64},     {1536, 1, 256}, {1536, 2, 256}, {1536, 3, 256},
      {1536, 4, 128}, {1536, 64, 32},   {2048, 1, 512}, {5120, 1, 512}, {5120, 2, 256},
      {5120, 15, 64}, {5120, 4096, 32}, {6144, 1, 512}};
  for (const Threads& of : known) {
    EXPECT_EQ(threads_of_row(of.features, of.rows), of.threads)
        << of.features << " features, " << of.rows << " rows";
  }
}

TEST(NormSums, CudaReduceMatchesFeaturesByNumber) {
  for (std::size_t size = 1; size <= 6144; size += size < 140 ? 1 : size < 1200 ? 5 : 412) {
    const Row x = random_row(size, size);
    for (const std::size_t rows : {1u, 2u, 5u, 8u, 16u, 4095u}) {
      EXPECT_TRUE(same(sum_cuda_reduce(x, rows), reduced(x, threads_of_row(size, rows))))
          << size << " features, " << rows << " rows";
    }
  }
  EXPECT_THROW(sum_cuda_reduce(random_row(8192, 1), 16), std::invalid_argument);
}

// Means, rstd and finishes by hand ---------------------------------------------------------------

TEST(NormReference, EveryOrderHasItsOwnSum) {
  std::set<std::pair<std::size_t, std::size_t>> apart;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Row row = random_row(256, seed);
    const Row sums = {sum_cpu(row), sum_cuda_fused(row), sum_cuda_reduce(row, 3),
                      sum_cuda_reduce(row, 16)};
    const Row means = {mean_of_squares(SumOrder::cpu, row, 3),
                       mean_of_squares(SumOrder::cuda_fused, row, 3),
                       mean_of_squares(SumOrder::cuda_reduce, row, 3),
                       mean_of_squares(SumOrder::cuda_reduce, row, 16)};
    for (std::size_t i = 0; i < sums.size(); ++i) {
      EXPECT_TRUE(same(means[i], sums[i] / single(256))) << "row " << seed << ", order " << i;
      for (std::size_t j = 0; j < i; ++j) {
        if (!same(sums[i], sums[j])) apart.emplace(j, i);
      }
    }
  }
  EXPECT_EQ(apart.size(), 6u);  // every two of the four
}

TEST(NormReference, MeansDivideOrMultiply) {
  const Row nine = {single(2), single(2), single(1), {}, {}};  // 9 / 5, and 9 * fl(1 / 5)
  EXPECT_TRUE(same(mean_of_squares(SumOrder::cpu, nine, 1), {0x3fe66666}));
  EXPECT_TRUE(same(mean_of_squares(SumOrder::cuda_reduce, nine, 1), {0x3fe66667}));
  const Row eight = {single(2), single(2), {}, {}, single(1), {}, {}, {}};
  EXPECT_TRUE(same(mean_of_squares(SumOrder::cuda_fused, eight, 1), single(1.125f)));
  // The factor is fl(fl(rows) / fl(49 * rows)): for one row 0x3ca72f05, whose 49 times round to 1;
  // for 359029 rows, the product of which takes 25 bits, the next float.
  const Row ones(49, single(1));
  EXPECT_TRUE(same(mean_of_squares(SumOrder::cuda_reduce, ones, 1), single(1)));
  EXPECT_TRUE(same(mean_of_squares(SumOrder::cuda_reduce, ones, 359029), single(1 + 0x1p-23f)));
}

TEST(NormReference, RstdRoundsRootAndQuotient) {
  EXPECT_TRUE(same(inverse_root(single(6), {}), {0x3ed105eb}));  // 1 / sqrt(6) is nearer 0x3ed105ec
  EXPECT_TRUE(same(inverse_root(single(1), single(0x1p-24f)), single(1)));
  EXPECT_TRUE(same(inverse_root({}, {}), {format_of(f32).infinity()}));
  EXPECT_TRUE(same(inverse_root({format_of(f32).infinity()}, {}), {}));
}

TEST(NormReference, FinishesRoundWhereTheySay) {
  const auto out = [](Finish finish, Dtype type, float y, float w) {
    const Single weight = single(w);
    return from_bits<float>(convert(type, f32, finished(finish, type, single(y), &weight)));
  };
  // In bfloat16 y is a tie and goes to 1; times w it is above the next tie.
  const float y = 1 + 0x1p-8f;
  const float w = 1 + 0x1p-7f;
  EXPECT_EQ(out(Finish::one_rounding, Dtype::bf16, y, w), 1 + 0x1p-6f);
  EXPECT_EQ(out(Finish::round_then_weight, Dtype::bf16, y, w), w);
  EXPECT_EQ(out(Finish::one_plus_weight, Dtype::bf16, y, 0x1p-7f), 1 + 0x1p-6f);
  EXPECT_EQ(out(Finish::round_then_weight, f32, y, w), out(Finish::one_rounding, f32, y, w));
  // 1 + w rounds to 1; neither y + y * w nor y * (1 + w), rounded once, is y.
  EXPECT_EQ(out(Finish::one_plus_weight, f32, 1 + 0x1p-23f, 0x1p-24f), 1 + 0x1p-23f);
  EXPECT_EQ(finished(Finish::round_then_weight, Dtype::bf16, single(y), nullptr), 0x3f80u);
  EXPECT_EQ(finished(Finish::one_rounding, Dtype::f16, single(70000), nullptr), 0x7c00u);
  // (7 * fl(1 / 7)) * 3; 7 * (fl(1 / 7) * 3) and (7 * 3) * fl(1 / 7) are the float above.
  EXPECT_EQ(finished(Finish::one_rounding, f32, Row{single(7)}, {0x3e124925}, Row{single(3)}),
            std::vector<Bits>{to_bits(3.0f)});
}

}  // namespace
}  // namespace ropewalk_test
