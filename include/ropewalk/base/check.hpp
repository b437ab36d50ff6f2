// Errors: what was given, what is wanted, raised before anything is written.
#ifndef ROPEWALK_BASE_CHECK_HPP
#define ROPEWALK_BASE_CHECK_HPP

#include <cinttypes>  // for PRId64, the format of an Index
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "ropewalk/base/config.hpp"

// Outside the inline namespace: units compiled with other flags have other functions, but the
// program has one handler.
namespace ropewalk {
namespace process {
inline void (*failure_handler)(const char* text) = nullptr;
}
}  // namespace ropewalk

ROPEWALK_BEGIN_NAMESPACE

/// Sizes, strides and offsets, in elements.
using Index = std::int64_t;

/// Called with the text of a failed check by units that are compiled without exceptions; others
/// throw. It should not return: if it does, the text is printed and the program aborts.
using FailureHandler = void (*)(const char* text);

/// The handler that the program has set; null prints the text and aborts. Set it before other
/// threads call the library.
inline FailureHandler& failure_handler() { return process::failure_handler; }

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// A text put together as printf does it, in memory of its own; what does not fit is cut. Not by
/// std::string: the linker would share its functions, compiled for the instruction set of this
/// unit, with units compiled for others.
class Text {
 public:
  [[gnu::format(printf, 2, 3)]] Text& add(const char* format, ...) {
    std::va_list values;
    va_start(values, format);
    add_list(format, values);
    va_end(values);
    return *this;
  }

  [[gnu::format(printf, 2, 0)]] void add_list(const char* format, std::va_list values) {
    const int added = std::vsnprintf(text_ + size_, capacity - size_, format, values);
    if (added > 0) size_ += static_cast<std::size_t>(added);
    if (size_ >= capacity) size_ = capacity - 1;
  }

  const char* c_str() const { return text_; }

 private:
  static constexpr std::size_t capacity = 8192;  // for a list of some hundred names
  std::size_t size_ = 0;
  char text_[capacity] = "";
};

/// How many letters of a name that somebody gave belong into a text.
inline int shown(std::string_view name) {
  return name.size() < 200 ? static_cast<int>(name.size()) : 200;
}

/// Raises std::invalid_argument(text); without exceptions, prints it and aborts.
[[noreturn, gnu::cold, gnu::noinline]] inline void raise(const Text& text) {
#if ROPEWALK_EXCEPTIONS
  throw std::invalid_argument(text.c_str());
#else
  if (FailureHandler handler = failure_handler()) handler(text.c_str());
  std::fprintf(stderr, "ropewalk: %s\n", text.c_str());
  std::abort();
#endif
}

/// "<function>: " and what the format makes of the values.
[[noreturn, gnu::cold, gnu::noinline, gnu::format(printf, 2, 3)]] inline void fail(
    const char* function, const char* format, ...) {
  Text text;
  text.add("%s: ", function);
  std::va_list values;
  va_start(values, format);
  text.add_list(format, values);
  va_end(values);
  raise(text);
}

/// Whose property is checked: "apply: head_dim of x is 63, must be even"; of several tensors:
/// "apply: head_dim of xs[1] is 63, must be even".
struct Place {
  const char* function;
  const char* argument;
  int index = -1;  ///< of several; negative: there is one
};

[[gnu::cold, gnu::noinline]] inline Text name_of(const Place& place) {
  Text name;
  name.add("%s", place.argument);
  if (place.index >= 0) name.add("[%d]", place.index);
  return name;
}

/// "<function>: <property> of <argument> " and what the format makes of the values.
[[noreturn, gnu::cold, gnu::noinline, gnu::format(printf, 3, 4)]] inline void fail(
    const Place& place, const char* property, const char* format, ...) {
  Text text;
  text.add("%s: %s of %s ", place.function, property, name_of(place).c_str());
  std::va_list values;
  va_start(values, format);
  text.add_list(format, values);
  va_end(values);
  raise(text);
}

inline void check_even(const Place& place, const char* property, Index value) {
  if (value % 2 != 0) fail(place, property, "is %" PRId64 ", must be even", value);
}

inline void check_equal(const Place& place, const char* property, Index value, Index wanted) {
  if (value != wanted) {
    fail(place, property, "is %" PRId64 ", must be %" PRId64, value, wanted);
  }
}

inline void check_one_or_equal(const Place& place, const char* property, Index value,
                               Index wanted) {
  if (value == 1 || value == wanted) return;
  if (wanted == 1) fail(place, property, "is %" PRId64 ", must be 1", value);
  fail(place, property, "is %" PRId64 ", must be 1 or %" PRId64, value, wanted);
}

inline void check_at_least(const Place& place, const char* property, Index value, Index limit) {
  if (value < limit) {
    fail(place, property, "is %" PRId64 ", must be %" PRId64 " or more", value, limit);
  }
}

inline void check_at_most(const Place& place, const char* property, Index value, Index limit) {
  if (value > limit) {
    fail(place, property, "is %" PRId64 ", must be at most %" PRId64, value, limit);
  }
}

inline void check_not_negative(const Place& place, const char* property, Index value) {
  check_at_least(place, property, value, 0);
}

/// An entry of an axis of so many.
inline void check_entry(const Place& place, const char* property, Index entry, Index count) {
  if (entry < 0 || entry >= count) {
    fail(place, property, "is %" PRId64 ", must be 0 or more and less than %" PRId64, entry, count);
  }
}

/// [begin, begin + count) must be inside [0, size).
inline void check_range(const Place& place, const char* property, Index begin, Index count,
                        Index size) {
  if (begin < 0 || count < 0 || begin > size || count > size - begin) {
    fail(place, property, "from %" PRId64 ", %" PRId64 " of them, must be within %" PRId64, begin,
         count, size);
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
    fail(place, property, "is %" PRId64 " entries %" PRId64 " apart, must fit 64 bits", size,
         stride);
  }
  return reach;
}

/// Where a part of a tensor or table begins whose strides nobody has checked yet; null stays null.
/// Cut to 64 bits the distance would be a wrong one that looks sound.
template <class T>
T* checked_part(const Place& place, const char* property, T* data, Index begin, Index stride) {
  Index offset = 0, bytes = 0;
  if (__builtin_mul_overflow(begin, stride, &offset) ||
      __builtin_mul_overflow(offset, static_cast<Index>(sizeof(T)), &bytes)) {
    fail(place, property, "begins after %" PRId64 " entries %" PRId64 " apart, must fit 64 bits",
         begin, stride);
  }
  return data == nullptr ? data : data + offset;
}

/// a * b of sizes, or the largest Index where that overflows: as a stride it is then refused.
inline Index saturating_product(Index a, Index b) {
  Index product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<Index>::max() : product;
}

inline Index saturating_sum(Index a, Index b) {
  Index sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<Index>::max() : sum;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_CHECK_HPP
