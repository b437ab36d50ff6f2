// The kernel for few tokens: a thread for every unit, without a loop and without a branch.
#ifndef ROPEWALK_CUDA_KERNELS_SMALL_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_SMALL_KERNEL_CUH

#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/units.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor of few tokens, all of whose units turn, by entries one apart.
///
/// A launch of few tokens takes the time of one thread's chain of instructions, 3 ns for each on an
/// H200: so there is one row a thread, and what the host knows is not asked here (one token,
/// replayed from a graph: 1.04 us instead of 1.33). Parameters beyond the first 112 bytes cost
/// 0.05 to 0.1 us: those that every launch reads come first.
template <class Arithmetic, Pairing Of, bool Gathered, class Out, class X, class Tab>
struct SmallJob {
  static constexpr bool is_small = true;
  using U = Unit<Of, X>;
  using Pairs = Coefficients<Arithmetic, U::pairs>;

  const Raw<X>* x = nullptr;
  Raw<Out>* out = nullptr;
  PackReader<Tab> cos, sin;
  PackStrides x_strides, out_strides;
  int heads = 0, units = 0, pairs = 0;  // heads 0: nothing to do
  TableRows table;

  /// The grid holds all units of all rows.
  __device__ __forceinline__ void run(const Walk& walk) const {
    const int unit = static_cast<int>(threadIdx.x);
    if (unit >= units || static_cast<int>(walk.head) >= heads) return;
    if (Gathered && leaves(table, walk.b, walk.s)) return;
    const Raw<X>* x_row = x + x_strides.offset_of<X>(walk);
    Raw<Out>* out_row = out + out_strides.offset_of<Out>(walk);
    UnitPacks<Of, X> packs;
#pragma unroll
    for (int i = 0; i < U::packs; ++i) {
      packs.pack[i] = load<X, U::pack>(x_row + place(unit, i, read_pairing(Of) == Pairing::half));
    }
    const auto with = coefficients(walk, static_cast<unsigned>(unit * U::pairs));
    Pack<Out, U::pack> done[U::packs];
    turn<Arithmetic, Of>(done, packs, with);
#pragma unroll
    for (int i = 0; i < U::packs; ++i) {
      store(out_row + place(unit, i, written_pairing(Of) == Pairing::half), done[i]);
    }
  }

  /// The feature at which pack i of a unit begins.
  __device__ __forceinline__ int place(int unit, int i, bool by_halves) const {
    return by_halves ? unit * U::pack + i * pairs : (unit * U::packs + i) * U::pack;
  }

  __device__ __forceinline__ Pairs coefficients(const Walk& walk, unsigned first) const {
    const TableRow row = Gathered ? row_of(table, walk.b, walk.s) : row_at(table, walk.b, walk.s);
    if (!row.is_there) return Pairs::not_there();
    Pairs with;
    read(with, cos, sin, false, row.offset, first);
    return with;
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_SMALL_KERNEL_CUH
