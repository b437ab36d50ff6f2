// Positions: where every token stands on every axis; 1-D, ids, grids, packed sequences.
#ifndef ROPEWALK_POSITIONS_HPP
#define ROPEWALK_POSITIONS_HPP

#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/position_types.hpp"  // for Positions and Grid

ROPEWALK_BEGIN_NAMESPACE

// Positions along one axis of a grid ------------------------------------------------------------

/// first, first + step, ...: integer cells by default; fractions and offsets of any kind.
List<double> range(Index count, double first = 0, double step = 1);

/// Integers around 0: -(count - count / 2) up to count / 2 - 1 (Qwen-Image's scale_rope).
inline List<double> centred(Index count) {
  const Index below = count - count / 2;
  return range(count, -static_cast<double>(below));
}

/// The middles of `count` equal cells from `low` to `high`: DINOv3 -1 and 1, Mochi +-extent / 2.
List<double> cell_centres(Index count, double low, double high);

/// `count` positions evenly from `first` to `last`, both included; one position is `first`.
List<double> linspace(Index count, double first, double last);

// Positions of tokens ---------------------------------------------------------------------------

/// One axis: first, first + 1, ...; `first` is the number of tokens that came before (decode).
///
/// Errors   std::invalid_argument: seq negative, or a position that is not finite
Positions sequence_positions(Index seq, double first = 0);

/// One axis of explicit ids: integers or real numbers, negative, fractional, repeated, unordered.
///
/// Shapes   ids [seq], `stride` elements apart: an axis of [seq, axes] has stride axes
/// Errors   std::invalid_argument: null ids, not finite, integers beyond 2^53 (a double's limit)
template <class Id>
Positions id_positions(const Id* ids, Index seq, Index stride = 1);

/// The same of a std::vector or any other container whose entries are contiguous.
template <class Ids, class = decltype(std::declval<const Ids&>().data())>
Positions id_positions(const Ids& ids) {
  return id_positions(ids.data(), static_cast<Index>(ids.size()));
}

/// Every cell of a grid, row-major (the last axis runs fastest): one list of positions an axis.
///
/// Shapes   lists: one entry a cell along that axis; seq is the product of their lengths
/// Errors   std::invalid_argument: no axis, sizes that overflow, a position that is not finite
Positions grid_positions(const List<List<double>>& lists);

/// The grid whose cells have integer positions from 0.
Positions grid_positions(const Grid& grid);

/// Packed sequences: one axis, 0, 1, ... from the start of every sequence.
///
/// Shapes   cu_seqlens [sequences + 1]: 0, then where each sequence ends; the last entry is seq
/// Types    a std::vector or any other container of integers, whose entries are contiguous
/// Errors   std::invalid_argument: empty, a first entry that is not 0, entries that decrease
template <class Ends>
Positions packed_positions(const Ends& cu_seqlens);

// Positions from positions ----------------------------------------------------------------------

/// The same tokens on more axes: the axes of all parts, in their order (M-RoPE's rows t, h, w).
///
/// Errors   std::invalid_argument: no part, parts that differ in batch or seq
Positions zip_axes(const List<Positions>& parts);

/// Tokens after tokens: text and image, or history and chunk, in one sequence.
///
/// Errors   std::invalid_argument: parts that differ in axes, a batch that is not 1, an index that
///          has no value
Positions concatenate(const List<Positions>& parts);

/// Samples with positions of their own: a table with one batch entry a part.
///
/// Errors   std::invalid_argument: no part, parts that differ in axes or seq, a batch that is not
///          1, an index that has no value
Positions stack(const List<Positions>& parts);

/// Some tokens of every sample, in the order given, where they stand: what a rank needs to make the
/// table of its own tokens, row for row that of all. For a shard: its token_ids (shards.hpp).
///
/// Shapes   tokens [count]: 0 to seq - 1, in any order, repeated or not
/// Errors   std::invalid_argument: a token that there is not; positions that make_table refuses
/// Frequencies whose scaling follows the length (FrequencyOptions::length) stay those of the whole
/// sequence.
Positions select_tokens(const Positions& positions, const List<Index>& tokens);

ROPEWALK_END_NAMESPACE

#include "ropewalk/build/positions.hpp"  // for the definitions

#endif  // ROPEWALK_POSITIONS_HPP
