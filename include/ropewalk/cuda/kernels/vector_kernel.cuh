// The kernel for views whose rows are whole packs: 16-byte accesses, coefficients in registers.
#ifndef ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
namespace gpu {

/// What one thread turns of a row: one pack of interleaved pairs, or two packs that hold the first
/// and the second features of pairs (read or written so).
template <Pairing Of, class X>
struct Unit {
  static constexpr int pack = sizeof(X) == 8 ? 4 : 16 / static_cast<int>(sizeof(X));
  static constexpr int packs = Of == Pairing::interleaved ? 1 : 2;
  static constexpr int pairs = packs * pack / 2;
  /// Rows that a thread reads before it writes the first. More hide more of the latency, but cost
  /// registers, so threads: on an H200 these are best (1.03 of a copy; twice as many 1.04 to 1.06,
  /// half as many for 16 bits 1.05 to 1.15).
  static constexpr int rows = packs == 1 && sizeof(X) == 2 ? 2 : 1;
};

/// Strides in units of 16 bytes, so that they fit 32 bits without a sign: one instruction for each
/// product, where 64 bits take four.
struct PackStrides {
  unsigned batch, seq, heads;

  /// The offset in T of one step along heads, and of a place.
  template <class T>
  __device__ __forceinline__ Index head_offset(unsigned steps) const {
    return offset<T>(std::uint64_t{steps} * heads);
  }
  template <class T>
  __device__ __forceinline__ Index offset_of(const Walk& walk) const {
    return offset<T>(std::uint64_t{walk.b} * batch + std::uint64_t{walk.s} * seq +
                     std::uint64_t{walk.head} * heads);
  }

 private:
  template <class T>
  __device__ __forceinline__ static Index offset(std::uint64_t packs) {
    return static_cast<Index>(packs * (16 / sizeof(T)));
  }
};

/// One tensor to rotate by a table that its heads share.
template <class P, Pairing Of, class Out, class X, class Tab>
struct VectorJob {
  static constexpr bool is_small = false;
  using U = Unit<Of, X>;
  using Pairs = Coefficients<P, U::pairs>;

  const Raw<X>* x;
  Raw<Out>* out;
  PackStrides x_strides, out_strides;
  int seq, heads, pairs;            // seq 0: nothing to do, and the table may have no packs
  int units, rotated_units, packs;  // of a row; units from rotated_units on are copied
  PackReader<Tab> cos, sin;
  bool two_apart;  // entries of cos and of sin
  TableRows table;

  struct Packs {
    Pack<X, U::pack> pack[U::packs];
  };
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
  __device__ __forceinline__ void rotate(const Walk& walk) const {
    if (walk.s >= static_cast<unsigned>(seq)) return;
    for (int unit = static_cast<int>(threadIdx.x); unit < units;
         unit += static_cast<int>(blockDim.x)) {
      rotate_unit(unit, walk);
    }
  }

  __device__ __forceinline__ void rotate_unit(int unit, const Walk& walk) const {
    const bool turns = unit < rotated_units;
    const Task task{places(unit, read_pairing(Of) == Pairing::half && turns),
                    places(unit, written_pairing(Of) == Pairing::half && turns), turns,
                    static_cast<int>(walk.head_step)};
    const Raw<X>* x_row = x + x_strides.offset_of<X>(walk);
    Raw<Out>* out_row = out + out_strides.offset_of<Out>(walk);
    const int heads_left = heads - static_cast<int>(walk.head);
    Packs now[U::rows];
    // The rows are on their way while the id and the coefficients are fetched.
    read_rows(now, x_row, task, heads_left);
    fetch_ahead(unit, x_row, task, heads_left);
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
    rotate_rows(now, x_row, out_row, task, heads_left, with);
  }

  /// Brings the rows of the next passes into the second cache: bytes in flight that take no
  /// registers, 0.5 to 1.5 % of the time of large tensors on an H200. Not where rows have gaps,
  /// whose bytes would come as well: 76 MB instead of 66 for 96 of 128 features in place.
  __device__ __forceinline__ void fetch_ahead(int unit, const Raw<X>* row, const Task& task,
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
  __device__ __forceinline__ void rotate_rows(Packs (&now)[U::rows], const Raw<X>* x_row,
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
      turn(done, unit, with);
    } else {
#pragma unroll
      for (int i = 0; i < U::packs; ++i) done[i] = converted_pack<Out>(unit.pack[i]);
    }
    store(row + task.to.at[0], done[0]);
    if constexpr (U::packs == 2) {
      if (task.to.has_second) store(row + task.to.at[1], done[1]);
    }
  }

  __device__ __forceinline__ static void turn(Pack<Out, U::pack> (&done)[U::packs],
                                              const Packs& unit, const Pairs& with) {
    constexpr Pairing read = read_pairing(Of), written = written_pairing(Of);
    const auto feature = [&](Index i) {
      return Value<P>{in_carrier<Carrier<P>>(value_at(unit.pack[i / U::pack], i % U::pack))};
    };
    Carrier<P> results[U::packs][U::pack];
#pragma unroll
    for (int i = 0; i < U::pairs; ++i) {
      const Value<P> a = feature(first_feature(read, i));
      const Value<P> b = feature(second_feature(read, i, U::pack));
      const Index first = first_feature(written, i);
      const Index second = second_feature(written, i, U::pack);
      results[first / U::pack][first % U::pack] =
          rotated_first(a, b, with.cos[i], with.sin[i]).number;
      results[second / U::pack][second % U::pack] =
          rotated_second(a, b, with.cos[i], with.sin[i]).number;
    }
#pragma unroll
    for (int i = 0; i < U::packs; ++i) done[i] = packed<Out>(results[i]);
  }
};

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_KERNELS_VECTOR_KERNEL_CUH
