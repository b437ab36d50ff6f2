// An array between pages that fault: a touch outside ends the test, or is found afterwards.
#ifndef ROPEWALK_TESTS_SUPPORT_FAULT_PAGES_HPP
#define ROPEWALK_TESTS_SUPPORT_FAULT_PAGES_HPP

#include <sys/mman.h>
#include <unistd.h>  // for sysconf

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <system_error>

namespace ropewalk_test {

/// Where the array touches a page that faults: just before its first byte or just after its last.
enum class Against { start, end };

/// `count` values of T, flush against a page without access; the page on the other side faults as
/// well, but the rest of the last data page lies between.
///
/// `gap` moves the array away from the page by so many values, to misalign it: an array against
/// the start is page-aligned with gap 0, one against the end is aligned as its size lets it be.
/// Bytes of data pages outside the array hold a mark, so that stray writes there are seen too.
template <class T>
class FaultPages {
 public:
  explicit FaultPages(std::size_t count, Against against, std::size_t gap = 0)
      : count_(count), page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    const std::size_t wanted = (count + gap) * sizeof(T);
    data_bytes_ = (wanted + page_ - 1) / page_ * page_;
    if (data_bytes_ == 0) data_bytes_ = page_;
    mapping_ =
        mmap(nullptr, data_bytes_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) fail("mmap");
    const std::size_t offset = against == Against::start ? gap * sizeof(T) : data_bytes_ - wanted;
    try {
      allow(PROT_READ | PROT_WRITE);
    } catch (...) {
      munmap(mapping_, data_bytes_ + 2 * page_);
      throw;
    }
    std::memset(pages(), mark, data_bytes_);
    values_ = reinterpret_cast<T*>(pages() + offset);
    std::uninitialized_default_construct_n(values_, count);
  }

  FaultPages(const FaultPages&) = delete;
  FaultPages& operator=(const FaultPages&) = delete;
  ~FaultPages() { munmap(mapping_, data_bytes_ + 2 * page_); }

  T* data() { return values_; }
  const T* data() const { return values_; }
  std::size_t size() const { return count_; }
  T* begin() { return values_; }
  T* end() { return values_ + count_; }
  T& operator[](std::size_t index) { return values_[index]; }
  const T& operator[](std::size_t index) const { return values_[index]; }

  /// From now on a write faults, into the array as well: for inputs.
  void forbid_writing() { allow(PROT_READ); }
  /// The same of the pages that begin `first` values or more into the data pages.
  void forbid_writing(std::size_t first) {
    allow(PROT_READ, (first * sizeof(T) + page_ - 1) / page_ * page_);
  }
  void allow_writing() { allow(PROT_READ | PROT_WRITE); }

  /// True while nothing has been written into the data pages outside the array.
  bool surroundings_kept() const {
    const auto* first = reinterpret_cast<const unsigned char*>(values_);
    const unsigned char* last = first + count_ * sizeof(T);
    for (const unsigned char* byte = pages(); byte != pages() + data_bytes_; ++byte) {
      if ((byte < first || byte >= last) && *byte != mark) return false;
    }
    return true;
  }

 private:
  static constexpr unsigned char mark = 0xa5;

  unsigned char* pages() const { return static_cast<unsigned char*>(mapping_) + page_; }

  void allow(int protection, std::size_t from = 0) {
    if (mprotect(pages() + from, data_bytes_ - from, protection) != 0) fail("mprotect");
  }

  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }

  std::size_t count_;
  std::size_t page_;
  std::size_t data_bytes_ = 0;
  void* mapping_ = nullptr;
  T* values_ = nullptr;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_FAULT_PAGES_HPP
