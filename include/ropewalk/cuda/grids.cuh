// Grids: how many blocks of which threads a launch has.
#ifndef ROPEWALK_CUDA_GRIDS_CUH
#define ROPEWALK_CUDA_GRIDS_CUH

#include <cuda_runtime.h>

#include <algorithm>
#include <limits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

constexpr int most_threads = 384;  ///< of a block
constexpr unsigned warp_lanes = 32;
constexpr Index most_sums = 64;  ///< rows that a block adds up; no more threads are along z
constexpr Index most_blocks_x = std::numeric_limits<int>::max() / 64, most_blocks = 65535;

/// The work of a call as its blocks see it. Of several tensors, which have one batch and one count
/// of tokens, the most rows and units; the flag of the tables is that of the tensor with most.
struct Extent {
  Index batch = 0, outer = 0, inner = 0;  // see RowAt
  Index units = 0;                        // threads that a row has work for
  Index packs = 1;                        // of a unit
  Index tokens = 0;                       // of all batch entries
  bool tokens_are_inner = false;
  bool batch_shares_table = false;
  bool has_gaps = false;  // between the rows' units

  bool is_small() const { return tokens < 1024; }
};

struct LaunchGrid {
  dim3 blocks, threads;
  bool batch_first = false;  // see walk_of_thread
};

inline Index at_least_one(Index value) { return std::max<Index>(1, value); }

/// How many parts hold the whole.
inline Index parts(Index whole, Index part) { return (whole + part - 1) / part; }

/// A part of at most `most`, which leaves little of the last one empty.
inline Index even_part(Index whole, Index most) {
  for (Index part = most; part > most / 2; --part) {
    if (whole % part == 0) return part;
  }
  return parts(whole, parts(whole, most));
}

inline dim3 threads_of(const Extent& extent, Index inner, Index outer) {
  const Index units = at_least_one(std::min<Index>(extent.units, most_threads));
  outer = std::min<Index>({at_least_one(outer), 64, at_least_one(extent.outer)});
  return dim3(static_cast<unsigned>(units), static_cast<unsigned>(inner),
              static_cast<unsigned>(outer));
}

/// A thread for every unit of every row. Blocks are small, so that many share a multiprocessor, and
/// neighbours run side by side. Where these are tokens, each with a table row of its own, a block
/// has two heads of each, and half as much of the table is read: 1.01 of a copy instead of 1.05 on
/// an H200. Where rows have gaps it has two tokens or more, if they fit: 1.04 of a flip of signs
/// instead of 1.27 for 64 of 256 features. Launches of few tokens have larger blocks once there is
/// work for every multiprocessor: 1,000 tokens of 40 heads take 1.04 of a copy, 1.12 by blocks of
/// 128 threads.
inline LaunchGrid grid_of_rows(const Extent& extent, Index jobs) {
  constexpr Index threads = 128, packs_of_block = 256, little_work = 32768;  // packs
  const Index units = at_least_one(std::min<Index>(extent.units, most_threads));
  const Index inner = at_least_one(extent.inner);
  const Index heads_of_each = extent.tokens_are_inner && extent.outer > 1 ? 2 : 1;
  const Index packs = extent.batch * extent.outer * inner * units * extent.packs;
  const bool spreads = extent.is_small() && packs <= little_work;
  const Index least =
      extent.is_small() && !spreads ? std::max(threads, packs_of_block / extent.packs) : threads;
  const Index most = (extent.outer == 1 ? least : threads) / (units * heads_of_each);
  const Index most_inner = std::min(inner, at_least_one(most));
  // Of few blocks each may be on a multiprocessor of its own.
  const Index inner_at_once = spreads ? most_inner : even_part(inner, most_inner);
  const Index row_threads = units * inner_at_once;
  const Index outer = std::max<Index>(extent.has_gaps ? 2 : 1, parts(least, row_threads));
  const Index outer_at_once = spreads ? 1 : std::min(outer, most_threads / row_threads);
  LaunchGrid grid;
  grid.threads = threads_of(extent, inner_at_once, outer_at_once);
  const Index outer_blocks = at_least_one(parts(extent.outer, grid.threads.z));
  grid.blocks = dim3(static_cast<unsigned>(parts(inner, inner_at_once) * jobs),
                     static_cast<unsigned>(std::min(most_blocks, outer_blocks)),
                     static_cast<unsigned>(at_least_one(extent.batch)));
  return grid;
}

/// Whether the grid of rows holds all their units.
inline bool holds_all(const LaunchGrid& grid, const Extent& extent) {
  return Index{grid.blocks.y} * grid.threads.z >= extent.outer && extent.units <= most_threads;
}

/// Threads that go round, so that a grid may be smaller than the work: each takes the same number
/// of heads, `rows` at a time. Of few tokens the heads are spread over blocks: one would wait for
/// its own launch alone.
inline LaunchGrid grid_that_goes_round(const Extent& extent, Index rows, Index jobs) {
  constexpr Index least = 128, most_rows = 20;
  const Index units = at_least_one(std::min<Index>(extent.units, most_threads));
  const Index heads = at_least_one(extent.inner);
  const Index most = extent.is_small()
                         ? at_least_one(least / units)
                         : std::min(most_rows / rows, at_least_one(most_threads / units));
  // Coefficients for one row only would be read as often as x.
  const Index least_passes = extent.is_small() || rows > 1 ? 1 : std::min<Index>(heads, 2);
  const Index passes = std::max(parts(heads, most * rows), least_passes);
  const Index heads_at_once = parts(heads, passes * rows);
  LaunchGrid grid;
  grid.threads = threads_of(extent, heads_at_once, least / (units * heads_at_once));
  const Index tokens = parts(extent.outer, grid.threads.z);
  grid.batch_first =
      !extent.is_small() && extent.batch_shares_table && extent.batch > 1 && tokens <= most_blocks;
  const Index first = grid.batch_first ? std::min(most_blocks, extent.batch)
                                       : std::min(most_blocks_x / jobs, tokens);
  const Index second = grid.batch_first ? tokens : std::min(most_blocks, extent.batch);
  grid.blocks =
      dim3(static_cast<unsigned>(first * jobs), static_cast<unsigned>(at_least_one(second)),
           static_cast<unsigned>(extent.is_small() ? std::min(most_blocks, passes) : 1));
  return grid;
}

/// Of so many threads, how many make a multiple of a warp.
inline Index whole_warps(Index threads) {
  Index times = warp_lanes;
  while (times > 1 && times / 2 * threads % warp_lanes == 0) times /= 2;
  return times;
}

/// Blocks of whole warps for tokens whose threads keep coefficients for several heads. Together: a
/// block has all heads of its tokens, which its warps add up first. Of 0 threads where there is no
/// such block.
inline LaunchGrid grid_of_tokens(const Extent& extent, Index jobs, bool together) {
  constexpr Index most_heads = 8, most = 128, least_together = 64;
  const Index units = at_least_one(extent.units), heads = at_least_one(extent.inner);
  const Index at_once =
      together ? parts(least_together, units) : std::min(most_heads, at_least_one(most / units));
  const Index inner = even_part(heads, std::min(heads, at_once));
  const Index outer = whole_warps(units * inner);
  LaunchGrid grid;
  grid.threads = dim3(0);
  if (units * inner * outer > most_threads) return grid;
  grid.threads = dim3(static_cast<unsigned>(units), static_cast<unsigned>(inner),
                      static_cast<unsigned>(outer));
  const Index tokens = std::min(most_blocks_x / jobs, at_least_one(parts(extent.outer, outer)));
  const Index passes = extent.is_small() && !together ? parts(heads, inner) : 1;
  grid.blocks = dim3(static_cast<unsigned>(tokens * jobs),
                     static_cast<unsigned>(std::min(most_blocks, at_least_one(extent.batch))),
                     static_cast<unsigned>(std::min(most_blocks, passes)));
  return grid;
}

/// Blocks of so many threads for one token each. Of 0 threads where they are no whole rows.
inline LaunchGrid grid_of_whole_tokens(const Extent& extent, Index jobs, Index threads) {
  LaunchGrid grid;
  grid.threads = dim3(0);
  const Index units = at_least_one(extent.units);
  if (threads % units != 0) return grid;
  grid.threads = dim3(static_cast<unsigned>(units), static_cast<unsigned>(threads / units), 1);
  grid.blocks = dim3(static_cast<unsigned>(at_least_one(extent.outer) * jobs),
                     static_cast<unsigned>(at_least_one(extent.batch)), 1);
  return grid;
}

/// Blocks of whole warps for some rows each, which they add up before their threads have a unit
/// each; together: for all heads of some tokens.
inline LaunchGrid grid_of_sums(const Extent& extent, Index jobs, bool together) {
  constexpr Index least = 128;
  // Some threads more than there are units, where whole warps would be too many rows.
  Index units = at_least_one(std::min<Index>(extent.units, most_threads));
  for (Index multiple = 2; units * whole_warps(units) > most_threads; multiple *= 2) {
    units = parts(units, multiple) * multiple;
  }
  const Index step = whole_warps(units), inner = at_least_one(extent.inner);
  const Index rows = std::min(parts(parts(least, units), step) * step, most_sums);
  Index inner_at_once = 1;
  while (rows % (2 * inner_at_once) == 0 && inner % (2 * inner_at_once) == 0) inner_at_once *= 2;
  const Index inner_blocks = together ? 1 : parts(inner, inner_at_once);
  LaunchGrid grid;
  grid.threads = dim3(static_cast<unsigned>(units), static_cast<unsigned>(inner_at_once),
                      static_cast<unsigned>(rows / inner_at_once));
  const Index outer_blocks = at_least_one(parts(extent.outer, grid.threads.z));
  grid.blocks = dim3(static_cast<unsigned>(inner_blocks * jobs),
                     static_cast<unsigned>(std::min(most_blocks, outer_blocks)),
                     static_cast<unsigned>(at_least_one(extent.batch)));
  return grid;
}

/// A block for a row of any view, or for a token.
inline LaunchGrid grid_of_blocks(const Extent& extent, Index jobs, bool tokens_whole) {
  constexpr unsigned threads = 128;
  LaunchGrid grid;
  grid.threads = dim3(threads);
  const Index tokens = std::min(most_blocks_x / jobs, at_least_one(extent.outer));
  const Index heads = tokens_whole ? 1 : std::min(most_blocks, at_least_one(extent.inner));
  grid.blocks = dim3(static_cast<unsigned>(tokens * jobs),
                     static_cast<unsigned>(std::min(most_blocks, at_least_one(extent.batch))),
                     static_cast<unsigned>(heads));
  return grid;
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_GRIDS_CUH
