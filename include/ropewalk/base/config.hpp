// What the compiler and its flags are: the only header that asks.
#ifndef ROPEWALK_BASE_CONFIG_HPP
#define ROPEWALK_BASE_CONFIG_HPP

#include <cfloat>  // for FLT_EVAL_METHOD

#include "ropewalk/version.hpp"

#if __cplusplus < 201703L
#error "ropewalk needs C++17"
#endif
#if !defined(__GNUC__)
#error "ropewalk keeps its bits with guards that are proven for g++ and clang++ only"
#endif
// x87 and its kind keep intermediate results in a wider format: other bits than every other build.
#if !defined(__CUDA_ARCH__) && (FLT_EVAL_METHOD == 2)
#error "ropewalk needs float arithmetic in float: compile with SSE2 (-mfpmath=sse)"
#endif

static_assert(sizeof(0.1) == sizeof(double),
              "ropewalk needs double constants: compile without -fsingle-precision-constant");

#if defined(__clang__)
#define ROPEWALK_CLANG 1
#else
#define ROPEWALK_CLANG 0
#endif

#if defined(__x86_64__) && !defined(__CUDACC__)
#define ROPEWALK_X86 1
#else
#define ROPEWALK_X86 0
#endif
#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(__CUDACC__)
#define ROPEWALK_NEON 1
#else
#define ROPEWALK_NEON 0
#endif

#if defined(__cpp_exceptions)
#define ROPEWALK_EXCEPTIONS 1
#else
#define ROPEWALK_EXCEPTIONS 0
#endif

#define ROPEWALK_INLINE [[gnu::always_inline]] inline

// Behind a member function: clang++ warns where what it returns outlives the object.
#if ROPEWALK_CLANG
#define ROPEWALK_LIFETIME_BOUND [[clang::lifetimebound]]
#else
#define ROPEWALK_LIFETIME_BOUND
#endif

#if defined(__CUDACC__)
#define ROPEWALK_ON_EVERY_DEVICE __host__ __device__
#else
#define ROPEWALK_ON_EVERY_DEVICE
#endif

// Compiled by itself: what a caller passes, constants above all, changes nothing inside.
#if defined(ROPEWALK_TEST_UNGUARDED)
#define ROPEWALK_OPAQUE
#elif ROPEWALK_CLANG
#define ROPEWALK_OPAQUE [[gnu::noinline, clang::optnone]]
#else
#define ROPEWALK_OPAQUE [[gnu::noipa]]
#endif

// Asks for a cache line ahead of its use. A test that defines ROPEWALK_TEST_PREFETCH(address), as a
// call of its own, before it includes the library is told every address instead.
#if defined(ROPEWALK_TEST_PREFETCH)
#define ROPEWALK_PREFETCH(address, to_write, locality) ROPEWALK_TEST_PREFETCH(address)
#else
#define ROPEWALK_PREFETCH(address, to_write, locality) \
  __builtin_prefetch(address, to_write, locality)
#endif

// AddressSanitizer does not see what an assembler's instruction reads or writes.
#if defined(__SANITIZE_ADDRESS__)
#define ROPEWALK_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROPEWALK_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(ROPEWALK_ADDRESS_SANITIZER)
#define ROPEWALK_ADDRESS_SANITIZER 0
#endif

// The compiler's own types of 16 bits, where it has them. nvcc has CUDA's.
#if defined(__FLT16_MAX__) && !defined(__CUDACC__) && \
    (ROPEWALK_CLANG || defined(__x86_64__) || __GNUC__ >= 13)
#define ROPEWALK_HAS_FLOAT16 1
#else
#define ROPEWALK_HAS_FLOAT16 0
#endif
#if !defined(__CUDACC__) &&                                               \
    (defined(__BFLT16_MAX__) || defined(__ARM_BF16_FORMAT_ALTERNATIVE) || \
     (ROPEWALK_CLANG && defined(__clang_major__) && __clang_major__ >= 16 && defined(__x86_64__)))
#define ROPEWALK_HAS_BF16 1
#else
#define ROPEWALK_HAS_BF16 0
#endif

// Guards against reordering by type ---------------------------------------------------------------
//
// The caller may know memory of 16-bit numbers by another type than we do (storage.hpp), and a
// compiler that sees both reads and writes may take them for those of different memory. So where a
// view is made of such memory, the compiler loses sight of where the pointer comes from (a local
// array would else be nobody's but the caller's), and no read or write crosses the border of a
// call. Neither costs an instruction. tests/storage shows that each is needed.
#define ROPEWALK_HIDE_ORIGIN(pointer) asm volatile("" : "+r"(pointer) : : "memory")
#define ROPEWALK_MEMORY_BORDER() asm volatile("" : : : "memory")

// Guards against contraction and reassociation ------------------------------------------------
//
// A product must be rounded before it is added. Compilers do not promise that by themselves: see
// base/exact.hpp, which is the only place that uses these. ROPEWALK_TEST_UNGUARDED takes the
// guards away, so that the flag matrix of the tests can show that it would notice.
#if defined(ROPEWALK_TEST_UNGUARDED)
#define ROPEWALK_EXACT_SCOPE
#define ROPEWALK_CLANG_FENCE(product) (product)
#define ROPEWALK_ASM_FENCE 0
#elif ROPEWALK_CLANG && (defined(__x86_64__) || defined(__i386__))
// The fence is inert under -ffp-contract=fast unless reassociation is on where it stands.
#define ROPEWALK_EXACT_SCOPE _Pragma("clang fp contract(off) reassociate(on)")
#define ROPEWALK_CLANG_FENCE(product) __arithmetic_fence(product)
#define ROPEWALK_ASM_FENCE 0
#else
// Clang has its fence on few targets: AArch64 has none in clang 14, RISC-V and s390x not in 22.
#define ROPEWALK_EXACT_SCOPE
#define ROPEWALK_CLANG_FENCE(product) (product)
#define ROPEWALK_ASM_FENCE 1
#endif
// The register class that holds a float or a vector, for the empty asm.
#if defined(__x86_64__)
#define ROPEWALK_FP_REGISTER "v"
#elif defined(__aarch64__)
#define ROPEWALK_FP_REGISTER "w"
#endif
// Plain loops on x86-64 without any fused instruction need no fence, and vectorise better so.
#if defined(__x86_64__) && !defined(__FMA__) && !defined(__FMA4__) && !defined(__AVX512F__) && \
    !defined(__FAST_MATH__) && !defined(__ASSOCIATIVE_MATH__)
#define ROPEWALK_PLAIN_LOOPS_EXACT 1
#else
#define ROPEWALK_PLAIN_LOOPS_EXACT 0
#endif

// Target regions: what stands between is compiled for that instruction set -----------------------
#define ROPEWALK_PRAGMA(text) _Pragma(#text)
#if ROPEWALK_CLANG
#define ROPEWALK_BEGIN_TARGET(features) \
  ROPEWALK_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define ROPEWALK_END_TARGET _Pragma("clang attribute pop")
#else
#define ROPEWALK_BEGIN_TARGET(features) \
  _Pragma("GCC push_options") ROPEWALK_PRAGMA(GCC target(features))
#define ROPEWALK_END_TARGET _Pragma("GCC pop_options")
#endif

// The inline namespaces ---------------------------------------------------------------------------
//
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
