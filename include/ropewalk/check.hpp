// Errors: what was given, what is wanted, raised before anything is written.
#ifndef ROPEWALK_CHECK_HPP
#define ROPEWALK_CHECK_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>

#include "ropewalk/config.hpp"

#if !ROPEWALK_EXCEPTIONS
// Outside the inline namespace: units compiled with other flags have other functions, but the
// program has one handler.
namespace ropewalk {
namespace process {
inline void (*failure_handler)(const char* text) = nullptr;
}
}  // namespace ropewalk
#endif

ROPEWALK_BEGIN_NAMESPACE

/// Sizes, strides and offsets, in elements.
using Index = std::int64_t;

#if !ROPEWALK_EXCEPTIONS
/// Called with the text of a failed check in a build without exceptions; it should not return: if
/// it does, the text is printed and the program aborts.
using FailureHandler = void (*)(const char* text);

/// The handler that the program has set; null prints the text and aborts. Set it before other
/// threads call the library.
inline FailureHandler& failure_handler() { return process::failure_handler; }
#endif

namespace detail {

/// Raises std::invalid_argument("<function>: <what>"); without exceptions, prints it and aborts.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const char* function,
                                                        const std::string& what) {
  const std::string text = std::string(function) + ": " + what;
#if ROPEWALK_EXCEPTIONS
  throw std::invalid_argument(text);
#else
  if (FailureHandler handler = failure_handler()) handler(text.c_str());
  std::fprintf(stderr, "ropewalk: %s\n", text.c_str());
  std::abort();
#endif
}

/// Whose property is checked: "apply: head_dim of x is 63, must be even".
struct Place {
  const char* function;
  const char* argument;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const Place& place, const char* property,
                                                        const std::string& is) {
  fail(place.function, std::string(property) + " of " + place.argument + " " + is);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_value(const Place& place,
                                                              const char* property, Index got,
                                                              const std::string& wanted) {
  fail(place, property, "is " + std::to_string(got) + ", must be " + wanted);
}

inline void check_even(const Place& place, const char* property, Index value) {
  if (value % 2 != 0) fail_value(place, property, value, "even");
}

inline void check_equal(const Place& place, const char* property, Index value, Index wanted) {
  if (value != wanted) fail_value(place, property, value, std::to_string(wanted));
}

inline void check_one_or_equal(const Place& place, const char* property, Index value,
                               Index wanted) {
  if (value == 1 || value == wanted) return;
  fail_value(place, property, value, wanted == 1 ? "1" : "1 or " + std::to_string(wanted));
}

inline void check_at_most(const Place& place, const char* property, Index value, Index limit) {
  if (value > limit) fail_value(place, property, value, "at most " + std::to_string(limit));
}

inline void check_not_negative(const Place& place, const char* property, Index value) {
  if (value < 0) fail_value(place, property, value, "0 or more");
}

/// [begin, begin + count) must lie in [0, size).
inline void check_range(const Place& place, const char* property, Index begin, Index count,
                        Index size) {
  if (begin < 0 || count < 0 || begin > size || count > size - begin) {
    fail(place, property,
         "from " + std::to_string(begin) + ", " + std::to_string(count) +
             " of them, must lie within " + std::to_string(size));
  }
}

inline void check_not_null(const Place& place, const void* data) {
  if (data == nullptr) fail(place, "data", "is null, must point to the elements");
}

/// end + (size - 1) * stride: how far an axis of that size reaches; size is 1 or more.
inline Index checked_reach(const Place& place, const char* property, Index end, Index size,
                           Index stride) {
  Index reach = 0;
  if (__builtin_mul_overflow(size - 1, stride, &reach) ||
      __builtin_add_overflow(end, reach, &reach)) {
    fail(place, property,
         "is " + std::to_string(size) + " entries " + std::to_string(stride) +
             " apart, must fit 64 bits");
  }
  return reach;
}

/// Where a part of a tensor or table begins whose strides nobody has checked yet; a part of nothing
/// is nothing. Cut to 64 bits the distance would be a wrong one that looks sound.
template <class T>
T* checked_part(const Place& place, const char* property, T* data, Index begin, Index stride) {
  Index offset = 0, bytes = 0;
  if (__builtin_mul_overflow(begin, stride, &offset) ||
      __builtin_mul_overflow(offset, static_cast<Index>(sizeof(T)), &bytes)) {
    fail(place, property,
         "begins after " + std::to_string(begin) + " entries " + std::to_string(stride) +
             " apart, must fit 64 bits");
  }
  return data == nullptr ? data : data + offset;
}

/// a * b of sizes, or the largest Index where that overflows: as a stride it is then refused.
inline Index saturating_product(Index a, Index b) {
  Index product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<Index>::max() : product;
}

}  // namespace detail

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CHECK_HPP
