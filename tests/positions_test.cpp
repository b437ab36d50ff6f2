// Positions: what every maker puts where, and what it refuses.
#include "ropewalk/positions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/error_of.hpp"

namespace ropewalk {
namespace {

using ropewalk_test::error_of;

constexpr double infinity = std::numeric_limits<double>::infinity();

using List = ropewalk::List<double>;

/// The positions of all tokens of a sample on one axis.
List along(const Positions& positions, Index axis, Index b = 0) {
  List list;
  for (Index s = 0; s < positions.seq; ++s) list.push_back(positions.at(axis, b, s));
  return list;
}

std::size_t distinct(const Positions& positions, std::size_t axis = 0) {
  return positions.axes.at(axis).values.size();
}

TEST(Lists, Range) {
  EXPECT_EQ(range(3), (List{0, 1, 2}));
  EXPECT_EQ(range(3, -2), (List{-2, -1, 0}));
  EXPECT_EQ(range(3, 1.5, 0.25), (List{1.5, 1.75, 2}));
  EXPECT_EQ(range(0), List{});
}

// Qwen-Image's scale_rope: the greater half is negative.
TEST(Lists, CentredIntegers) {
  EXPECT_EQ(centred(4), (List{-2, -1, 0, 1}));
  EXPECT_EQ(centred(5), (List{-3, -2, -1, 0, 1}));
  EXPECT_EQ(centred(1), List{-1});
  EXPECT_EQ(centred(0), List{});
}

// DINOv3: 2 * (i + 0.5) / count - 1.
TEST(Lists, CellCentres) {
  EXPECT_EQ(cell_centres(4, -1, 1), (List{-0.75, -0.25, 0.25, 0.75}));
  EXPECT_EQ(cell_centres(1, -1, 1), List{0});
  EXPECT_EQ(cell_centres(2, -3, 3), (List{-1.5, 1.5}));
}

TEST(Lists, Linspace) {
  EXPECT_EQ(linspace(5, -1, 1), (List{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(linspace(1, 7, 9), List{7});
  EXPECT_EQ(linspace(0, 7, 9), List{});
}

// 0.1 and six steps of 0.1 are not 0.7.
TEST(Lists, LinspaceEndsAtItsEnd) {
  for (Index count = 2; count < 200; ++count) EXPECT_EQ(linspace(count, 0.1, 0.7).back(), 0.7);
}

TEST(PositionsErrors, TheFirstIntegerThatIsNoDouble) {
  const Index exact = Index{1} << 53;
  EXPECT_NO_THROW(id_positions(std::vector<Index>{exact, -exact}));
  EXPECT_THROW(id_positions(std::vector<Index>{exact + 1}), std::invalid_argument);
  EXPECT_THROW(id_positions(std::vector<Index>{-exact - 1}), std::invalid_argument);
}

TEST(PositionsOf, SequenceWithOffset) {
  EXPECT_EQ(along(sequence_positions(4), 0), (List{0, 1, 2, 3}));
  EXPECT_EQ(along(sequence_positions(2, 8191), 0), (List{8191, 8192}));
  EXPECT_EQ(along(sequence_positions(2, -0.5), 0), (List{-0.5, 0.5}));
  EXPECT_EQ(sequence_positions(0).seq, 0);
}

TEST(PositionsOf, IdsOfEveryType) {
  EXPECT_EQ(along(id_positions(std::vector<std::int32_t>{5, -1, 5}), 0), (List{5, -1, 5}));
  EXPECT_EQ(along(id_positions(std::vector<std::int64_t>{1ll << 40}), 0), List{1099511627776.0});
  EXPECT_EQ(along(id_positions(std::vector<float>{0.25f, -3.5f}), 0), (List{0.25, -3.5}));
  EXPECT_EQ(along(id_positions(List{0.1}), 0), List{0.1});
  EXPECT_FALSE(std::signbit(id_positions(std::vector<double>{-0.0}).at(0, 0, 0)));
  EXPECT_EQ(id_positions(std::vector<std::int64_t>{}).seq, 0);
}

// Flux keeps its ids as [seq, axes]: an axis is a column.
TEST(PositionsOf, IdsWithStride) {
  const int ids[] = {0, 10, 20, 1, 11, 21};
  const Positions positions =
      zip_axes({id_positions(ids, 2, 3), id_positions(ids + 1, 2, 3), id_positions(ids + 2, 2, 3)});
  EXPECT_EQ(along(positions, 0), (List{0, 1}));
  EXPECT_EQ(along(positions, 1), (List{10, 11}));
  EXPECT_EQ(along(positions, 2), (List{20, 21}));
}

// cos and sin are taken once for every distinct position: repeated ids must be one entry.
TEST(PositionsOf, RepeatedIdsAreOneEntry) {
  EXPECT_EQ(distinct(id_positions(List{3, 1, 3, 1, 1})), 2u);
  EXPECT_EQ(distinct(id_positions(List{0.0, -0.0})), 1u);
  const Positions grid = grid_positions(Grid{3, 4, 5});
  for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_EQ(distinct(grid, axis), 3 + axis);
}

TEST(PositionsOf, GridIsRowMajor) {
  const Positions grid = grid_positions(Grid{2, 3, 4});
  ASSERT_EQ(grid.seq, 24);
  ASSERT_EQ(grid.axes.size(), 3u);
  for (Index t = 0, s = 0; t < 2; ++t) {
    for (Index h = 0; h < 3; ++h) {
      for (Index w = 0; w < 4; ++w, ++s) {
        EXPECT_EQ(grid.at(0, 0, s), static_cast<double>(t));
        EXPECT_EQ(grid.at(1, 0, s), static_cast<double>(h));
        EXPECT_EQ(grid.at(2, 0, s), static_cast<double>(w));
      }
    }
  }
}

TEST(PositionsOf, GridOfListsAndOfAnyNumberOfAxes) {
  const Positions plane = grid_positions({List{7, -2}, List{0.5}});
  EXPECT_EQ(along(plane, 0), (List{7, -2}));
  EXPECT_EQ(along(plane, 1), (List{0.5, 0.5}));
  EXPECT_EQ(grid_positions(Grid{4}).seq, 4);
  EXPECT_EQ(grid_positions(Grid{2, 2, 2, 2, 2}).seq, 32);
}

// As a Shape takes them; one that does not fit is refused, not cut.
TEST(PositionsOf, GridTakesSizesOfAnyInteger) {
  const std::size_t rows = 2;
  const std::uint32_t columns = 3;
  EXPECT_EQ(grid_positions(Grid{rows, columns, 2}).seq, 12);
  EXPECT_EQ(error_of([] { grid_positions(Grid{std::numeric_limits<std::size_t>::max()}); }),
            "grid_positions: a size of the grid is -1, must be 0 or more");
}

TEST(PositionsOf, EmptyGridsHaveNoTokens) {
  for (const Grid& grid : {Grid{0}, Grid{0, 3}, Grid{3, 0, 2}}) {
    const Positions positions = grid_positions(grid);
    EXPECT_EQ(positions.seq, 0);
    EXPECT_EQ(positions.axes.size(), grid.sizes.size());
  }
}

TEST(PositionsOf, PackedSequencesStartAgain) {
  const Positions packed = packed_positions(std::vector<std::int32_t>{0, 3, 3, 5});
  EXPECT_EQ(along(packed, 0), (List{0, 1, 2, 0, 1}));
  EXPECT_EQ(packed_positions(std::vector<std::int64_t>{0}).seq, 0);
}

TEST(PositionsOf, ConcatenatedParts) {
  const Positions text = zip_axes({sequence_positions(2), sequence_positions(2)});
  const Positions both = concatenate({text, grid_positions({range(1, 2), range(2)})});
  EXPECT_EQ(both.seq, 4);
  EXPECT_EQ(along(both, 0), (List{0, 1, 2, 2}));
  EXPECT_EQ(along(both, 1), (List{0, 1, 0, 1}));
  EXPECT_EQ(concatenate({}).seq, 0);
}

TEST(PositionsOf, StackedSamples) {
  const Positions both = stack({sequence_positions(2), sequence_positions(2, 5)});
  EXPECT_EQ(both.batch, 2);
  EXPECT_EQ(both.seq, 2);
  EXPECT_EQ(along(both, 0, 0), (List{0, 1}));
  EXPECT_EQ(along(both, 0, 1), (List{5, 6}));
}

// In the order given, of each sample; of the values those alone at which a token stands.
TEST(PositionsOf, SelectedTokens) {
  const Positions both =
      stack({packed_positions(std::vector<int>{0, 3, 5}), sequence_positions(5, 7)});
  const Positions some = select_tokens(both, {4, 0, 4, 1});
  EXPECT_EQ(some.batch, 2);
  EXPECT_EQ(some.seq, 4);
  EXPECT_EQ(along(some, 0, 0), (List{1, 0, 1, 1}));
  EXPECT_EQ(along(some, 0, 1), (List{11, 7, 11, 8}));
  EXPECT_EQ(distinct(some), 5u);
  const Positions grid = select_tokens(grid_positions(Grid{2, 2, 3}), {5, 6});
  EXPECT_EQ(along(grid, 0), (List{0, 1}));
  EXPECT_EQ(along(grid, 1), (List{1, 0}));
  EXPECT_EQ(along(grid, 2), (List{2, 0}));
  EXPECT_EQ(distinct(select_tokens(sequence_positions(1000), {3})), 1u);
}

TEST(PositionsOf, NoTokensSelected) {
  const Positions none = select_tokens(grid_positions(Grid{2, 3}), {});
  EXPECT_EQ(none.seq, 0);
  ASSERT_EQ(none.axes.size(), 2u);
  EXPECT_EQ(distinct(none, 1), 0u);
  // Samples without tokens are counted, not visited.
  EXPECT_EQ(select_tokens({Index{1} << 62, 0, {{}}}, {}).batch, Index{1} << 62);
}

TEST(PositionsErrors, OfSelectedTokens) {
  EXPECT_EQ(error_of([] {
              select_tokens(sequence_positions(3), {0, 3});
            }),
            "select_tokens: an entry of tokens is 3, must be 0 or more and less than 3");
  EXPECT_EQ(error_of([] { select_tokens(sequence_positions(3), {-1}); }),
            "select_tokens: an entry of tokens is -1, must be 0 or more and less than 3");
  EXPECT_EQ(error_of([] {
              select_tokens({1, 2, {{{0.5}, {0}}}}, {1});
            }),
            "select_tokens: tokens on an axis of positions is 1, must be 2");
  EXPECT_EQ(error_of([] {
              select_tokens({1, 1, {{{0.5}, {1}}}}, {0});
            }),
            "select_tokens: an index of positions is 1, must be 0 or more and less than 1");
  // A token may be asked for more than once, but not so often of so many samples without an axis.
  EXPECT_EQ(
      error_of([] {
        select_tokens({Index{1} << 58, 1, {}}, {0, 0});
      }),
      "select_tokens: length of tokens is 288230376151711744 * 2, overflows, must fit memory");
}

TEST(PositionsErrors, NameWhatIsWrong) {
  constexpr Index huge = Index{1} << 40;
  EXPECT_EQ(error_of([] { sequence_positions(-1); }),
            "sequence_positions: seq of the sequence is -1, must be 0 or more");
  EXPECT_EQ(error_of([] { sequence_positions(1, infinity); }),
            "range: first of the axis is inf, must be finite");
  EXPECT_EQ(error_of([] {
              id_positions(std::vector<float>{0.0f, -std::numeric_limits<float>::infinity()});
            }),
            "id_positions: a position of ids is -inf, must be finite");
  // Before any memory is asked for.
  constexpr std::int64_t beyond_memory = std::int64_t{1} << 61;
  EXPECT_EQ(error_of([] {
              packed_positions(std::vector<std::int64_t>{0, beyond_memory});
            }),
            "packed_positions: last entry of cu_seqlens is 2305843009213693952, must be at most "
            "576460752303423487");
  EXPECT_EQ(error_of([] {
              packed_positions(std::vector<std::int64_t>{0, beyond_memory, 2});
            }),
            "packed_positions: an entry of cu_seqlens is 2, must be at least 2305843009213693952");
  EXPECT_EQ(error_of([] {
              concatenate({{1, 1, {{{0.5}, {beyond_memory}}}}});
            }),
            "concatenate: an index of a part from 2305843009213693952, 1 of them, must be within "
            "1");
  EXPECT_EQ(error_of([] {
              concatenate({sequence_positions(1), {1, beyond_memory, {{{0.5}, {0}}}}});
            }),
            "concatenate: seq of a part is 2305843009213693952, must be at most "
            "576460752303423486");
  EXPECT_EQ(error_of([] { id_positions(std::vector<std::int64_t>{(1ll << 53) + 2}); }),
            "id_positions: a position of ids is 9.00719925e+15, must be at most 2^53 in magnitude");
  EXPECT_EQ(error_of([] { id_positions(static_cast<const int*>(nullptr), 1); }),
            "id_positions: data of ids is null, must point to the elements");
  EXPECT_EQ(error_of([] {
              grid_positions(Grid{2, -3});
            }),
            "grid_positions: a size of the grid is -3, must be 0 or more");
  EXPECT_EQ(
      error_of([] {
        grid_positions(Grid{huge, huge});
      }),
      "grid_positions: size of the grid is 1099511627776 * 1099511627776, overflows, must fit "
      "memory");
  EXPECT_EQ(error_of([] { grid_positions(std::vector<List>{}); }),
            "grid_positions: axes of the grid is 0, must be 1 or more");
  EXPECT_EQ(error_of([] { packed_positions(std::vector<int>{}); }),
            "packed_positions: length of cu_seqlens is 0, must be 1 or more");
  EXPECT_EQ(error_of([] {
              packed_positions(std::vector<int>{1, 2});
            }),
            "packed_positions: first entry of cu_seqlens is 1, must be 0");
  EXPECT_EQ(error_of([] {
              packed_positions(std::vector<int>{0, 4, 2});
            }),
            "packed_positions: an entry of cu_seqlens is 2, must be at least 4");
  EXPECT_EQ(error_of([] {
              zip_axes({sequence_positions(2), sequence_positions(3)});
            }),
            "zip_axes: seq of a part is 3, must be 2");
  EXPECT_EQ(error_of([] {
              concatenate({sequence_positions(2), grid_positions(Grid{1, 1})});
            }),
            "concatenate: axes of a part is 2, must be 1");
  EXPECT_EQ(error_of([] {
              stack({sequence_positions(2), sequence_positions(3)});
            }),
            "stack: seq of a part is 3, must be 2");
}

}  // namespace
}  // namespace ropewalk
