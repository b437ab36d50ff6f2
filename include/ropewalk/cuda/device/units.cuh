// Units: what one thread turns of a row of packs.
#ifndef ROPEWALK_CUDA_DEVICE_UNITS_CUH
#define ROPEWALK_CUDA_DEVICE_UNITS_CUH

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/twos.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One pack of interleaved pairs, or two packs that hold the first and the second features of pairs
/// (read or written so).
template <Pairing Of, int Pack>
struct Unit {
  static constexpr int pack = Pack;  ///< features
  static constexpr int packs = Of == Pairing::interleaved ? 1 : 2;
  static constexpr int pairs = packs * pack / 2;
};

/// Turns the pairs of a unit one by one.
template <class Arithmetic, Pairing Of, class Out, class X, int Size, std::size_t Packs, int Pairs>
__device__ __forceinline__ void turn_ones(Pack<Out, Size> (&done)[Packs],
                                          const Pack<X, Size> (&unit)[Packs],
                                          const Coefficients<Arithmetic, Pairs>& with) {
  constexpr Pairing read = read_pairing(Of), written = written_pairing(Of);
  const auto feature = [&](Index i) {
    return Value<Arithmetic>{
        in_carrier<Carrier<Arithmetic>>(value_at(unit[i / Size], static_cast<int>(i % Size)))};
  };
  Carrier<Arithmetic> results[Packs][std::size_t{Size}];
#pragma unroll
  for (int i = 0; i < Pairs; ++i) {
    const Value<Arithmetic> a = feature(first_feature(read, i));
    const Value<Arithmetic> b = feature(second_feature(read, i, Size));
    const Index first = first_feature(written, i);
    const Index second = second_feature(written, i, Size);
    results[first / Size][first % Size] = rotated_first(a, b, with.cos[i], with.sin[i]).number;
    results[second / Size][second % Size] = rotated_second(a, b, with.cos[i], with.sin[i]).number;
  }
#pragma unroll
  for (std::size_t i = 0; i < Packs; ++i) done[i] = packed<Out>(results[i]);
}

/// The same two by two. Interleaved, the two words of two pairs change halves before and after.
template <class T, Pairing Of, int Size, std::size_t Packs, int Pairs>
__device__ __forceinline__ void turn_twos(Pack<T, Size> (&done)[Packs],
                                          const Pack<T, Size> (&unit)[Packs],
                                          const Coefficients<T, Pairs>& with) {
  constexpr int words = Size / 2;
#pragma unroll
  for (int i = 0; i < Pairs / 2; ++i) {
    const std::uint32_t even = unit[2 * i / words].word[2 * i % words];
    const std::uint32_t odd = unit[(2 * i + 1) / words].word[(2 * i + 1) % words];
    Two<T> a{low_halves(even, odd)}, b{high_halves(even, odd)};
    if constexpr (read_pairing(Of) == Pairing::half)
      a.word = unit[0].word[i], b.word = unit[1].word[i];
    const Two<T> first = rotated_first(a, b, with.cos[i], with.sin[i]);
    const Two<T> second = rotated_second(a, b, with.cos[i], with.sin[i]);
    if constexpr (written_pairing(Of) == Pairing::half) {
      done[0].word[i] = first.word, done[1].word[i] = second.word;
    } else {
      done[2 * i / words].word[2 * i % words] = low_halves(first.word, second.word);
      done[(2 * i + 1) / words].word[(2 * i + 1) % words] = high_halves(first.word, second.word);
    }
  }
}

/// Turns the pairs of a unit.
template <class Arithmetic, Pairing Of, class Out, class X, int Size, std::size_t Packs, int Pairs>
__device__ __forceinline__ void turn(Pack<Out, Size> (&done)[Packs],
                                     const Pack<X, Size> (&unit)[Packs],
                                     const Coefficients<Arithmetic, Pairs>& with) {
  if constexpr (numbers_of_operand<Arithmetic> == 2) {
    turn_twos<Arithmetic, Of>(done, unit, with);
  } else {
    turn_ones<Arithmetic, Of>(done, unit, with);
  }
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_UNITS_CUH
