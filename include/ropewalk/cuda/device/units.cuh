// Units: what one thread turns of a row of packs.
#ifndef ROPEWALK_CUDA_DEVICE_UNITS_CUH
#define ROPEWALK_CUDA_DEVICE_UNITS_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One pack of interleaved pairs, or two packs that hold the first and the second features of pairs
/// (read or written so).
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
  unsigned batch = 0, seq = 0, heads = 0;

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

template <Pairing Of, class X>
struct UnitPacks {
  Pack<X, Unit<Of, X>::pack> pack[Unit<Of, X>::packs];
};

/// Turns the pairs of a unit.
template <class Arithmetic, Pairing Of, class Out, class X, int Pairs>
__device__ __forceinline__ void turn(Pack<Out, Unit<Of, X>::pack> (&done)[Unit<Of, X>::packs],
                                     const UnitPacks<Of, X>& unit,
                                     const Coefficients<Arithmetic, Pairs>& with) {
  using U = Unit<Of, X>;
  constexpr Pairing read = read_pairing(Of), written = written_pairing(Of);
  const auto feature = [&](Index i) {
    return Value<Arithmetic>{
        in_carrier<Carrier<Arithmetic>>(value_at(unit.pack[i / U::pack], i % U::pack))};
  };
  Carrier<Arithmetic> results[U::packs][U::pack];
#pragma unroll
  for (int i = 0; i < U::pairs; ++i) {
    const Value<Arithmetic> a = feature(first_feature(read, i));
    const Value<Arithmetic> b = feature(second_feature(read, i, U::pack));
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

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_UNITS_CUH
