// What the compiler and the machine are, and the guards against what compilers do to bits.
#ifndef ROPEWALK_BASE_COMPILER_HPP
#define ROPEWALK_BASE_COMPILER_HPP

#include <cfloat>  // for FLT_EVAL_METHOD

#if __cplusplus < 201703L
#error "ropewalk needs C++17: compile with -std=c++17 or later"
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

// Asks for a cache line ahead of its use. A test that defines ROPEWALK_TEST_PREFETCH(address,
// locality), as a call of its own, before it includes the library is told every address instead.
#if defined(ROPEWALK_TEST_PREFETCH)
#define ROPEWALK_PREFETCH(address, to_write, locality) ROPEWALK_TEST_PREFETCH(address, locality)
#else
#define ROPEWALK_PREFETCH(address, to_write, locality) \
  __builtin_prefetch(address, to_write, locality)
#endif

// AddressSanitizer and MemorySanitizer do not see what an assembler's instruction reads or writes.
#if defined(__SANITIZE_ADDRESS__)
#define ROPEWALK_MEMORY_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define ROPEWALK_MEMORY_IS_WATCHED 1
#endif
#endif
#if !defined(ROPEWALK_MEMORY_IS_WATCHED)
#define ROPEWALK_MEMORY_IS_WATCHED 0
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

#endif  // ROPEWALK_BASE_COMPILER_HPP
