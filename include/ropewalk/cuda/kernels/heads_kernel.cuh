// The kernel for rows of packs by a table that their heads share: a thread turns the same unit of
// several heads, with its coefficients in registers.
#ifndef ROPEWALK_CUDA_KERNELS_HEADS_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_HEADS_KERNEL_CUH

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor whose heads share a table row: it is read once for several heads, and so is the id
/// that it is found by.
template <class Rows>
struct HeadsJob : Rows {
  using U = typename Rows::U;
  using X = typename Rows::X;
  using Out = typename Rows::Out;
  using XPack = typename Rows::XPack;
  static constexpr int rows = Rows::rows_at_once;

  /// What a thread does in every row that it takes.
  struct Task {
    typename Rows::Places from, to;
    bool turns;
    unsigned step;  // from head to head
  };

  /// The grid holds all tokens, which are the outer axis, and batch entries.
  __device__ __forceinline__ void run(const JobBlocks& blocks, bool batch_first) const {
    const Walk walk = walk_of_thread(blocks, batch_first);
    if (walk.s >= this->outer) return;
    for (int unit = static_cast<int>(threadIdx.x); unit < this->units;
         unit += static_cast<int>(blockDim.x)) {
      run_unit(unit, walk);
    }
  }

  __device__ __forceinline__ void run_unit(int unit, const Walk& walk) const {
    const bool turns = unit < this->turned_units;
    const Task task{this->places(unit, read_pairing(Rows::pairing), turns),
                    this->places(unit, written_pairing(Rows::pairing), turns), turns,
                    walk.head_step};
    const RowAt row{walk.b, walk.s, walk.head};
    const Raw<X>* x_row = this->x_row(row);
    const int heads_left = static_cast<int>(this->inner) - static_cast<int>(walk.head);
    XPack now[std::size_t{rows}][std::size_t{U::packs}];
    // The rows are on their way while the id and the coefficients are read.
    read_rows(now, x_row, task, heads_left);
    if (!this->has_gaps()) {
      const auto step = static_cast<int>(task.step);
      this->prefetch_rows(x_row, offset_of_heads(step), task.from, unit, rows, step, heads_left);
    }
    typename Rows::Pairs with;
    if (turns) with = this->coefficients(row_of(this->table, walk.b, walk.s), unit);
    Raw<Out>* out_row = this->out_row(row);
    if (Rows::has_slots && out_row == nullptr) return;
    write_rows(now, x_row, out_row, task, heads_left, with);
  }

  /// The rows in `now` and those that follow, by as many at a time. Asking for the next ones before
  /// these are written costs registers, so threads, and 6 % of the time on an H200.
  __device__ __forceinline__ void write_rows(XPack (&now)[std::size_t{rows}][std::size_t{U::packs}],
                                             const Raw<X>* x_row, Raw<Out>* out_row,
                                             const Task& task, int heads_left,
                                             const typename Rows::Pairs& with) const {
    const int step = static_cast<int>(task.step);
    const Index out_step =
        this->template offset_of<Out>(std::uint64_t{task.step} * this->out_strides.inner);
    while (true) {
#pragma unroll
      for (int r = 0; r < rows; ++r) {
        if (r * step >= heads_left) return;
        this->write_unit(out_row, task.to, now[r], task.turns, with);
        out_row += out_step;
      }
      heads_left -= rows * step;
      if (heads_left <= 0) return;
      x_row += offset_of_heads(rows * step);
      read_rows(now, x_row, task, heads_left);
    }
  }

  __device__ __forceinline__ void read_rows(XPack (&to)[std::size_t{rows}][std::size_t{U::packs}],
                                            const Raw<X>* row, const Task& task,
                                            int heads_left) const {
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      if (r * static_cast<int>(task.step) < heads_left) this->read_unit(to[r], row, task.from);
      row += offset_of_heads(static_cast<int>(task.step));
    }
  }

  __device__ __forceinline__ Index offset_of_heads(int heads) const {
    return this->template offset_of<X>(std::uint64_t{static_cast<unsigned>(heads)} *
                                       this->x_strides.inner);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_HEADS_KERNEL_CUH
