// The kernel for rows that are normalised, then turned by a table that their heads share: rows by
// themselves, or all heads of a token together.
#ifndef ROPEWALK_CUDA_KERNELS_NORMED_HEADS_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_NORMED_HEADS_KERNEL_CUH

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/norm_sums.cuh"
#include "ropewalk/cuda/device/normalised.cuh"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/row_sums.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor: a thread keeps the coefficients of its unit for several heads.
///
/// A row of 64 or 128 features is added up by its lanes, which are of one warp and have a quad of
/// each of PyTorch's chains in their registers: the sum is a tree over them. All lanes of a warp
/// take part, also those without a row. All heads of a token are added up before, by the warps of
/// its block; see find_sums.
template <class Rows, class W>
struct NormedHeadsJob : Rows {
  using U = typename Rows::U;
  using X = typename Rows::X;
  using XPack = typename Rows::XPack;
  /// Two where coefficients and weights of 16 bits leave registers for them.
  static constexpr int rows =
      numbers_of_operand<typename Rows::Arithmetic> == 2 ? 2 : Rows::rows_at_once;
  static constexpr int quads = U::pack / static_cast<int>(quad);  // of a pack
  DeviceNorm<W> norm;

  /// The order of what is added up, as a constant: a small launch takes the time of its
  /// instructions.
  enum class Sums { fused, reduced, of_token };

  /// Weights are widened once where every head multiplies by floats; of two packs that would cost
  /// threads.
  template <Sums By>
  using KeptWeight = std::conditional_t<By == Sums::fused && U::packs == 1, float, W>;

  /// What a thread keeps from head to head.
  template <Sums By>
  struct Kept {
    typename Rows::Pairs with;
    Pack<KeptWeight<By>, U::pack> weights[std::size_t{U::packs}];
  };

  /// Of 56 registers a thread at most, or of 80.
  static constexpr int least_blocks = U::packs == 1 && sizeof(Kept<Sums::fused>) <= 64 ? 3 : 2;

  /// Where a thread is, and how far the next of its heads is.
  struct Task {
    unsigned b, s, first, step;
    int unit;
    bool turns, has_rows;
    typename Rows::Places from, to;
  };

  /// A block has whole warps; see grid_of_tokens.
  __device__ __forceinline__ void run(const JobBlocks& blocks, bool batch_first) const {
    __shared__ RowSums sums;
    const Walk walk = walk_of_thread(blocks, batch_first);
    const auto unit = static_cast<int>(threadIdx.x);
    const bool turns = unit < this->turned_units;
    const Task task{walk.b,
                    walk.s,
                    walk.head,
                    walk.head_step,
                    unit,
                    turns,
                    walk.s < this->outer && unit < this->units,
                    this->places(unit, read_pairing(Rows::pairing), turns),
                    this->places(unit, written_pairing(Rows::pairing), turns)};
    if (norm.over_token) {
      const unsigned first = walk.s - threadIdx.z;
      find_sums(sums, blockDim.z, norm, [&](unsigned row) {
        const unsigned s = first + row < this->outer ? first + row : this->outer - 1;
        return NormedFeatures<X, true>{this->x_row({walk.b, s, 0}), norm.size};
      });
      run_by<Sums::of_token>(task, reciprocal_of(sums, threadIdx.z, norm));
    } else if (norm.order == NormOrder::cuda_fused) {
      run_by<Sums::fused>(task, 0);
    } else {
      run_by<Sums::reduced>(task, 0);
    }
  }

  template <Sums By>
  __device__ __forceinline__ void run_by(const Task& task, float reciprocal) const {
    const unsigned end = task.has_rows ? this->inner : 0, step = task.step;
    const RowAt row{task.b, task.s, task.first};
    const Raw<X>* x_row = this->x_row(row);
    const Index x_step = this->template offset_of<X>(std::uint64_t{step} * this->x_strides.inner);
    const Index out_step =
        this->template offset_of<X>(std::uint64_t{step} * this->out_strides.inner);
    XPack now[std::size_t{rows}][std::size_t{U::packs}] = {};
    // The rows are on their way while the coefficients, the weights and the slot are read.
    x_row = read_rows(now, x_row, x_step, task, task.first, end);
    Kept<By> kept;
    if (task.has_rows) {
      // Those of a token have just been read.
      if (By != Sums::of_token) {
        Rows::prefetch_rows(this->x_row(row), x_step, task.from, task.unit, rows,
                            static_cast<int>(step),
                            static_cast<int>(this->inner) - static_cast<int>(task.first));
      }
      if (task.turns) {
        kept.with = this->coefficients(row_of(this->table, task.b, task.s), task.unit);
      }
      if (By != Sums::of_token) read_weights(kept, task, 0);
    }
    Raw<X>* out_row = Rows::has_slots && !task.has_rows ? nullptr : this->out_row(row);
    const unsigned write_end = Rows::has_slots && out_row == nullptr ? 0 : end;
    unsigned begin = 0;
#pragma unroll 1
    while (true) {
#pragma unroll
      for (int r = 0; r < rows; ++r) {
        if (begin + r * step >= this->inner) return;  // no lane has such a row
        if constexpr (By != Sums::of_token) {
          const float sum = sum_of_row<By == Sums::fused>(now[r]);
          reciprocal = approximate_reciprocal_rms(norm, sum);
        }
        const unsigned head = begin + task.first + r * step;
        if (head < write_end) {
          if (By == Sums::of_token) read_weights(kept, task, head);
          write(out_row, task, now[r], reciprocal, kept);
        }
        out_row += out_step;
      }
      begin += rows * step;
      if (begin >= this->inner) return;
      x_row = read_rows(now, x_row, x_step, task, begin + task.first, end);
    }
  }

  /// From head `head` on, those below `end`: lanes without a row have what they had. The place of
  /// the next ones.
  __device__ __forceinline__ const Raw<X>* read_rows(
      XPack (&to)[std::size_t{rows}][std::size_t{U::packs}], const Raw<X>* row, Index step,
      const Task& task, unsigned head, unsigned end) const {
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      if (head + r * task.step < end) this->read_unit(to[r], row, task.from);
      row += step;
    }
    return row;
  }

  template <Sums By>
  __device__ __forceinline__ void read_weights(Kept<By>& kept, const Task& task,
                                               unsigned head) const {
    const Index first = Index{head} * this->packs * U::pack;
#pragma unroll
    for (int p = 0; p < U::packs; ++p) {
      kept.weights[p] =
          converted_pack<KeptWeight<By>>(weights_of<U::pack>(norm, first + task.from.at[p]));
    }
  }

  /// One finish has the fused order.
  template <Sums By>
  __device__ __forceinline__ void write(Raw<X>* out_row, const Task& task,
                                        const XPack (&unit)[std::size_t{U::packs}],
                                        float reciprocal, const Kept<By>& kept) const {
    XPack normed[std::size_t{U::packs}];
#pragma unroll
    for (int p = 0; p < U::packs; ++p) {
      if constexpr (By == Sums::fused) {
        normed[p] = normalised_pack<NormFinish::one_rounding>(unit[p], reciprocal, kept.weights[p]);
      } else {
        normed[p] = normalised_pack(norm.finish, unit[p], reciprocal, kept.weights[p]);
      }
    }
    this->write_unit(out_row, task.to, normed, task.turns, kept.with);
  }

  /// The squares of the row of which this thread has a unit.
  template <bool Fused>
  __device__ __forceinline__ float sum_of_row(const XPack (&unit)[std::size_t{U::packs}]) const {
    constexpr bool halves = U::packs == 2 && read_pairing(Rows::pairing) == Pairing::half;
    constexpr int sums_of_lane = U::packs * quads, count = halves ? quads : sums_of_lane;
    float sums[std::size_t{sums_of_lane}];
#pragma unroll
    for (int i = 0; i < sums_of_lane; ++i) {
      float v[std::size_t{quad}];
      read_quad(v, unit[i / quads], i % quads);
      sums[i] = sum_of_quad<Fused>(v);
    }
    // The upper half of a tree is added to its lower one. Halves of a row are a lane's two packs;
    // neighbours, which meet last, are in one pack.
    float terms[std::size_t{count}];
#pragma unroll
    for (int i = 0; i < count; ++i) terms[i] = halves ? added(sums[i], sums[count + i]) : sums[i];
    constexpr unsigned lanes = most_in_registers / (U::pack * U::packs);
    // Of half as many features half of the lanes.
    if (norm.size == most_in_registers) add_lanes_apart<lanes / 2>(terms);
    fold_lanes<lanes / 4>(terms);
    return sum_in_lane(terms);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_NORMED_HEADS_KERNEL_CUH
