// The kernels of the fused form, compiled once per instruction set.
#ifndef ROPEWALK_CPU_KERNELS_HPP
#define ROPEWALK_CPU_KERNELS_HPP

// Everything that rows-inl.hpp uses comes before the regions: what is first included inside one
// would be compiled for that instruction set wherever it is used.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/cpu/scalar_rows.hpp"
#include "ropewalk/isa.hpp"

#if ROPEWALK_NEON
#include <arm_neon.h>
#endif

ROPEWALK_BEGIN_NESTED(detail)

#if ROPEWALK_X86
#define ROPEWALK_ISA sse2
#define ROPEWALK_ISA_BYTES 16
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
#undef ROPEWALK_ISA_BYTES

ROPEWALK_BEGIN_TARGET("avx2,f16c")
#define ROPEWALK_ISA avx2
#define ROPEWALK_ISA_BYTES 32
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
#undef ROPEWALK_ISA_BYTES
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl")
#define ROPEWALK_ISA avx512
#define ROPEWALK_ISA_BYTES 64
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#define ROPEWALK_ISA avx512bf16
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512fp16")
#define ROPEWALK_ISA avx512fp16
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
#undef ROPEWALK_ISA_BYTES
ROPEWALK_END_TARGET
#elif ROPEWALK_NEON
#define ROPEWALK_ISA neon
#define ROPEWALK_ISA_BYTES 16
#include "ropewalk/cpu/simd/rows-inl.hpp"
#undef ROPEWALK_ISA
#undef ROPEWALK_ISA_BYTES
#endif

/// The kernel of an instruction set that is available.
template <class Arithmetic, Pairing Of, class Out, class X>
RowKernel row_kernel(Isa isa) {
  constexpr Pairing from = read_pairing(Of), to = written_pairing(Of);
#if ROPEWALK_X86
  switch (isa) {
    case Isa::sse2:
      return &sse2::rotate_rows<Arithmetic, from, to, Out, X>;
    case Isa::avx2:
      return &avx2::rotate_rows<Arithmetic, from, to, Out, X>;
    case Isa::avx512:
      return &avx512::rotate_rows<Arithmetic, from, to, Out, X>;
    case Isa::avx512fp16:
      // Products of bfloat16 are not converted there.
      if constexpr (avx512fp16::has_half_steps<Arithmetic, from, to, Out, X> ||
                    std::is_same_v<Arithmetic, Eigen::bfloat16>) {
        return &avx512fp16::rotate_rows<Arithmetic, from, to, Out, X>;
      }
      [[fallthrough]];
    case Isa::avx512bf16:
      // Other types, and registers of 8 doubles, have no use for its conversions: one kernel less
      // to compile.
      if constexpr (std::is_same_v<Out, Eigen::bfloat16> && !std::is_same_v<Arithmetic, double>) {
        return &avx512bf16::rotate_rows<Arithmetic, from, to, Out, X>;
      } else {
        return &avx512::rotate_rows<Arithmetic, from, to, Out, X>;
      }
    case Isa::automatic:
    case Isa::scalar:
    case Isa::neon:
    default:
      break;
  }
#elif ROPEWALK_NEON
  if (isa == Isa::neon) return &neon::rotate_rows<Arithmetic, from, to, Out, X>;
#else
  static_cast<void>(isa);
#endif
  return &scalar::rotate_rows<Arithmetic, from, to, Out, X>;
}

/// What widens coefficients of a table for it.
template <class C, class Tab>
WidenEntries entries_kernel(Isa isa) {
#if ROPEWALK_X86
  if (isa >= Isa::avx512) return &avx512::widen_entries<C, Tab>;
  if (isa == Isa::avx2) return &avx2::widen_entries<C, Tab>;
  if (isa == Isa::sse2) return &sse2::widen_entries<C, Tab>;
#elif ROPEWALK_NEON
  if (isa == Isa::neon) return &neon::widen_entries<C, Tab>;
#else
  static_cast<void>(isa);
#endif
  return &scalar::widen_entries<C, Tab>;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_KERNELS_HPP
