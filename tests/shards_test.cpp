// Shards: each token once, the rows of the whole table, and together the bits of the whole.
#include "ropewalk/shards.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/build.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/positions.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Chunk;
using rw::Index;
using rw::Shard;
using Ids = rw::List<Index>;

static_assert(std::is_trivially_copyable_v<Chunk> && std::is_trivially_copyable_v<Shard>);

constexpr Index most_ranks = 9, most_tokens = 40;
constexpr Index largest = std::numeric_limits<Index>::max();

using Split = Shard (*)(Index seq, Index ranks, Index rank);
Shard contiguous(Index seq, Index ranks, Index rank) {
  return rw::contiguous_shard(seq, ranks, rank);
}
constexpr Split splits[] = {contiguous, rw::zigzag_shard};

/// Calls work(split, seq, ranks) for every split of every length.
template <class Work>
void for_every_split(const Work& work) {
  for (const Split split : splits) {
    for (Index ranks = 1; ranks <= most_ranks; ++ranks) {
      for (Index seq = 0; seq <= most_tokens; ++seq) {
        SCOPED_TRACE(testing::Message() << (split == contiguous ? "contiguous, " : "zigzag, ")
                                        << seq << " tokens, " << ranks << " ranks");
        work(split, seq, ranks);
      }
    }
  }
}

TEST(Shards, HaveEachTokenOnce) {
  for_every_split([](Split split, Index seq, Index ranks) {
    std::vector<int> times(static_cast<std::size_t>(seq), 0);
    for (Index rank = 0; rank < ranks; ++rank) {
      const Shard shard = split(seq, ranks, rank);
      const Ids ids = rw::token_ids(shard);
      EXPECT_EQ(static_cast<Index>(ids.size()), shard.seq());
      for (const Index id : ids) ++times.at(static_cast<std::size_t>(id));
    }
    EXPECT_EQ(times, std::vector<int>(times.size(), 1));
  });
}

// Those of lower ranks are not the smaller ones.
TEST(Shards, DifferByOneTokenAtMost) {
  for_every_split([](Split split, Index seq, Index ranks) {
    for (Index rank = 0; rank < ranks; ++rank) {
      const Index more = rank < seq % ranks ? 1 : 0;
      const Index count = split(seq, ranks, rank).seq();
      EXPECT_LE(count, seq / ranks + (seq % ranks == 0 ? 0 : 1));
      EXPECT_GE(count, seq / ranks + (split == contiguous ? more : 0));
    }
  });
}

// A token attends to those before it and to itself.
TEST(Shards, OfZigzagHaveTheSameWorkUnderACausalMask) {
  for (Index ranks = 1; ranks <= most_ranks; ++ranks) {
    const Index seq = 2 * ranks * 3;
    for (Index rank = 0; rank < ranks; ++rank) {
      Index work = 0;
      for (const Index id : rw::token_ids(rw::zigzag_shard(seq, ranks, rank))) work += id + 1;
      EXPECT_EQ(work, seq * (seq + 1) / 2 / ranks);
    }
  }
}

TEST(Shards, WhereTheyBegin) {
  // As torch.arange(10).tensor_split(4).
  Index begin = 0;
  for (const Index rank : {0, 1, 2, 3}) {
    const auto [at, count] = rw::contiguous_shard(10, 4, rank);
    EXPECT_EQ(at, begin);
    EXPECT_EQ(count, rank < 2 ? 3 : 2);
    begin += count;
  }
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(8, 2, 0)), (Ids{0, 1, 6, 7}));
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(8, 2, 1)), (Ids{2, 3, 4, 5}));
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(8, 2, 0), 100), (Ids{100, 101, 106, 107}));
  // Chunks of 2, 2, 2, 1, 1, 1.
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(9, 3, 0)), (Ids{0, 1, 8}));
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(9, 3, 1)), (Ids{2, 3, 7}));
  EXPECT_EQ(rw::token_ids(rw::zigzag_shard(9, 3, 2)), (Ids{4, 5, 6}));
}

TEST(Shards, OfSizesUpTo64Bits) {
  for (const Index ranks : {Index{1}, Index{2}, Index{3}, largest / 2}) {
    const Chunk last = rw::contiguous_shard(largest, ranks, ranks - 1);
    EXPECT_EQ(last.begin, largest - last.count);
    EXPECT_EQ(last.count, largest / ranks);
    const Shard ends = rw::zigzag_shard(largest, ranks, 0);
    EXPECT_EQ(ends.early.begin, 0);
    EXPECT_EQ(ends.late.begin, largest - ends.late.count);
    const Shard middle = rw::zigzag_shard(largest, ranks, ranks - 1);
    EXPECT_EQ(middle.early.begin + middle.early.count, middle.late.begin);
  }
  EXPECT_EQ(rw::contiguous_shard(5, largest, 4).count, 1);
  EXPECT_EQ(rw::contiguous_shard(5, largest, largest - 1).begin, 5);
  EXPECT_EQ(rw::contiguous_shard(5, largest, largest - 1).count, 0);
  EXPECT_EQ(rw::token_ids(Chunk{largest - 2, 2}), (Ids{largest - 2, largest - 1}));
  EXPECT_EQ(rw::token_ids(Chunk{largest - 2, 2}, -largest), (Ids{-2, -1}));
}

TEST(ShardErrors, NameWhatIsWrong) {
  EXPECT_EQ(error_of([] { rw::contiguous_shard(-1, 2, 0); }),
            "contiguous_shard: size of the axis is -1, must be 0 or more");
  EXPECT_EQ(error_of([] { rw::contiguous_shard(8, 0, 0); }),
            "contiguous_shard: ranks of the axis is 0, must be 1 or more");
  EXPECT_EQ(error_of([] { rw::contiguous_shard(8, 2, 2); }),
            "contiguous_shard: rank of the axis is 2, must be 0 or more and less than 2");
  EXPECT_EQ(error_of([] { rw::contiguous_shard(8, 2, -1); }),
            "contiguous_shard: rank of the axis is -1, must be 0 or more and less than 2");
  EXPECT_EQ(error_of([] { rw::zigzag_shard(-1, 2, 0); }),
            "zigzag_shard: seq of the sequence is -1, must be 0 or more");
  EXPECT_EQ(error_of([] { rw::zigzag_shard(8, -1, 0); }),
            "zigzag_shard: ranks of the sequence is -1, must be 1 or more");
  EXPECT_EQ(error_of([] { rw::zigzag_shard(8, 2, 3); }),
            "zigzag_shard: rank of the sequence is 3, must be 0 or more and less than 2");
  EXPECT_EQ(error_of([] { rw::zigzag_shard(8, largest / 2 + 1, 0); }),
            "zigzag_shard: ranks of the sequence is 4611686018427387904, must be at most "
            "4611686018427387903");
  EXPECT_EQ(error_of([] {
              rw::token_ids(Shard({0, 1}, {-1, 2}));
            }),
            "token_ids: begin of the shard is -1, must be 0 or more");
  EXPECT_EQ(error_of([] {
              rw::token_ids(Chunk{0, -1});
            }),
            "token_ids: count of the shard is -1, must be 0 or more");
  EXPECT_EQ(error_of([] {
              rw::token_ids(Chunk{2, 3}, largest - 4);
            }),
            "token_ids: end of the shard is 9223372036854775803 + 2 + 3, must fit 64 bits");
  EXPECT_EQ(error_of([] {
              rw::token_ids(Chunk{largest, 0}, 1);
            }),
            "token_ids: end of the shard is 1 + 9223372036854775807 + 0, must fit 64 bits");
  // Before any memory is asked for.
  EXPECT_EQ(error_of([] {
              rw::token_ids(Shard({0, largest / 2}, {largest / 2, largest / 2 + 1}));
            }),
            "token_ids: seq of the shard is 9223372036854775807, must be at most "
            "576460752303423487");
}

// Tables ------------------------------------------------------------------------------------------

/// A text, packed sequences, a video, M-RoPE's text and image, samples of their own; 40 tokens
/// each.
std::vector<rw::Positions> every_kind() {
  const rw::Positions text = rw::sequence_positions(4, 100);
  const rw::Positions image = rw::grid_positions({{104}, rw::range(6), rw::range(6, 0.5, 0.25)});
  return {rw::sequence_positions(40, -3.5),
          rw::packed_positions(std::vector<std::int32_t>{0, 7, 7, 8, 31, 40}),
          rw::grid_positions(rw::Grid{2, 4, 5}),
          rw::concatenate({rw::zip_axes({text, text, text}), image}),
          rw::stack({rw::sequence_positions(40), rw::sequence_positions(40, 8)})};
}

/// Pairs of one axis each, or all axes in every pair.
rw::Frequencies frequencies_of(const rw::Positions& positions, bool dense) {
  const auto axes = static_cast<Index>(positions.axes.size());
  if (!dense) {
    rw::List<Index> sections(static_cast<std::size_t>(axes), 2);
    return rw::arrange({rw::frequencies(4 * axes, 1e4)}, rw::TermRule::contiguous_sections,
                       sections);
  }
  rw::List<double> own;
  for (Index i = 0; i < axes * 5; ++i) own.push_back(1.0 / static_cast<double>(i + 1));
  return rw::own_frequencies(axes, 1, 5, own);
}

template <class T>
class ShardTables : public testing::Test {};
TYPED_TEST_SUITE(ShardTables, Dtypes, DtypeNames);

TYPED_TEST(ShardTables, OfOwnPositionsHaveTheRowsOfTheWhole) {
  for (const rw::Positions& positions : every_kind()) {
    ASSERT_EQ(positions.seq, most_tokens);
    for (const bool dense : {false, true}) {
      const rw::Frequencies list = frequencies_of(positions, dense);
      const rw::Table<TypeParam> whole = rw::make_table<TypeParam>(positions, list);
      const auto pairs = static_cast<std::size_t>(whole.pairs());
      for (const Split split : splits) {
        for (Index rank = 0; rank < 7; ++rank) {
          const Ids ids = rw::token_ids(split(most_tokens, 7, rank));
          const rw::Table<TypeParam> part =
              rw::make_table<TypeParam>(rw::select_tokens(positions, ids), list);
          ASSERT_EQ(part.batch(), whole.batch());
          ASSERT_EQ(part.seq(), static_cast<Index>(ids.size()));
          for (Index b = 0; b < whole.batch(); ++b) {
            for (Index s = 0; s < part.seq(); ++s) {
              EXPECT_TRUE(same_bits(part.cos(b, s), whole.cos(b, ids[static_cast<std::size_t>(s)]),
                                    2 * pairs));
            }
          }
        }
      }
    }
  }
}

// Rotations ---------------------------------------------------------------------------------------

constexpr Index batch = 2, heads = 5, head_dim = 12;

/// Tokens [batch, seq, heads, head_dim] of which parts are copied out and put back.
template <class X>
struct Tokens {
  Index seq;
  std::vector<X> values;

  explicit Tokens(Index of_seq)
      : seq(of_seq), values(static_cast<std::size_t>(batch * of_seq * heads * head_dim)) {}

  static Tokens random(Index seq) {
    Tokens tokens(seq);
    fill(tokens.values, Values::uniform, 3);
    return tokens;
  }

  rw::View<X> view() { return {values.data(), {batch, seq, heads, head_dim}}; }

  Tokens select(const Ids& ids) {
    Tokens part(static_cast<Index>(ids.size()));
    part.exchange(*this, ids, [](X& mine, X& whole) { mine = whole; });
    return part;
  }
  void put_back(Tokens part, const Ids& ids) {
    part.exchange(*this, ids, [](X& mine, X& whole) { whole = mine; });
  }

 private:
  template <class Move>
  void exchange(Tokens& whole, const Ids& ids, const Move& move) {
    for (Index b = 0; b < batch; ++b) {
      for (Index s = 0; s < seq; ++s) {
        X* const from = whole.view().row(b, ids[static_cast<std::size_t>(s)], 0);
        for (Index i = 0; i < heads * head_dim; ++i) move(view().row(b, s, 0)[i], from[i]);
      }
    }
  }
};

constexpr rw::Options every_options[] = {rw::Options(rw::Pairing::interleaved),
                                         rw::Options(rw::Pairing::half)};

rw::Positions packed(Index seq) {
  const std::vector<Index> ends = {0, seq / 3, seq / 2, seq};
  return rw::packed_positions(ends);
}

/// turn(tokens, table, options) of every shard, by the whole table and by one of its own rows,
/// makes what it makes of the whole.
template <class X, class Turn>
void expect_shards_make_the_whole(const Turn& turn) {
  const rw::Frequencies list = rw::frequencies(8, 1e4);
  for_every_split([&](Split split, Index seq, Index ranks) {
    if (seq % 3 != 1) return;  // with each number of ranks some that divide and some that don't
    const rw::Positions positions = packed(seq);
    const auto table = rw::make_table<float>(positions, list);
    for (const rw::Options& options : every_options) {
      Tokens<X> whole = Tokens<X>::random(seq), of_rows(seq), of_own(seq);
      for (Index rank = 0; rank < ranks; ++rank) {
        const Shard shard = split(seq, ranks, rank);
        const Ids ids = rw::token_ids(shard);
        Tokens<X> by_rows = whole.select(ids), by_own = by_rows;
        if (split == contiguous) {
          turn(by_rows.view(), table.view().rows(shard.early.begin, shard.early.count), options);
        } else {
          turn(by_rows.view(), table.view().gather(ids), options);
        }
        const auto own = rw::make_table<float>(rw::select_tokens(positions, ids), list);
        turn(by_own.view(), own.view(), options);
        of_rows.put_back(by_rows, ids);
        of_own.put_back(by_own, ids);
      }
      turn(whole.view(), table.view(), options);
      EXPECT_TRUE(same_bits(of_rows.values, whole.values));
      EXPECT_TRUE(same_bits(of_own.values, whole.values));
    }
  });
}

template <class X>
class ShardRotations : public testing::Test {};
TYPED_TEST_SUITE(ShardRotations, Dtypes, DtypeNames);

TYPED_TEST(ShardRotations, MakeTheWhole) {
  expect_shards_make_the_whole<TypeParam>(
      [](const auto& x, const auto& table, const rw::Options& options) {
        rw::apply_inplace(rw::serial, x, table, options);
      });
}

// Of packed sequences each is cut by itself, so that each is balanced.
TYPED_TEST(ShardRotations, OfEverySequenceByItself) {
  const std::vector<Index> ends = {0, 11, 12, 31};
  const rw::Positions positions = rw::packed_positions(ends);
  const auto list = rw::frequencies(8, 1e4);
  Tokens<TypeParam> whole = Tokens<TypeParam>::random(31), all(31);
  for (Index rank = 0; rank < 3; ++rank) {
    Ids ids;
    for (std::size_t i = 1; i < ends.size(); ++i) {
      const Shard shard = rw::zigzag_shard(ends[i] - ends[i - 1], 3, rank);
      for (const Index id : rw::token_ids(shard, ends[i - 1])) ids.push_back(id);
    }
    Tokens<TypeParam> part = whole.select(ids);
    const auto own = rw::make_table<float>(rw::select_tokens(positions, ids), list);
    rw::apply_inplace(rw::serial, part.view(), own, rw::half_pairs);
    all.put_back(part, ids);
  }
  rw::apply_inplace(rw::serial, whole.view(), rw::make_table<float>(positions, list),
                    rw::half_pairs);
  EXPECT_TRUE(same_bits(all.values, whole.values));
}

TYPED_TEST(ShardRotations, OfHeadsMakeTheWhole) {
  const auto table = rw::make_table<float>(packed(17), rw::frequencies(8, 1e4));
  for (Index ranks = 1; ranks <= most_ranks; ++ranks) {
    for (const rw::Options& options : every_options) {
      Tokens<TypeParam> whole = Tokens<TypeParam>::random(17), parts = whole;
      for (Index rank = 0; rank < ranks; ++rank) {
        const Chunk of = rw::contiguous_shard(heads, ranks, rank);
        rw::apply_inplace(rw::serial, parts.view().heads(of.begin, of.count), table, options);
      }
      rw::apply_inplace(rw::serial, whole.view(), table, options);
      EXPECT_TRUE(same_bits(parts.values, whole.values));
    }
  }
}

template <class X>
class ShardNorms : public testing::Test {
 protected:
  std::vector<X> weight = random_values<X>(heads * head_dim, Values::uniform, 5);
};
using NormDtypes = testing::Types<float, Eigen::half, Eigen::bfloat16>;
TYPED_TEST_SUITE(ShardNorms, NormDtypes, DtypeNames);

TYPED_TEST(ShardNorms, OfHeadsAndOfTokensMakeTheWhole) {
  const auto of_head = rw::rms_norm_hf(this->weight.data(), head_dim);
  const auto of_token = rw::rms_norm_torch(this->weight.data(), heads * head_dim).over_token();
  for (const auto& norm : {of_head, of_token}) {
    expect_shards_make_the_whole<TypeParam>(
        [&](const auto& x, const auto& table, const rw::Options& options) {
          rw::apply_inplace(rw::serial, x, norm, table, options);
        });
  }
}

// A norm over all heads has no part of a token for its row, and refuses it.
TYPED_TEST(ShardNorms, OverAllHeadsRefuseAShardOfHeads) {
  Tokens<TypeParam> tokens = Tokens<TypeParam>::random(3);
  const auto norm = rw::rms_norm_torch(this->weight.data(), heads * head_dim).over_token();
  const auto table = rw::make_table<float>(packed(3), rw::frequencies(8, 1e4));
  const Chunk of = rw::contiguous_shard(heads, 2, 1);
  EXPECT_EQ(
      error_of([&] {
        rw::apply_inplace(rw::serial, tokens.view().heads(of.begin, of.count), norm, table);
      }),
      "apply_inplace: size of the norm's weight is 60, must be 24, the heads * head_dim of x");
}

}  // namespace
}  // namespace ropewalk_test
