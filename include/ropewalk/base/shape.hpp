// Sizes and strides, of whatever integers the caller has, and tensors of them.
#ifndef ROPEWALK_BASE_SHAPE_HPP
#define ROPEWALK_BASE_SHAPE_HPP

#include <cinttypes>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_TYPES

namespace detail {

/// What braces of Index take without losing a value, and std::size_t, which they would not.
template <class T>
inline constexpr bool is_size = std::is_convertible_v<T, Index> && sizeof(T) <= sizeof(Index) &&
                                (std::is_integral_v<T> || std::is_enum_v<T>);

/// A size or stride of any integer type. One that does not fit 64 signed bits becomes negative,
/// which every check refuses.
struct Size {
  template <class T, class = std::enable_if_t<is_size<T>>>
  ROPEWALK_INLINE constexpr Size(T size) : value(static_cast<Index>(size)) {}

  Index value;
};

}  // namespace detail

/// Sizes of the logical axes of x, [batch, seq, heads, head_dim], whatever its memory layout.
struct Shape {
  ROPEWALK_INLINE constexpr Shape() = default;
  ROPEWALK_INLINE constexpr Shape(detail::Size batch_size, detail::Size seq_size,
                                  detail::Size heads_size, detail::Size head_dim_size)
      : batch(batch_size.value),
        seq(seq_size.value),
        heads(heads_size.value),
        head_dim(head_dim_size.value) {}

  Index batch = 1, seq = 1, heads = 1, head_dim = 0;
};

/// Whether all sizes are equal.
ROPEWALK_INLINE constexpr bool operator==(const Shape& a, const Shape& b) {
  return a.batch == b.batch && a.seq == b.seq && a.heads == b.heads && a.head_dim == b.head_dim;
}

/// Distances in elements from one entry of batch, seq and heads to the next; that of head_dim is 1.
struct Strides {
  ROPEWALK_INLINE constexpr Strides() = default;
  ROPEWALK_INLINE constexpr Strides(detail::Size batch_stride, detail::Size seq_stride,
                                    detail::Size heads_stride)
      : batch(batch_stride.value), seq(seq_stride.value), heads(heads_stride.value) {}

  Index batch = 0, seq = 0, heads = 0;
};

/// Whether all strides are equal.
ROPEWALK_INLINE constexpr bool operator==(const Strides& a, const Strides& b) {
  return a.batch == b.batch && a.seq == b.seq && a.heads == b.heads;
}

/// Sizes of a table, [batch, seq, heads, pairs]; batch and heads are 1 where one row serves all.
struct TableShape {
  ROPEWALK_INLINE constexpr TableShape() = default;
  ROPEWALK_INLINE constexpr TableShape(detail::Size batch_size, detail::Size seq_size,
                                       detail::Size heads_size, detail::Size pairs_size)
      : batch(batch_size.value),
        seq(seq_size.value),
        heads(heads_size.value),
        pairs(pairs_size.value) {}

  Index batch = 1, seq = 0, heads = 1, pairs = 0;
};

namespace detail {

/// A tensor whose type is forgotten, so that what takes one is compiled once, not once for each
/// type of scalar. Strides count elements, of `element_bytes`.
struct RawView {
  ROPEWALK_INLINE bool empty() const {
    return shape.batch == 0 || shape.seq == 0 || shape.heads == 0 || shape.head_dim == 0;
  }

  const void* data;
  Shape shape;
  Strides strides;
  Index element_bytes;
};

}  // namespace detail

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// Strides of a dense row-major [batch, seq, heads, head_dim].
inline Strides contiguous_strides(const Shape& shape) {
  const Index seq = saturating_product(shape.heads, shape.head_dim);
  return {saturating_product(shape.seq, seq), seq, shape.head_dim};
}

/// Sizes and strides of somebody else's tensor, the outermost axis first.
struct Axes {
  Index rank = 0;
  Index sizes[4] = {}, strides[4] = {};
};

struct Layout {
  Shape shape;
  Strides strides;
};

inline void check_rank(const Place& place, Index rank) {
  if (rank < 2 || rank > 4) fail(place, "rank", "is %" PRId64 ", must be 2, 3 or 4", rank);
}

/// Refuses what no view can be of.
inline void check_axes(const Place& place, const Axes& axes) {
  for (int i = 0; i < axes.rank; ++i) {
    const Place axis{place.function, "axis", i};
    check_not_negative(axis, "size", axes.sizes[i]);
    check_not_negative(axis, "stride", axes.strides[i]);
  }
  const Index last = axes.rank - 1;
  if (axes.sizes[last] > 1) check_equal(place, "innermost stride", axes.strides[last], 1);
}

/// Which axis is which: [.., seq, heads, head_dim], or without heads [.., seq, head_dim]; an axis
/// before them is the batch.
inline Layout layout_of(const Axes& axes, bool has_heads) {
  Layout layout;
  Index at = axes.rank - 1;
  layout.shape.head_dim = axes.sizes[at--];
  if (has_heads) {
    layout.shape.heads = axes.sizes[at];
    layout.strides.heads = axes.strides[at--];
  }
  layout.shape.seq = axes.sizes[at];
  layout.strides.seq = axes.strides[at--];
  if (at == 0) {
    layout.shape.batch = axes.sizes[at];
    layout.strides.batch = axes.strides[at];
  }
  return layout;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_SHAPE_HPP
