// The kernel for every view and table whose rows are normalised before they turn.
#ifndef ROPEWALK_CUDA_KERNELS_NORMED_ANY_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_NORMED_ANY_KERNEL_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/row_sums.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/cuda/kernels/any_kernel.cuh"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Row as it turns.
template <class X, class W>
struct NormedRow {
  const Raw<X>* x;
  const DeviceNorm<W>& norm;
  float reciprocal;
  Index first_weight;

  __device__ __forceinline__ Raw<X> operator[](Index i) const {
    return normalised_feature<X>(norm, x[i], reciprocal, first_weight + i);
  }
};

/// A block for a row, or for all heads of a token. In place each thread writes what it alone has
/// read.
template <class Rows, class W>
struct NormedAnyJob : AnyJob<Rows> {
  using X = typename Rows::X;
  DeviceNorm<W> norm;

  __device__ __forceinline__ void run(const JobBlocks& blocks, bool batch_first) const {
    __shared__ RowSums sums;
    const Walk walk = walk_of_thread(blocks, batch_first);
    const Index heads = this->shape.heads;
    const Index together = norm.over_token ? heads : 1;
    const Index step = norm.over_token ? heads : walk.head_step;
    if (norm.over_token && walk.head != 0) return;
    for (Index b = walk.b; b < this->shape.batch; b += walk.b_step) {
      for (Index s = walk.s; s < this->shape.seq; s += walk.s_step) {
        const auto of_b = static_cast<std::uint64_t>(b), of_s = static_cast<std::uint64_t>(s);
        if (leaves(this->table, of_b, of_s)) continue;
        for (Index h = walk.head; h < heads; h += step) {
          find_sums(sums, 1, norm, [&](unsigned) { return features(b, s, h); });
          const float reciprocal = reciprocal_of(sums, 0, norm);
          for (Index at = h; at < h + together; ++at) run_head(b, s, at, reciprocal);
          __syncthreads();
        }
      }
    }
  }

  __device__ __forceinline__ NormedFeatures<X, false> features(Index b, Index s, Index h) const {
    return {this->x_row(b, s, h), norm.size, static_cast<unsigned>(this->shape.head_dim),
            this->x_strides.heads};
  }

  __device__ __forceinline__ void run_head(Index b, Index s, Index h, float reciprocal) const {
    Raw<X>* out_row = this->out_row(b, s, h);
    if (Rows::has_slots && out_row == nullptr) return;
    const Index weights = norm.over_token ? h * this->shape.head_dim : 0;
    const NormedRow<X, W> row{this->x_row(b, s, h), norm, reciprocal, weights};
    if (this->pairs == 0) {  // of rows that do not turn head_dim may be odd
      for (Index i = threadIdx.x; i < this->shape.head_dim; i += blockDim.x) out_row[i] = row[i];
      return;
    }
    TableRow of_head =
        row_of(this->table, static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(s));
    of_head.offset += static_cast<std::uint64_t>(h) * this->table.heads_stride;
    this->run_row(out_row, row, of_head);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_NORMED_ANY_KERNEL_CUH
