// The kernel for views whose rows are whole packs: 16-byte accesses, coefficients in registers.
#ifndef ROPEWALK_CUDA_VECTOR_KERNEL_CUH
#define ROPEWALK_CUDA_VECTOR_KERNEL_CUH

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/cuda/arithmetic.cuh"
#include "ropewalk/cuda/packs.cuh"
#include "ropewalk/cuda/table_rows.cuh"
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
};

/// One tensor to rotate; `lanes` are the units of a row, those from `rotated_lanes` on are copied.
template <class P, Pairing Of, class Out, class X, class Tab>
struct VectorJob {
  using U = Unit<Of, X>;
  static constexpr int packs = U::packs;
  /// Rows that a thread reads before it writes the first: bytes in flight hide the latency.
  static constexpr int rows = 2;

  Raw<Out>* out;
  const Raw<X>* x;
  Strides out_strides, x_strides;
  Index seq, pairs, head_dim;
  int heads, lanes, rotated_lanes;
  DeviceTable<Tab> table;

  struct InRow {
    Index first, second;  // of the unit's packs
  };
  struct Coefficients {
    Value<P> cos[U::pairs], sin[U::pairs];
  };
  struct Packs {
    Pack<X, U::pack> pack[packs];
  };

  /// Threads: x along the units of a row, y along heads, z along tokens.
  __device__ __forceinline__ void rotate(Index block, Index) const {
    const Index b = blockIdx.y;
    const Index s = block * blockDim.z + threadIdx.z;
    if (s >= seq) return;
    const int first_head = static_cast<int>(blockIdx.z * blockDim.y + threadIdx.y);
    const int step = static_cast<int>(gridDim.z * blockDim.y);
    for (int lane = static_cast<int>(threadIdx.x); lane < lanes;
         lane += static_cast<int>(blockDim.x)) {
      rotate_lane(lane, b, s, first_head, step);
    }
  }

  __device__ __forceinline__ void rotate_lane(int lane, Index b, Index s, int head,
                                              int step) const {
    const bool turns = lane < rotated_lanes;
    const InRow from = in_x(lane), to = in_out(lane);
    const bool has_second = packs == 2 && (turns || from.second < head_dim);
    const Raw<X>* x_token = x + b * x_strides.batch + s * x_strides.seq;
    Raw<Out>* out_token = out + b * out_strides.batch + s * out_strides.seq;
    // The rows of x are on their way while the id and the coefficients are fetched.
    const TableRow token = row_of(table, b, s);
    Packs now[rows];
    read_rows(now, x_token, from, has_second, head, step);
    Coefficients with;
    if (turns && table.heads_stride == 0) with = coefficients_of(token, lane);
    while (head < heads) {
#pragma unroll
      for (int r = 0; r < rows; ++r) {
        const int h = head + r * step;
        if (h >= heads) break;
        if (turns && table.heads_stride != 0) {
          with = coefficients_of({token.offset + h * table.heads_stride, token.is_there}, lane);
        }
        Pack<Out, U::pack> done[packs];
        if (turns) {
          turned(done, now[r], with);
        } else {
#pragma unroll
          for (int i = 0; i < packs; ++i) done[i] = converted_pack<Out>(now[r].pack[i]);
        }
        Raw<Out>* row = out_token + h * out_strides.heads;
        store(row + to.first, done[0]);
        if constexpr (packs == 2) {
          if (has_second) store(row + to.second, done[1]);
        }
      }
      head += rows * step;
      read_rows(now, x_token, from, has_second, head, step);
    }
  }

  __device__ __forceinline__ void read_rows(Packs (&to)[rows], const Raw<X>* x_token,
                                            const InRow& from, bool has_second, int head,
                                            int step) const {
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      const int h = head + r * step;
      const Raw<X>* row = x_token + h * x_strides.heads;
      if (h < heads) to[r].pack[0] = load<X, U::pack>(row + from.first);
      if constexpr (packs == 2) {
        if (h < heads && has_second) to[r].pack[1] = load<X, U::pack>(row + from.second);
      }
    }
  }

  __device__ __forceinline__ InRow in_x(int lane) const {
    const Index at = Index{lane} * U::pack;
    if (Of == Pairing::half && lane < rotated_lanes) return {at, pairs + at};
    return neighbours(lane);
  }

  __device__ __forceinline__ InRow in_out(int lane) const {
    const Index at = Index{lane} * U::pack;
    if (Of != Pairing::interleaved && lane < rotated_lanes) return {at, pairs + at};
    return neighbours(lane);
  }

  __device__ __forceinline__ InRow neighbours(int lane) const {
    const Index at = Index{lane} * (packs * U::pack);
    return {at, at + U::pack};
  }

  __device__ __forceinline__ Coefficients coefficients_of(const TableRow& row, int lane) const {
    Coefficients with;
    const Index first = Index{lane} * U::pairs;
    coefficients<P>(with.cos, table.cos_a, row, first);
    coefficients<P>(with.sin, table.sin_a, row, first);
    return with;
  }

  __device__ __forceinline__ static void turned(Pack<Out, U::pack> (&done)[packs],
                                                const Packs& unit, const Coefficients& with) {
    constexpr bool half_in = Of == Pairing::half;
    constexpr bool half_out = Of != Pairing::interleaved;
    const auto feature = [&](int i) {
      return Value<P>{in_carrier<Carrier<P>>(value_at(unit.pack[i / U::pack], i % U::pack))};
    };
    Carrier<P> results[packs][U::pack];
#pragma unroll
    for (int i = 0; i < U::pairs; ++i) {
      const Value<P> a = feature(half_in ? i : 2 * i);
      const Value<P> b = feature(half_in ? U::pack + i : 2 * i + 1);
      const int first = half_out ? i : 2 * i;
      const int second = half_out ? U::pack + i : 2 * i + 1;
      results[first / U::pack][first % U::pack] =
          rotated_first(a, b, with.cos[i], with.sin[i]).number;
      results[second / U::pack][second % U::pack] =
          rotated_second(a, b, with.cos[i], with.sin[i]).number;
    }
#pragma unroll
    for (int i = 0; i < packs; ++i) done[i] = packed<Out>(results[i]);
  }
};

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_VECTOR_KERNEL_CUH
