// The kernel for tokens that are normalised over all their heads and stay in registers meanwhile.
#ifndef ROPEWALK_CUDA_KERNELS_NORMED_TOKENS_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_NORMED_TOKENS_KERNEL_CUH

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/row_sums.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor with weights, in the order of torch.nn.functional.rms_norm, each of whose chains adds
/// up every 128th quad of a token. The threads of a token read so many at a time: a thread has all
/// quads of its chains, those of the packs that it turns, and reads x once.
template <class Rows, class W>
struct NormedTokensJob : Rows {
  using U = typename Rows::U;
  using X = typename Rows::X;
  using XPack = typename Rows::XPack;
  static_assert(U::packs == 1, "ropewalk: a thread's packs are those of its chains");
  static constexpr int chains = U::pack / static_cast<int>(quad);  // of a thread
  static constexpr unsigned threads = fused_warps * warp_lanes / chains;
  /// Packs that a thread keeps: those of 5,120 features of 16 bits, as models of 14 billion
  /// parameters have them, take 40 registers.
  static constexpr unsigned most_packs = 10;
  DeviceNorm<W> norm;
  unsigned passes = 0;  // over heads

  /// A block has one token; see grid_of_whole_tokens.
  __device__ __forceinline__ void run(const JobBlocks& blocks, bool batch_first) const {
    __shared__ RowSums sums;
    const Walk walk = walk_of_thread(blocks, batch_first);
    if (walk.s >= this->outer) return;  // of an empty tensor
    const auto unit = static_cast<int>(threadIdx.x);
    const bool turns = unit < this->turned_units;
    const RowAt row{walk.b, walk.s, walk.head};
    const Index place = Index{unit} * U::pack;
    const auto step_of = [&](unsigned stride) { return std::uint64_t{walk.head_step} * stride; };
    const Raw<X>* x = this->x_row(row) + place;
    const Index x_step = this->template offset_of<X>(step_of(this->x_strides.inner));
    XPack now[std::size_t{most_packs}][1];
#pragma unroll
    for (unsigned i = 0; i < most_packs; ++i) {
      if (i < passes) now[i][0] = load<X, U::pack>(x);
      x += x_step;
    }
    typename Rows::Pairs with;
    if (turns) with = this->coefficients(row_of(this->table, walk.b, walk.s), unit);
    float terms[std::size_t{chains}] = {};
#pragma unroll
    for (unsigned i = 0; i < most_packs; ++i) {
      if (i < passes) add_pack(terms, now[i][0]);
    }
    const float reciprocal = reciprocal_of(sums, terms);
    Raw<X>* out_row = this->out_row(row);
    if (Rows::has_slots && out_row == nullptr) return;
    out_row += place;
    const Index out_step = this->template offset_of<X>(step_of(this->out_strides.inner));
    Index weight = Index{walk.head} * this->packs * U::pack + place;
    const Index weight_step = Index{walk.head_step} * this->packs * U::pack;
#pragma unroll
    for (unsigned i = 0; i < most_packs; ++i) {
      if (i >= passes) return;
      const auto weights = load<W, U::pack>(norm.weight + weight);
      const XPack normed[] = {
          normalised_pack<NormFinish::one_rounding>(now[i][0], reciprocal, weights)};
      this->write_unit(out_row, {{0}, false}, normed, turns, with);
      out_row += out_step;
      weight += weight_step;
    }
  }

  __device__ __forceinline__ static void add_pack(float (&terms)[std::size_t{chains}],
                                                  const XPack& pack) {
#pragma unroll
    for (int c = 0; c < chains; ++c) {
      float v[std::size_t{quad}];
      read_quad(v, pack, c);
      add_fused(terms[c], v);
    }
  }

  /// Of the token. A thread's chains are neighbours, which meet last in the tree of 32.
  __device__ __forceinline__ float reciprocal_of(RowSums& sums,
                                                 float (&terms)[std::size_t{chains}]) const {
    constexpr unsigned lanes = warp_lanes / chains;
    fold_lanes<lanes / 2>(terms);
    const float sum = sum_in_lane(terms);
    const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
    if (thread % lanes == 0) sums.of_warps[0][thread / lanes] = sum;
    __syncthreads();
    return gpu::reciprocal_of(sums, 0, norm);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_NORMED_TOKENS_KERNEL_CUH
