// The kernel for rows of packs: a thread for every unit of every row.
#ifndef ROPEWALK_CUDA_KERNELS_UNIT_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_UNIT_KERNEL_CUH

#include <cstddef>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor whose every row may have a table row of its own. Rows that are neighbours lie in one
/// block: those that share a table row find it in the first cache.
///
/// Plain: the grid holds all units of all rows, all of them turn, and the table has neither ids nor
/// entries two apart nor strides beyond 32 bits. A launch of few tokens takes the time of one
/// thread's chain of instructions, 3 ns for each on an H200: so what the host knows is not asked
/// there.
template <bool Plain, class Rows, class Stores = AsWords>
struct UnitJob : Rows {
  using U = typename Rows::U;

  __device__ __forceinline__ void run(const JobBlocks& blocks, bool) const {
    const int first_unit = static_cast<int>(threadIdx.x);
    RowAt row{blockIdx.z, blockIdx.y * blockDim.z + threadIdx.z,
              blocks.at * blockDim.y + threadIdx.y};
    if (row.inner >= this->inner) return;
    if constexpr (Plain) {
      if (row.outer < this->outer && first_unit < this->units) run_unit(first_unit, row);
    } else {
#pragma unroll 1
      for (; row.outer < this->outer; row.outer += gridDim.y * blockDim.z) {
        if (leaves(this->table, row.b, this->token_of(row))) continue;
#pragma unroll 1
        for (int unit = first_unit; unit < this->units; unit += static_cast<int>(blockDim.x)) {
          run_unit(unit, row);
        }
      }
    }
  }

  __device__ __forceinline__ void run_unit(int unit, const RowAt& row) const {
    const bool turns = Plain || unit < this->turned_units;
    const auto from = this->places(unit, read_pairing(Rows::pairing), turns);
    const auto to = this->places(unit, written_pairing(Rows::pairing), turns);
    typename Rows::XPack packs[std::size_t{U::packs}];
    this->read_unit(packs, this->x_row(row), from);
    typename Rows::Pairs with;
    if (turns) with = coefficients_of(row, unit);
    Raw<typename Rows::Out>* out_row = this->out_row(row);
    if (Rows::has_slots && out_row == nullptr) return;
    this->template write_unit<Stores>(out_row, to, packs, turns, with);
  }

  __device__ __forceinline__ typename Rows::Pairs coefficients_of(const RowAt& row,
                                                                  int unit) const {
    if constexpr (Plain) {
      return this->coefficients(this->table_strides.steps_to(row), unit, false);
    } else {
      TableRow of_token = row_of(this->table, row.b, this->token_of(row));
      of_token.offset +=
          (this->tokens_are_inner ? row.outer : row.inner) * this->table.heads_stride;
      return this->coefficients(of_token, unit);
    }
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_UNIT_KERNEL_CUH
