// The inline namespaces: which flags code was compiled with is part of its name.
#ifndef ROPEWALK_BASE_CONFIG_HPP
#define ROPEWALK_BASE_CONFIG_HPP

#include "ropewalk/base/compiler.hpp"
#include "ropewalk/version.hpp"

// Two translation units compiled with different flags hold different code for the same template,
// and the linker would keep either: AVX-512 code in a program for any CPU. So the flags that change
// code are digits of the name of everything that does work, in the groups in which processors have
// them. Types that units pass to one another (View, Table, Options, Model ...) are named after the
// version alone: what they do themselves is always inlined, and calls what does work.
#if defined(__AVX__)
#define ROPEWALK_WITH_AVX 1
#else
#define ROPEWALK_WITH_AVX 0
#endif
#if defined(__AVX2__)
#define ROPEWALK_WITH_AVX2 1
#else
#define ROPEWALK_WITH_AVX2 0
#endif
#if defined(__FMA__)
#define ROPEWALK_WITH_FMA 1
#elif defined(__FMA4__)
#define ROPEWALK_WITH_FMA 4
#else
#define ROPEWALK_WITH_FMA 0
#endif
#if defined(__F16C__)
#define ROPEWALK_WITH_F16C 1
#else
#define ROPEWALK_WITH_F16C 0
#endif
#if defined(__AVX512F__)
#define ROPEWALK_WITH_AVX512F 1
#else
#define ROPEWALK_WITH_AVX512F 0
#endif
#if defined(__AVX512VL__) || defined(__AVX512BW__) || defined(__AVX512DQ__)
#define ROPEWALK_WITH_AVX512VL 1
#else
#define ROPEWALK_WITH_AVX512VL 0
#endif
#if defined(__AVX512VBMI__) || defined(__AVX512VBMI2__)
#define ROPEWALK_WITH_AVX512VBMI 1
#else
#define ROPEWALK_WITH_AVX512VBMI 0
#endif
#if defined(__AVX512FP16__)
#define ROPEWALK_WITH_AVX512BF16 2
#elif defined(__AVX512BF16__)
#define ROPEWALK_WITH_AVX512BF16 1
#else
#define ROPEWALK_WITH_AVX512BF16 0
#endif
#if defined(__BMI__) || defined(__BMI2__) || defined(__LZCNT__)
#define ROPEWALK_WITH_BMI 1
#else
#define ROPEWALK_WITH_BMI 0
#endif
#if defined(__SSE4_1__) || defined(__SSE4_2__)
#define ROPEWALK_WITH_SSE4 1
#elif defined(__SSE3__) || defined(__SSSE3__)
#define ROPEWALK_WITH_SSE4 3
#else
#define ROPEWALK_WITH_SSE4 0
#endif
#if defined(__ARM_FEATURE_SVE2)
#define ROPEWALK_WITH_SVE 3
#elif defined(__ARM_FEATURE_SVE)
#define ROPEWALK_WITH_SVE 2
#elif defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
#define ROPEWALK_WITH_SVE 1
#else
#define ROPEWALK_WITH_SVE 0
#endif
// What -ffast-math is made of, as far as a macro tells. (g++ tells all, clang++ the first two; what
// none tells changes no bit: the flag matrix of the tests holds it to that.)
#if defined(__FAST_MATH__)
#define ROPEWALK_WITH_FAST_MATH 1
#else
#define ROPEWALK_WITH_FAST_MATH 0
#endif
#if __FINITE_MATH_ONLY__
#define ROPEWALK_WITH_FINITE 1
#else
#define ROPEWALK_WITH_FINITE 0
#endif
#if defined(__ASSOCIATIVE_MATH__)
#define ROPEWALK_WITH_ASSOCIATIVE 1
#else
#define ROPEWALK_WITH_ASSOCIATIVE 0
#endif
#if defined(__RECIPROCAL_MATH__)
#define ROPEWALK_WITH_RECIPROCAL 1
#else
#define ROPEWALK_WITH_RECIPROCAL 0
#endif
#if defined(__NO_SIGNED_ZEROS__)
#define ROPEWALK_WITH_UNSIGNED_ZEROS 1
#else
#define ROPEWALK_WITH_UNSIGNED_ZEROS 0
#endif
#if !ROPEWALK_EXCEPTIONS
#define ROPEWALK_WITH_NO_EXCEPTIONS 1
#else
#define ROPEWALK_WITH_NO_EXCEPTIONS 0
#endif
// The library ropewalk::compiled holds the kernels, and the headers declare them only. Its own
// units have names that no other unit gives, since a linker would keep either's code.
#if defined(ROPEWALK_BUILDS_COMPILED)
#define ROPEWALK_WITH_COMPILED 2
#elif defined(ROPEWALK_COMPILED)
#define ROPEWALK_WITH_COMPILED 1
#else
#define ROPEWALK_WITH_COMPILED 0
#endif
// nvcc's units have no rows for instruction sets: ROPEWALK_X86 and ROPEWALK_NEON are 0 there.
#if defined(__CUDACC__)
#define ROPEWALK_WITH_CUDA 1
#else
#define ROPEWALK_WITH_CUDA 0
#endif

#define ROPEWALK_JOIN_VERSION_2(major, minor, patch) v##major##_##minor##_##patch
#define ROPEWALK_JOIN_VERSION(...) ROPEWALK_JOIN_VERSION_2(__VA_ARGS__)
#define ROPEWALK_VERSION_NAMESPACE \
  ROPEWALK_JOIN_VERSION(ROPEWALK_VERSION_MAJOR, ROPEWALK_VERSION_MINOR, ROPEWALK_VERSION_PATCH)

#define ROPEWALK_JOIN_FLAGS_2(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s) \
  flags_##a##b##c##d##e##f##g##h##i##j##k##l##m##n##o##p##q##r##s
#define ROPEWALK_JOIN_FLAGS(...) ROPEWALK_JOIN_FLAGS_2(__VA_ARGS__)
#define ROPEWALK_FLAGS_NAMESPACE                                                                 \
  ROPEWALK_JOIN_FLAGS(ROPEWALK_WITH_AVX, ROPEWALK_WITH_AVX2, ROPEWALK_WITH_FMA,                  \
                      ROPEWALK_WITH_F16C, ROPEWALK_WITH_AVX512F, ROPEWALK_WITH_AVX512VL,         \
                      ROPEWALK_WITH_AVX512VBMI, ROPEWALK_WITH_AVX512BF16, ROPEWALK_WITH_BMI,     \
                      ROPEWALK_WITH_SSE4, ROPEWALK_WITH_SVE, ROPEWALK_WITH_FAST_MATH,            \
                      ROPEWALK_WITH_FINITE, ROPEWALK_WITH_ASSOCIATIVE, ROPEWALK_WITH_RECIPROCAL, \
                      ROPEWALK_WITH_UNSIGNED_ZEROS, ROPEWALK_WITH_NO_EXCEPTIONS,                 \
                      ROPEWALK_WITH_COMPILED, ROPEWALK_WITH_CUDA)

// For types that units pass to one another; `detail` inside is opened as usual.
#define ROPEWALK_BEGIN_TYPES \
  namespace ropewalk {       \
  inline namespace ROPEWALK_VERSION_NAMESPACE {
#define ROPEWALK_END_TYPES \
  }                        \
  }

// For everything else.
#define ROPEWALK_BEGIN_NAMESPACE \
  ROPEWALK_BEGIN_TYPES           \
  inline namespace ROPEWALK_FLAGS_NAMESPACE {
#define ROPEWALK_END_NAMESPACE \
  }                            \
  ROPEWALK_END_TYPES

// The same inside another namespace. That one holds the flags', not the other way round: otherwise
// there would be two of its name, one for types, one for the rest.
#define ROPEWALK_BEGIN_NESTED(name) \
  ROPEWALK_BEGIN_TYPES              \
  namespace name {                  \
  inline namespace ROPEWALK_FLAGS_NAMESPACE {
#define ROPEWALK_END_NESTED \
  }                         \
  }                         \
  ROPEWALK_END_TYPES

#endif  // ROPEWALK_BASE_CONFIG_HPP
