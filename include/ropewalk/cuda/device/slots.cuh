// Rows of slots as kernels write them: where in a cache the rows of a token go.
#ifndef ROPEWALK_CUDA_DEVICE_SLOTS_CUH
#define ROPEWALK_CUDA_DEVICE_SLOTS_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// The slots of tokens, and the blocks of the cache that they are in.
struct DeviceSlots {
  DeviceIds ids;                 // of as many rows as the cache has
  std::uint64_t block_rows = 0;  // of each block; 0: there is one block
};

/// A row of a block, if a token has one.
template <class Number>
struct CacheRow {
  Number block, row;
  bool is_there;
};

/// Of a slot below 0 or past the last one, none. Number: one that holds every slot; a quotient of
/// 64 bits takes three times the instructions of one of 32.
template <class Number>
__device__ __forceinline__ CacheRow<Number> cache_row(const DeviceSlots& slots, std::uint64_t b,
                                                      std::uint64_t s) {
  // Without a sign, so that slots below 0 are past the last one.
  const auto slot = static_cast<std::uint64_t>(given_id(slots.ids, b, s));
  if (slot >= static_cast<std::uint64_t>(slots.ids.rows)) return {0, 0, false};
  const auto at = static_cast<Number>(slot), rows = static_cast<Number>(slots.block_rows);
  const Number block = rows == 0 ? 0 : at / rows;
  return {block, at - block * rows, true};
}

/// Rows of packs whose out is a cache. Tokens without a row there have null in its place.
template <class Packed>
struct PackedSlots : Packed {
  static constexpr bool has_slots = true;
  DeviceSlots slots;

  __device__ __forceinline__ Raw<typename Packed::Out>* out_row(const RowAt& row) const {
    const auto to = cache_row<unsigned>(slots, row.b, this->token_of(row));
    if (!to.is_there) return nullptr;
    return Packed::out_row(this->tokens_are_inner ? RowAt{to.block, row.outer, to.row}
                                                  : RowAt{to.block, to.row, row.inner});
  }
};

/// The same of rows of any view.
template <class Rows>
struct AnySlots : Rows {
  static constexpr bool has_slots = true;
  DeviceSlots slots;

  __device__ __forceinline__ Raw<typename Rows::Out>* out_row(Index b, Index s, Index h) const {
    const auto to = cache_row<std::uint64_t>(slots, static_cast<std::uint64_t>(b),
                                             static_cast<std::uint64_t>(s));
    if (!to.is_there) return nullptr;
    return Rows::out_row(static_cast<Index>(to.block), static_cast<Index>(to.row), h);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_SLOTS_CUH
