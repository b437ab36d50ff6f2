// The kernels of a norm, compiled once per instruction set.
#ifndef ROPEWALK_NORM_KERNELS_HPP
#define ROPEWALK_NORM_KERNELS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/cpu/kernels.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/norm/norm_rows.hpp"
#include "ropewalk/norm/normalised.hpp"
#include "ropewalk/norm/torch_sum.hpp"

ROPEWALK_BEGIN_NESTED(detail)

#if ROPEWALK_X86
namespace sse2 {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}

ROPEWALK_BEGIN_TARGET("avx2,f16c")
namespace avx2 {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl")
namespace avx512 {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
namespace avx512bf16 {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}
ROPEWALK_END_TARGET
#elif ROPEWALK_NEON
namespace neon {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}
#endif

/// The kernel of an instruction set that is available.
template <class X, class W>
RowKernel norm_kernel(Isa isa) {
#if ROPEWALK_X86
  switch (isa) {
    case Isa::sse2:
      return &sse2::normalise_rows<X, W>;
    case Isa::avx2:
      return &avx2::normalise_rows<X, W>;
    case Isa::avx512fp16:
    case Isa::avx512bf16:
      if constexpr (std::is_same_v<X, Eigen::bfloat16>) {
        return &avx512bf16::normalise_rows<X, W>;
      }
      [[fallthrough]];
    case Isa::avx512:
      return &avx512::normalise_rows<X, W>;
    case Isa::automatic:
    case Isa::scalar:
    case Isa::neon:
    default:
      break;
  }
#elif ROPEWALK_NEON
  if (isa == Isa::neon) return &neon::normalise_rows<X, W>;
#else
  static_cast<void>(isa);
#endif
  return &scalar::normalise_rows<X, W>;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_KERNELS_HPP
