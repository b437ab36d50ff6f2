// The kernel for rows of packs that are normalised before they turn, where no other can take them.
#ifndef ROPEWALK_CUDA_KERNELS_NORMED_UNITS_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_NORMED_UNITS_KERNEL_CUH

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/row_sums.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor of rows of packs: a block adds up the squares of its rows, then turns their units,
/// the first of which its threads have read before. A block has some rows of a head, or, where all
/// heads of a token are normalised together, whole tokens.
template <class Rows, class W>
struct NormedUnitsJob : Rows {
  using U = typename Rows::U;
  using X = typename Rows::X;
  DeviceNorm<W> norm;

  /// A unit on its way from x to out.
  struct Unit {
    RowAt row;
    int at;
    typename Rows::XPack packs[std::size_t{U::packs}];
    typename Rows::Pairs with;
  };

  /// Of whole warps, and a power of two of inner rows where rows are normalised by themselves; see
  /// grid_of_sums.
  __device__ __forceinline__ void run(const JobBlocks& blocks, bool) const {
    __shared__ RowSums sums;
    if (norm.over_token && blocks.at != 0) return;
    const unsigned begin = blocks.at * blockDim.y;
    const unsigned end = norm.over_token ? this->inner : least_of(begin + blockDim.y, this->inner);
    if (begin >= end) return;  // of a call whose other tensors have more rows
#pragma unroll 1
    for (unsigned outer = blockIdx.y * blockDim.z; outer < this->outer;
         outer += gridDim.y * blockDim.z) {
      Unit unit;
      unit.row = {blockIdx.z, outer + threadIdx.z, begin + threadIdx.y};
      unit.at = static_cast<int>(threadIdx.x);
      bool is_there = unit.row.outer < this->outer && unit.row.inner < end &&
                      unit.at < this->units &&
                      !leaves(this->table, unit.row.b, this->token_of(unit.row));
      if (is_there) {
        read(unit);
        read_coefficients(unit);
      }
      const unsigned rows = norm.over_token ? blockDim.z : blockDim.y * blockDim.z;
      find_sums(sums, rows, norm, [&](unsigned row) { return features(row, outer, begin); });
      const unsigned of_head = threadIdx.z * blockDim.y + threadIdx.y;
      const float reciprocal = reciprocal_of(sums, norm.over_token ? threadIdx.z : of_head, norm);
#pragma unroll 1
      while (is_there) {
        write(unit, reciprocal);
        unit.at += static_cast<int>(blockDim.x);
        bool is_another = true;
        if (unit.at >= this->units) {
          unit.at = static_cast<int>(threadIdx.x);
          unit.row.inner += blockDim.y;
          is_there = unit.row.inner < end;
          is_another = this->units > static_cast<int>(blockDim.x);
        }
        if (!is_there) break;
        read(unit);
        if (is_another || this->table.heads_stride != 0) read_coefficients(unit);
      }
      __syncthreads();
    }
  }

  __device__ __forceinline__ static unsigned least_of(unsigned a, unsigned b) {
    return a < b ? a : b;
  }

  /// Of row `row` of the block; of those beyond the tensor its last ones.
  __device__ __forceinline__ NormedFeatures<X, true> features(unsigned row, unsigned outer,
                                                              unsigned inner) const {
    unsigned of_inner = 0;
    if (!norm.over_token) {
      of_inner = least_of(inner + (row & (blockDim.y - 1)), this->inner - 1);
      row >>= __ffs(static_cast<int>(blockDim.y)) - 1;
    }
    const RowAt at{blockIdx.z, least_of(outer + row, this->outer - 1), of_inner};
    return {this->x_row(at), norm.size};
  }

  __device__ __forceinline__ typename Rows::Places places_of(const Unit& unit, Pairing of) const {
    return this->places(unit.at, of, unit.at < this->turned_units);
  }

  __device__ __forceinline__ void read(Unit& unit) const {
    this->read_unit(unit.packs, this->x_row(unit.row),
                    places_of(unit, read_pairing(Rows::pairing)));
  }

  __device__ __forceinline__ void read_coefficients(Unit& unit) const {
    if (unit.at >= this->turned_units) return;
    TableRow row = row_of(this->table, unit.row.b, this->token_of(unit.row));
    const unsigned head = this->tokens_are_inner ? unit.row.outer : unit.row.inner;
    row.offset += head * this->table.heads_stride;
    unit.with = this->coefficients(row, unit.at);
  }

  __device__ __forceinline__ void write(Unit& unit, float reciprocal) const {
    const auto from = places_of(unit, read_pairing(Rows::pairing));
    const Index weights =
        norm.over_token ? static_cast<Index>(unit.row.inner) * this->packs * U::pack : 0;
#pragma unroll
    for (int i = 0; i < U::packs; ++i) {
      if (i == 1 && !from.has_second) continue;
      const auto of_pack = weights_of<U::pack>(norm, weights + from.at[i]);
      unit.packs[i] = normalised_pack(norm.finish, unit.packs[i], reciprocal, of_pack);
    }
    Raw<X>* out_row = this->out_row(unit.row);
    if (Rows::has_slots && out_row == nullptr) return;
    this->write_unit(out_row, places_of(unit, written_pairing(Rows::pairing)), unit.packs,
                     unit.at < this->turned_units, unit.with);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_NORMED_UNITS_KERNEL_CUH
