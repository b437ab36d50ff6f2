// A tensor whose rows lie apart: what lies between belongs to others.
#ifndef ROPEWALK_TESTS_SUPPORT_GAPPED_HPP
#define ROPEWALK_TESTS_SUPPORT_GAPPED_HPP

#include <algorithm>
#include <cstddef>
#include <vector>

#include "forms.hpp"
#include "reference.hpp"
#include "ropewalk/view.hpp"

// Under AddressSanitizer a touch between the rows ends the test.
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace ropewalk_test {

/// Rows of T at strides that leave gaps; those hold a mark, and cannot be touched in a build with
/// AddressSanitizer but for the up to seven bytes before a row that it cannot tell apart.
template <class T>
class Gapped {
 public:
  Gapped(const ropewalk::Shape& shape, const ropewalk::Strides& strides, T mark)
      : shape_(shape), strides_(strides), mark_(mark) {
    const Index size = (shape.batch - 1) * strides.batch + (shape.seq - 1) * strides.seq +
                       (shape.heads - 1) * strides.heads + shape.head_dim;
    values_.assign(count_of(size), mark);
    is_row_.assign(count_of(size), false);
    for (Index b = 0; b < shape.batch; ++b) {
      for (Index s = 0; s < shape.seq; ++s) {
        for (Index h = 0; h < shape.heads; ++h) {
          const auto begin = is_row_.begin() + (view().row(b, s, h) - values_.data());
          std::fill_n(begin, shape.head_dim, true);
        }
      }
    }
    for_each_gap(
        [](T* begin, std::size_t count) { ASAN_POISON_MEMORY_REGION(begin, count * sizeof(T)); });
  }
  Gapped(const Gapped&) = delete;
  Gapped& operator=(const Gapped&) = delete;
  ~Gapped() { ASAN_UNPOISON_MEMORY_REGION(values_.data(), values_.size() * sizeof(T)); }

  ropewalk::View<T> view() { return {values_.data(), shape_, strides_}; }

  /// True while the marks are there; lets everybody touch them.
  bool gaps_kept() {
    ASAN_UNPOISON_MEMORY_REGION(values_.data(), values_.size() * sizeof(T));
    bool kept = true;
    for_each_gap([&](const T* begin, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) kept = kept && to_bits(begin[i]) == to_bits(mark_);
    });
    return kept;
  }

 private:
  template <class Visit>
  void for_each_gap(const Visit& visit) {
    for (std::size_t begin = 0, end; begin < values_.size(); begin = end) {
      end = begin;
      while (end < values_.size() && is_row_[end] == is_row_[begin]) ++end;
      if (!is_row_[begin]) visit(values_.data() + begin, end - begin);
    }
  }

  ropewalk::Shape shape_;
  ropewalk::Strides strides_;
  T mark_;
  std::vector<T> values_;
  std::vector<bool> is_row_;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_GAPPED_HPP
