// Shards: which tokens or heads one rank of several has, for sequence and head parallelism.
#ifndef ROPEWALK_SHARDS_HPP
#define ROPEWALK_SHARDS_HPP

#include <cinttypes>  // for PRId64
#include <cstddef>
#include <limits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"

ROPEWALK_BEGIN_TYPES

/// Entries [begin, begin + count) of an axis: arguments of View::seq and heads, TableView::rows.
struct Chunk {
  ROPEWALK_INLINE constexpr Chunk() = default;
  ROPEWALK_INLINE constexpr Chunk(Index of_begin, Index of_count)
      : begin(of_begin), count(of_count) {}

  Index begin = 0, count = 0;
};

/// The tokens of a rank, in the order in which it holds them: those of the chunk `early`, then
/// those of `late`, which has none where the shard is contiguous.
struct Shard {
  ROPEWALK_INLINE constexpr Shard() = default;
  ROPEWALK_INLINE constexpr Shard(const Chunk& contiguous) : early(contiguous) {}
  ROPEWALK_INLINE constexpr Shard(const Chunk& of_early, const Chunk& of_late)
      : early(of_early), late(of_late) {}

  ROPEWALK_INLINE constexpr Index seq() const { return early.count + late.count; }

  Chunk early, late;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// Cuts an axis of `size` entries, tokens or heads, into contiguous parts, and gives the rank's:
///   x.seq(part.begin, part.count) by table.view().rows(part.begin, part.count)
///   x.heads(part.begin, part.count) by the table of all tokens: Ulysses, after its all-to-all
///
/// Shapes   the first size % ranks parts have one entry more than the others, which may have none
/// Heads    where several of the queries share a key, cut kv_heads; of the queries the rank has
///          heads / kv_heads times as many, from as many times `begin` on. With more ranks than
///          kv_heads, ranks kv_heads and above have no head. So that all have queries, cut heads
///          instead: query h shares key h / (heads / kv_heads), and a rank needs the keys of its
///          queries, which other ranks then hold and rotate, too
/// Norms    one over all heads of a token (RmsNorm::over_token) needs whole tokens: it belongs
///          before the all-to-all
/// Errors   std::invalid_argument: size negative, ranks below 1, a rank that is not 0 to ranks - 1
/// Source   sizes as torch.tensor_split; Jacobs et al. 2023, arXiv:2309.14509 (Ulysses)
Chunk contiguous_shard(Index size, Index ranks, Index rank);

/// The rank's tokens in ring attention whose work is balanced under a causal mask: of 2 * ranks
/// contiguous chunks, cut as contiguous_shard cuts, those numbered rank and 2 * ranks - 1 - rank.
///
/// Errors   std::invalid_argument: as contiguous_shard; 2 * ranks that does not fit 64 bits
/// Source   Llama 3's context parallelism, arXiv:2407.21783, 3.3.2
Shard zigzag_shard(Index seq, Index ranks, Index rank);

/// The numbers of a shard's tokens in the whole sequence, in its order: ids for TableView::gather
/// where there is a table of the whole, tokens for select_tokens where the rank makes its own rows.
///
/// Units    `first` is added to each: where the sequence begins among packed ones, of which each
///          is cut by itself
/// Errors   std::invalid_argument: a chunk that begins below 0 or has a negative count, more
///          tokens than 2^59, an id that does not fit 64 bits
List<Index> token_ids(const Shard& shard, Index first = 0);

ROPEWALK_END_NAMESPACE

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_BEGIN_NESTED(detail)

inline Chunk cut(Index size, Index parts, Index part) {
  const Index least = size / parts, longer = size % parts;
  return {part * least + (part < longer ? part : longer), least + (part < longer ? 1 : 0)};
}

inline void check_rank_of(const Place& place, Index ranks, Index rank) {
  check_at_least(place, "ranks", ranks, 1);
  check_entry(place, "rank", rank, ranks);
}

/// first + begin + count, which is never less than any id of the chunk.
inline Index checked_end(const Place& place, const Chunk& chunk, Index first) {
  check_not_negative(place, "begin", chunk.begin);
  check_not_negative(place, "count", chunk.count);
  Index end = 0;
  if (__builtin_add_overflow(first, chunk.begin, &end) ||
      __builtin_add_overflow(end, chunk.count, &end)) {
    fail(place, "end", "is %" PRId64 " + %" PRId64 " + %" PRId64 ", must fit 64 bits", first,
         chunk.begin, chunk.count);
  }
  return end;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

inline Chunk contiguous_shard(Index size, Index ranks, Index rank) {
  const detail::Place place{"contiguous_shard", "the axis"};
  detail::check_not_negative(place, "size", size);
  detail::check_rank_of(place, ranks, rank);
  return detail::cut(size, ranks, rank);
}

inline Shard zigzag_shard(Index seq, Index ranks, Index rank) {
  const detail::Place place{"zigzag_shard", "the sequence"};
  detail::check_not_negative(place, "seq", seq);
  detail::check_at_most(place, "ranks", ranks, std::numeric_limits<Index>::max() / 2);
  detail::check_rank_of(place, ranks, rank);
  return {detail::cut(seq, 2 * ranks, rank), detail::cut(seq, 2 * ranks, 2 * ranks - 1 - rank)};
}

inline List<Index> token_ids(const Shard& shard, Index first) {
  const detail::Place place{"token_ids", "the shard"};
  const Index early_end = detail::checked_end(place, shard.early, first);
  const Index late_end = detail::checked_end(place, shard.late, first);
  constexpr Index most = std::numeric_limits<Index>::max() / 16;  // ids of one array
  const Index seq = detail::saturating_sum(shard.early.count, shard.late.count);
  detail::check_at_most(place, "seq", seq, most);
  List<Index> ids;
  // At once, so that a length beyond all memory fails before any of it is filled.
  ids.reserve(static_cast<std::size_t>(seq));
  for (Index id = first + shard.early.begin; id < early_end; ++id) ids.push_back(id);
  for (Index id = first + shard.late.begin; id < late_end; ++id) ids.push_back(id);
  return ids;
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_SHARDS_HPP
