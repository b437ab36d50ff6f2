// The thread's floating-point environment: set for a while, and its control bits read.
#ifndef ROPEWALK_TESTS_SUPPORT_FLOAT_ENVIRONMENT_HPP
#define ROPEWALK_TESTS_SUPPORT_FLOAT_ENVIRONMENT_HPP

#include <cfenv>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ropewalk_test {

/// Rounding, flushing and which exceptions trap; not which have been raised.
inline std::uint64_t float_controls() {
#if defined(__x86_64__)
  std::uint16_t x87 = 0;
  asm volatile("fnstcw %0" : "=m"(x87));
  return (std::uint64_t{x87} << 32) | (_mm_getcsr() & ~std::uint32_t{_MM_EXCEPT_MASK});
#elif defined(__aarch64__)
  std::uint64_t controls = 0;
  asm volatile("mrs %0, fpcr" : "=r"(controls));
  return controls;
#else
  return static_cast<std::uint64_t>(std::fegetround());
#endif
}

/// Puts back what it finds at the end of its scope.
class FloatEnvironment {
 public:
  FloatEnvironment() { std::fegetenv(&found_); }
  ~FloatEnvironment() { std::fesetenv(&found_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

  void round(int mode) { std::fesetround(mode); }

  /// An operation without a sensible result ends the program; false where it does not.
  bool trap() {
#if defined(__GLIBC__) && defined(__x86_64__)
    return feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != -1;
#else
    return false;
#endif
  }

  /// Subnormals read and written count as zero; false where this file does not know how.
  bool flush_subnormals() {
#if defined(__x86_64__)
    constexpr std::uint32_t daz = 0x0040, ftz = 0x8000;
    _mm_setcsr(_mm_getcsr() | daz | ftz);
    return true;
#elif defined(__aarch64__)
    constexpr std::uint64_t fz = std::uint64_t{1} << 24;
    asm volatile("msr fpcr, %0" : : "r"(float_controls() | fz));
    return true;
#else
    return false;
#endif
  }

 private:
  std::fenv_t found_;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_FLOAT_ENVIRONMENT_HPP
