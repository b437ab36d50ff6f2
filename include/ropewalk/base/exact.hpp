// The steps of the formula in one type, every product and sum rounded by itself.
#ifndef ROPEWALK_BASE_EXACT_HPP
#define ROPEWALK_BASE_EXACT_HPP

#include <cstdint>
#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"

ROPEWALK_BEGIN_NESTED(detail)

#include "ropewalk/base/formula-inl.hpp"

/// Keeps a product apart from the sum that it goes into.
///
/// Compilers fuse them into one instruction wherever the target has one, and GCC's own barrier is
/// lost when loops are vectorised. Bits xor a zero that the compiler cannot see through stay apart
/// and still vectorise: 24 to 28 % of the results are wrong without.
class Fence {
 public:
#if ROPEWALK_ASM_FENCE && !ROPEWALK_PLAIN_LOOPS_EXACT
  ROPEWALK_INLINE Fence() { asm("" : "+r"(zero_)); }
  ROPEWALK_INLINE float operator()(float value) const {
    return bit_copy<float>(bit_copy<std::uint32_t>(value) ^ static_cast<std::uint32_t>(zero_));
  }
  ROPEWALK_INLINE double operator()(double value) const {
    return bit_copy<double>(bit_copy<std::uint64_t>(value) ^ zero_);
  }

 private:
  std::uint64_t zero_ = 0;
#else
  template <class T>
  ROPEWALK_INLINE T operator()(T value) const {
    ROPEWALK_EXACT_SCOPE
    return ROPEWALK_CLANG_FENCE(value);
  }
#endif
};

// A step in T: in the carrier of T, then rounded to T.
template <class T>
struct Product {
  Fence fence;
  ROPEWALK_INLINE T operator()(const T& a, const T& b) const {
    ROPEWALK_EXACT_SCOPE
    return narrow<T>(fence(widen(a) * widen(b)));
  }
};

template <class T>
struct Sum {
  ROPEWALK_INLINE T operator()(const T& a, const T& b) const {
    ROPEWALK_EXACT_SCOPE
    return narrow<T>(widen(a) + widen(b));
  }
};

template <class T>
struct Difference {
  ROPEWALK_INLINE T operator()(const T& a, const T& b) const {
    ROPEWALK_EXACT_SCOPE
    return narrow<T>(widen(a) - widen(b));
  }
};

template <class To>
struct Convert {
  template <class From>
  ROPEWALK_INLINE To operator()(const From& from) const {
    return convert<To>(from);
  }
};

/// A coefficient in Arithmetic, with the other sign where the table view says so. The sign is a
/// bit: a multiplication by -1 would be one more thing for -Ofast to move about.
template <class Arithmetic>
ROPEWALK_INLINE Arithmetic with_sign(const Arithmetic& value, bool negative) {
  using Bits =
      std::conditional_t<sizeof(Arithmetic) == 8, std::uint64_t,
                         std::conditional_t<sizeof(Arithmetic) == 4, std::uint32_t, std::uint16_t>>;
  const Bits sign = static_cast<Bits>(Bits{negative} << (8 * sizeof(Arithmetic) - 1));
  return bit_copy<Arithmetic>(static_cast<Bits>(bit_copy<Bits>(value) ^ sign));
}

template <class Arithmetic>
struct Coefficient {
  bool negative;
  template <class From>
  ROPEWALK_INLINE Arithmetic operator()(const From& from) const {
    return with_sign(convert<Arithmetic>(from), negative);
  }
};

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_EXACT_HPP
