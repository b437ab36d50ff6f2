// Tensors of any shape and strides as a fuzzer draws them, and where they lie.
#ifndef ROPEWALK_TESTS_FUZZ_DRAWN_TENSOR_HPP
#define ROPEWALK_TESTS_FUZZ_DRAWN_TENSOR_HPP

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "../support/forms.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {

inline constexpr Index lowest = std::numeric_limits<Index>::min();
inline constexpr Index highest = std::numeric_limits<Index>::max();

/// The size that is right, or one that is not.
inline Index drawn_size(Input& in, Index right) {
  return in.rarely() ? in.one_of<Index>({right ^ 1, 0, -1, highest}) : right;
}

inline ropewalk::Shape draw_shape(Input& in) {
  ropewalk::Shape shape;
  shape.head_dim = 2 * (in.below(4) == 0 ? in.below(256) : in.below(36));
  if (in.rarely()) ++shape.head_dim;
  shape.batch = drawn_size(in, 1 + in.below(3));
  shape.seq = in.rarely() ? 250 + in.below(20) : drawn_size(in, 1 + in.below(6));
  shape.heads = in.rarely() ? 14 + in.below(8) : drawn_size(in, 1 + in.below(4));
  return shape;
}

struct DrawnStrides {
  ropewalk::Strides strides;
  bool nested;  // every axis clears the narrower ones: certainly no row meets another
};

inline DrawnStrides draw_strides(Input& in, const ropewalk::Shape& shape, Index width) {
  if (in.rarely()) {
    const auto any = [&in] {
      return in.rarely() ? in.one_of<Index>({-1, lowest, highest, highest / 2, Index{1} << 40})
                         : in.below(40);
    };
    return {{any(), any(), any()}, false};
  }
  ropewalk::Strides strides;
  std::pair<Index, Index*> axes[] = {
      {shape.heads, &strides.heads}, {shape.seq, &strides.seq}, {shape.batch, &strides.batch}};
  std::swap(axes[0], axes[in.below(3)]);
  std::swap(axes[1], axes[1 + in.below(2)]);
  const bool gaps = in.below(2) == 1;
  Index span = std::max<Index>(width, 0);
  for (const auto& [size, stride] : axes) {
    // Sizes that no memory holds are refused, whatever the strides.
    *stride = std::min<Index>(span, 1 << 20) + (gaps ? in.below(9) : 0);
    span = *stride * std::clamp<Index>(size, 1, 1 << 10);
  }
  return {strides, true};
}

/// A tensor in one of the blocks of memory, `first` elements from its start.
struct Tensor {
  ropewalk::Shape shape;
  DrawnStrides of;
  std::size_t block;
  Index first;

  bool empty() const {
    return shape.batch == 0 || shape.seq == 0 || shape.heads == 0 || shape.head_dim == 0;
  }
  bool has_negative() const {
    const ropewalk::Strides& strides = of.strides;
    return std::min({shape.batch, shape.seq, shape.heads, shape.head_dim, strides.batch,
                     strides.seq, strides.heads}) < 0;
  }
  /// Elements to the end of the last row.
  double extent() const {
    const auto reach = [](Index size, Index stride) {
      return static_cast<double>(size - 1) * static_cast<double>(stride);
    };
    if (empty() || has_negative()) return 0;
    return static_cast<double>(shape.head_dim) + reach(shape.heads, of.strides.heads) +
           reach(shape.seq, of.strides.seq) + reach(shape.batch, of.strides.batch);
  }
  bool is(const Tensor& other) const {
    return shape == other.shape && of.strides == other.of.strides && block == other.block &&
           first == other.first;
  }
};

/// Blocks of memory: of the table, then of every x and its out, unless those share another's.
inline constexpr std::size_t table_block = 0;
using Blocks = std::vector<std::vector<unsigned char>>;

template <class T>
ropewalk::View<T> view_in(Blocks& blocks, const Tensor& tensor) {
  T* const data = reinterpret_cast<T*>(blocks[tensor.block].data());
  return {tensor.first < 0 ? nullptr : data + tensor.first, tensor.shape, tensor.of.strides};
}

/// x and out, which lie apart unless the input wants otherwise.
struct Job {
  Tensor x, out;
  bool normed = false;  // whose rows may be odd where none turns
};

inline Job draw_job(Input& in, const ropewalk::Shape& shape, std::size_t x_block) {
  const auto first = [&in] { return in.rarely() ? Index{-1} : in.below(9); };
  Job job{{shape, draw_strides(in, shape, shape.head_dim), x_block, first()},
          {shape, {}, x_block + 1, first()}};
  job.out.shape.batch = drawn_size(in, shape.batch);
  job.out.shape.seq = drawn_size(in, shape.seq);
  job.out.shape.heads = drawn_size(in, shape.heads);
  job.out.shape.head_dim = drawn_size(in, shape.head_dim);
  job.out.of = draw_strides(in, job.out.shape, shape.head_dim);
  switch (in.below(8)) {
    case 0:
      job.out = job.x;
      break;
    case 1:
      job.out.of = job.x.of;
      [[fallthrough]];  // parts of one packed tensor
    case 2:
      job.out.block = job.x.block;
      job.out.first = in.below(256);
      break;
    case 3:
      job.out.block = table_block;
      break;
    default:
      break;
  }
  return job;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_FUZZ_DRAWN_TENSOR_HPP
