// The kernel for views whose rows are whole packs: 16-byte accesses, coefficients in registers.
#ifndef ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/units.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor to rotate by a table that its heads share.
template <class Arithmetic, Pairing Of, class Out, class X, class Tab>
struct VectorJob {
  static constexpr bool is_small = false;
  using U = Unit<Of, X>;
  using Pairs = Coefficients<Arithmetic, U::pairs>;
  using Packs = UnitPacks<Of, X>;

  const Raw<X>* x = nullptr;
  Raw<Out>* out = nullptr;
  PackStrides x_strides, out_strides;
  int seq = 0, heads = 0, pairs = 0;  // seq 0: nothing to do, and the table may have no packs
  int units = 0, turned_units = 0, packs = 0;  // of a row; units from turned_units on are copied
  PackReader<Tab> cos, sin;
  bool two_apart = false;  // entries of cos and of sin
  TableRows table;

  /// Features at which the packs of a unit begin.
  struct Places {
    int at[U::packs];
    bool has_second;
  };
  /// What a thread does in every row that it takes.
  struct Task {
    Places from, to;
    bool turns;
    int step;  // from head to head
  };

  /// The grid holds all tokens and batch entries.
  __device__ __forceinline__ void run(const Walk& walk) const {
    if (walk.s >= static_cast<unsigned>(seq)) return;
    for (int unit = static_cast<int>(threadIdx.x); unit < units;
         unit += static_cast<int>(blockDim.x)) {
      run_unit(unit, walk);
    }
  }

  __device__ __forceinline__ void run_unit(int unit, const Walk& walk) const {
    const bool turns = unit < turned_units;
    const Task task{places(unit, read_pairing(Of) == Pairing::half && turns),
                    places(unit, written_pairing(Of) == Pairing::half && turns), turns,
                    static_cast<int>(walk.head_step)};
    const Raw<X>* x_row = x + x_strides.offset_of<X>(walk);
    Raw<Out>* out_row = out + out_strides.offset_of<Out>(walk);
    const int heads_left = heads - static_cast<int>(walk.head);
    Packs now[U::rows];
    // The rows are on their way while the id and the coefficients are read.
    read_rows(now, x_row, task, heads_left);
    prefetch_next(unit, x_row, task, heads_left);
    Pairs with;
    if (turns) {
      const TableRow row = row_of(table, walk.b, walk.s);
      const auto first = static_cast<unsigned>(unit * U::pairs);
      if (__builtin_expect(row.is_there, true)) {
        read(with, cos, sin, two_apart, row.offset, first);
      } else {
        with = Pairs::not_there();
      }
    }
    write_rows(now, x_row, out_row, task, heads_left, with);
  }

  /// Brings the rows of the next passes into the second cache: bytes in flight that take no
  /// registers, 0.5 to 1.5 % of the time of large tensors on an H200. Not where rows have gaps,
  /// whose bytes would come as well: 76 MB instead of 66 for 96 of 128 features in place.
  __device__ __forceinline__ void prefetch_next(int unit, const Raw<X>* row, const Task& task,
                                                int heads_left) const {
    constexpr int bytes = 64, passes = 3;
    constexpr int units_each = bytes / (U::pack * static_cast<int>(sizeof(X)));
    const int first = U::rows * task.step;
    const bool has_gaps = units * U::packs < packs;
    if (heads_left <= first || unit % units_each != 0 || has_gaps) return;
    const int end = heads_left < (1 + passes) * first ? heads_left : (1 + passes) * first;
    row += x_strides.head_offset<X>(first);
#pragma unroll 1  // small launches, which have one pass, wait for every instruction
    for (int h = first; h < end; h += task.step) {
      prefetch(row + task.from.at[0]);
      if constexpr (U::packs == 2) {
        if (task.from.has_second) prefetch(row + task.from.at[1]);
      }
      row += x_strides.head_offset<X>(task.step);
    }
  }

  /// The rows in `now` and those that follow, by as many at a time. Asking for the next ones before
  /// these are written costs registers, so threads, and 6 % of the time.
  __device__ __forceinline__ void write_rows(Packs (&now)[U::rows], const Raw<X>* x_row,
                                             Raw<Out>* out_row, const Task& task, int heads_left,
                                             const Pairs& with) const {
    while (true) {
#pragma unroll
      for (int r = 0; r < U::rows; ++r) {
        if (r * task.step >= heads_left) return;
        write_row(out_row, task, now[r], with);
        out_row += out_strides.head_offset<Out>(task.step);
      }
      heads_left -= U::rows * task.step;
      if (heads_left <= 0) return;
      x_row += x_strides.head_offset<X>(U::rows * task.step);
      read_rows(now, x_row, task, heads_left);
    }
  }

  __device__ __forceinline__ Places places(int unit, bool by_halves) const {
    const int first = by_halves ? unit * U::pack : unit * U::packs * U::pack;
    if constexpr (U::packs == 1) {
      return {{first}, false};
    } else {
      // Of the features that are copied there may be an odd number of packs.
      return {{first, by_halves ? first + pairs : first + U::pack}, 2 * unit + 1 < packs};
    }
  }

  __device__ __forceinline__ void read_rows(Packs (&to)[U::rows], const Raw<X>* row,
                                            const Task& task, int heads_left) const {
    const Index step = x_strides.head_offset<X>(task.step);
#pragma unroll
    for (int r = 0; r < U::rows; ++r) {
      if (r * task.step < heads_left) {
        to[r].pack[0] = load<X, U::pack>(row + task.from.at[0]);
        if constexpr (U::packs == 2) {
          if (task.from.has_second) to[r].pack[1] = load<X, U::pack>(row + task.from.at[1]);
        }
      }
      row += step;
    }
  }

  __device__ __forceinline__ static void write_row(Raw<Out>* row, const Task& task,
                                                   const Packs& unit, const Pairs& with) {
    Pack<Out, U::pack> done[U::packs];
    if (task.turns) {
      turn<Arithmetic, Of>(done, unit, with);
    } else {
#pragma unroll
      for (int i = 0; i < U::packs; ++i) done[i] = converted_pack<Out>(unit.pack[i]);
    }
    store(row + task.to.at[0], done[0]);
    if constexpr (U::packs == 2) {
      if (task.to.has_second) store(row + task.to.at[1], done[1]);
    }
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH
