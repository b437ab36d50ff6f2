// Packs: neighbouring values in registers, read and written up to 16 bytes at a time.
#ifndef ROPEWALK_CUDA_DEVICE_PACKS_CUH
#define ROPEWALK_CUDA_DEVICE_PACKS_CUH

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Values of T next to each other, as the 32-bit words that they are in memory.
template <class T, int Size>
struct Pack {
  static constexpr int size = Size;
  static constexpr int bytes = Size * static_cast<int>(sizeof(T));
  static constexpr int words = bytes / 4;
  static_assert(bytes % 4 == 0, "ropewalk: a pack is whole words");
  /// What the address of a pack must be a multiple of.
  static constexpr int alignment = bytes < 16 ? bytes : 16;

  std::uint32_t word[std::size_t{words}];
};

/// Value i of a pack in its carrier; i must be known when this is compiled.
template <class T, int Size>
__device__ __forceinline__ Carrier<T> value_at(const Pack<T, Size>& pack, int i) {
  if constexpr (sizeof(T) == 8) {
    return __hiloint2double(static_cast<int>(pack.word[2 * i + 1]),
                            static_cast<int>(pack.word[2 * i]));
  } else if constexpr (sizeof(T) == 4) {
    return __uint_as_float(pack.word[i]);
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    const std::uint32_t word = pack.word[i / 2];
    return __uint_as_float(i % 2 == 0 ? word << 16 : word & 0xffff0000u);
  } else {
    return widened<T>(static_cast<std::uint16_t>(pack.word[i / 2] >> (16 * (i % 2))));
  }
}

/// Value i of a pack as it is in memory.
template <class T, int Size>
__device__ __forceinline__ Raw<T> raw_at(const Pack<T, Size>& pack, int i) {
  if constexpr (sizeof(T) == 2) {
    return static_cast<std::uint16_t>(pack.word[i / 2] >> (16 * (i % 2)));
  } else {
    return value_at(pack, i);
  }
}

/// Two values of a 16-bit type rounded by one instruction, the first in the low half.
template <class T>
__device__ __forceinline__ std::uint32_t narrowed_pair(float first, float second) {
  std::uint32_t result;
  if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
  }
  return result;
}

/// The values, each rounded to T.
template <class T, std::size_t Size, class C>
__device__ __forceinline__ Pack<T, static_cast<int>(Size)> packed(const C (&values)[Size]) {
  constexpr int size = static_cast<int>(Size);
  Pack<T, size> pack;
#pragma unroll
  for (int i = 0; i < size; ++i) {
    if constexpr (sizeof(T) == 8) {
      const double value = narrowed<T>(values[i]);
      pack.word[2 * i] = static_cast<std::uint32_t>(__double2loint(value));
      pack.word[2 * i + 1] = static_cast<std::uint32_t>(__double2hiint(value));
    } else if constexpr (sizeof(T) == 4) {
      pack.word[i] = __float_as_uint(narrowed<T>(values[i]));
    } else if (i % 2 == 0) {
      pack.word[i / 2] = narrowed_pair<T>(as_float(values[i]), as_float(values[i + 1]));
    }
  }
  return pack;
}

/// The values as another type; of the same type every bit is kept.
template <class To, class From, int Size>
__device__ __forceinline__ Pack<To, Size> converted_pack(const Pack<From, Size>& pack) {
  if constexpr (std::is_same_v<To, From>) {
    return pack;
  } else {
    Carrier<From> values[Size];
#pragma unroll
    for (int i = 0; i < Size; ++i) values[i] = value_at(pack, i);
    return packed<To>(values);
  }
}

// Memory ------------------------------------------------------------------------------------------

/// The words that one access moves.
template <int Words>
using Access =
    std::conditional_t<Words % 4 == 0, uint4, std::conditional_t<Words % 2 == 0, uint2, unsigned>>;

__device__ __forceinline__ void set_words(std::uint32_t* to, unsigned part) { to[0] = part; }
__device__ __forceinline__ void set_words(std::uint32_t* to, uint2 part) {
  to[0] = part.x, to[1] = part.y;
}
__device__ __forceinline__ void set_words(std::uint32_t* to, uint4 part) {
  to[0] = part.x, to[1] = part.y, to[2] = part.z, to[3] = part.w;
}

__device__ __forceinline__ void store_words(unsigned* to, const std::uint32_t* from) {
  asm volatile("st.global.u32 [%0], %1;" ::"l"(to), "r"(from[0]) : "memory");
}
__device__ __forceinline__ void store_words(uint2* to, const std::uint32_t* from) {
  asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(to), "r"(from[0]), "r"(from[1]) : "memory");
}
__device__ __forceinline__ void store_words(uint4* to, const std::uint32_t* from) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(from[0]), "r"(from[1]),
               "r"(from[2]), "r"(from[3])
               : "memory");
}

/// Calls visit(word, i) for access i of a pack, which begins at that word.
template <class T, int Size, class Visit>
__device__ __forceinline__ void for_each_access(const Visit& visit) {
  constexpr int part_words = sizeof(Access<Pack<T, Size>::words>) / 4;
#pragma unroll
  for (int i = 0; i < Pack<T, Size>::words / part_words; ++i) visit(i * part_words, i);
}

/// Of x or of a table. Not by the cache for what nothing writes while a kernel runs: this one may
/// begin before the one that writes a table has ended; see wait_for_stream.
template <class T, int Size>
__device__ __forceinline__ Pack<T, Size> load(const Raw<T>* from) {
  using Part = Access<Pack<T, Size>::words>;
  Pack<T, Size> pack;
  for_each_access<T, Size>([&](int word, int i) {
    set_words(pack.word + word, reinterpret_cast<const Part*>(from)[i]);
  });
  return pack;
}

/// Into the second cache, where a load will find it.
__device__ __forceinline__ void prefetch(const void* from) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(from));
}

/// In PTX: nvcc 13.0 splits a plain store of 16 bytes into four, at 1.4 times the time on an H200.
template <class T, int Size>
__device__ __forceinline__ void store(Raw<T>* to, const Pack<T, Size>& pack) {
  using Part = Access<Pack<T, Size>::words>;
  for_each_access<T, Size>(
      [&](int word, int i) { store_words(reinterpret_cast<Part*>(to) + i, pack.word + word); });
}

// Ways to store a pack ----------------------------------------------------------------------------

struct AsWords {
  template <class T, int Size>
  __device__ __forceinline__ static void store_pack(Raw<T>* to, const Pack<T, Size>& pack) {
    store(to, pack);
  }
};

/// Value by value: first those at even places, then those at odd ones.
struct ByStrides {
  template <class T, int Size>
  __device__ __forceinline__ static void store_pack(Raw<T>* to, const Pack<T, Size>& pack) {
#pragma unroll
    for (int begin = 0; begin < 2; ++begin) {
#pragma unroll
      for (int i = begin; i < Size; i += 2) to[i] = raw_at(pack, i);
    }
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_PACKS_CUH
