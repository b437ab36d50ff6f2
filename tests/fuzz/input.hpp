// What the bytes of a fuzzer say.
#ifndef ROPEWALK_TESTS_FUZZ_INPUT_HPP
#define ROPEWALK_TESTS_FUZZ_INPUT_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ropewalk/base/check.hpp"

namespace ropewalk_test {

/// Numbers from bytes; zeros after the last one, which every body takes for the plain case.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  std::uint8_t byte() { return next_ == end_ ? std::uint8_t{0} : *next_++; }

  /// 0 to limit - 1, from one byte.
  ropewalk::Index below(ropewalk::Index limit) { return byte() % limit; }

  bool rarely() { return byte() % 16 == 15; }

  template <class T, std::size_t Count>
  T one_of(const T (&values)[Count]) {
    return values[byte() % Count];
  }

  /// Any 64 bits.
  std::uint64_t word() {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
    return bits;
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

/// Ends the program, as fuzzers want it, if what must hold does not.
inline void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "FAILED  %s\n", what.c_str());
  std::abort();
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_FUZZ_INPUT_HPP
