// Address ranges larger than the memory behind them.
#ifndef ROPEWALK_TESTS_SUPPORT_MAPPINGS_HPP
#define ROPEWALK_TESTS_SUPPORT_MAPPINGS_HPP

#include <sys/mman.h>
#include <unistd.h>  // for ftruncate

#include <cstddef>

#include "forms.hpp"

namespace ropewalk_test {

/// Pages of zeros that take memory only where they are touched.
template <class T>
class SparseMemory {
 public:
  explicit SparseMemory(Index count)
      : bytes_(count_of(count) * sizeof(T)),
        memory_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  SparseMemory(const SparseMemory&) = delete;
  SparseMemory& operator=(const SparseMemory&) = delete;
  ~SparseMemory() {
    if (is_there()) munmap(memory_, bytes_);
  }

  bool is_there() const { return memory_ != MAP_FAILED; }
  T* data() { return static_cast<T*>(memory_); }

 private:
  std::size_t bytes_;
  void* memory_;
};

/// `pieces` times the same memory, one piece after the other, and a tail that has its own: what is
/// written to one piece is read from every other.
template <class T>
class RepeatedMemory {
 public:
  static constexpr Index piece = Index{1} << 20;

  RepeatedMemory(Index pieces, Index tail)
      : tail_at_(pieces * piece), range_(pieces * piece + tail), file_(memfd_create("piece", 0)) {
    const std::size_t bytes = count_of(piece) * sizeof(T);
    if (!range_.is_there() || file_ < 0 || ftruncate(file_, static_cast<off_t>(bytes)) != 0) return;
    for (Index i = 0; i < pieces; ++i) {
      if (mmap(data() + i * piece, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_,
               0) == MAP_FAILED) {
        return;
      }
    }
    is_there_ = true;
  }
  RepeatedMemory(const RepeatedMemory&) = delete;
  RepeatedMemory& operator=(const RepeatedMemory&) = delete;
  ~RepeatedMemory() {
    if (file_ >= 0) close(file_);
  }

  bool is_there() const { return is_there_; }
  T* data() { return range_.data(); }
  T* tail() { return data() + tail_at_; }

 private:
  Index tail_at_;
  SparseMemory<T> range_;
  int file_;
  bool is_there_ = false;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_MAPPINGS_HPP
