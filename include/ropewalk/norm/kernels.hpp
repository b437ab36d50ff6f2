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
#include "ropewalk/norm/simd/turns-inl.hpp"  // after what it is made of
}  // namespace avx512
ROPEWALK_END_TARGET

ROPEWALK_BEGIN_TARGET("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
namespace avx512bf16 {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
#include "ropewalk/norm/simd/turns-inl.hpp"
}  // namespace avx512bf16
ROPEWALK_END_TARGET
#elif ROPEWALK_NEON
namespace neon {
#include "ropewalk/norm/simd/norm_rows-inl.hpp"
}
#endif

/// The kernels of an instruction set that is available.
template <class X, class W>
NormKernels norm_kernels(Isa isa) {
  NormKernels kernels{&scalar::normalise_rows<X, W>, nullptr, nullptr, nullptr};
#if ROPEWALK_X86
  if (isa >= Isa::avx512) {
    kernels = {&avx512::normalise_rows<X, W>, &avx512::turn_rows<Pairing::interleaved, X, W>,
               &avx512::turn_rows<Pairing::half, X, W>, &avx512::turns_by_weights<X, W>};
    if constexpr (std::is_same_v<X, Eigen::bfloat16>) {
      if (isa >= Isa::avx512bf16) kernels.normalise = &avx512bf16::normalise_rows<X, W>;
      // Measured on a Zen 4, and on Intel's with AVX512-FP16, which multiply faster.
      if (isa == Isa::avx512bf16) {
        kernels.turn_interleaved = &avx512bf16::turn_rows<Pairing::interleaved, X, W>;
        kernels.turn_half = &avx512bf16::turn_rows<Pairing::half, X, W>;
      }
    }
  } else if (isa == Isa::avx2) {
    kernels.normalise = &avx2::normalise_rows<X, W>;
  } else if (isa == Isa::sse2) {
    kernels.normalise = &sse2::normalise_rows<X, W>;
  }
#elif ROPEWALK_NEON
  if (isa == Isa::neon) kernels.normalise = &neon::normalise_rows<X, W>;
#else
  static_cast<void>(isa);
#endif
  return kernels;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_KERNELS_HPP
