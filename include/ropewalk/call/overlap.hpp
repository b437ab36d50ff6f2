// Which addresses tensors and tables take, and the proof that two tensors share none of them.
#ifndef ROPEWALK_CALL_OVERLAP_HPP
#define ROPEWALK_CALL_OVERLAP_HPP

#include <algorithm>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {
namespace compiled {

/// The proof of the same name below, in ropewalk::compiled: under ROPEWALK_COMPILED calls have none
/// of their own to compile.
bool rows_are_apart(const RawView& a, const RawView& b, std::uint64_t distance);

}  // namespace compiled
}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// Addresses [begin, end) that a tensor or table spans, gaps included.
struct Span {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

inline Span span_of(const void* data, Index elements, Index element_bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  return {begin, begin + static_cast<std::uintptr_t>(elements) *
                             static_cast<std::uintptr_t>(element_bytes)};
}

/// Of a tensor whose sizes and strides have passed checked_extent.
inline Span span_of(const RawView& view) {
  const Shape& shape = view.shape;
  const Strides& strides = view.strides;
  const Index elements = view.empty() ? 0
                                      : shape.head_dim + (shape.heads - 1) * strides.heads +
                                            (shape.seq - 1) * strides.seq +
                                            (shape.batch - 1) * strides.batch;
  return span_of(view.data, elements, view.element_bytes);
}

inline Span span_of_ids(const RawTable& table) {
  const RowIds& ids = table.ids;
  const Index extent =
      (table.shape.batch - 1) * ids.batch_stride() + (table.shape.seq - 1) * ids.seq_stride() + 1;
  return span_of(ids.data(), extent, ids.are_64_bit() ? 8 : 4);
}

/// An empty span overlaps nothing, wherever it is.
inline bool overlap(const Span& a, const Span& b) {
  return std::max(a.begin, b.begin) < std::min(a.end, b.end);
}

/// Whether what is written, which is not empty, meets the coefficients of a table of which each
/// reader spans `elements`, 1 or more: whether a reader begins in it, or before it by less than it
/// spans. As unsigned numbers that is one comparison.
ROPEWALK_INLINE bool meets_readers(const Span& written, const RawTable& table, Index elements) {
  const auto bytes =
      static_cast<std::uint64_t>(elements) * static_cast<std::uint64_t>(table.element_bytes);
  const std::uint64_t first = written.begin - bytes + 1;
  const std::uint64_t distances = written.end - first;
  const auto is_met = [&](const RawReader& reader) {
    return reinterpret_cast<std::uintptr_t>(reader.data) - first < distances;
  };
  return is_met(table.cos_a) || is_met(table.sin_a) ||
         (!table.is_rotation && (is_met(table.cos_b) || is_met(table.sin_b)));
}

/// The strides say the same where they say anything: a row that has no next one has any stride.
inline bool same_strides(const Shape& shape, const Strides& a, const Strides& b) {
  return (shape.batch == 1 || a.batch == b.batch) && (shape.seq == 1 || a.seq == b.seq) &&
         (shape.heads == 1 || a.heads == b.heads);
}

inline bool same_place(const RawView& a, const RawView& b) {
  if (&a == &b) return true;
  return a.data == b.data && a.shape == b.shape && same_strides(a.shape, a.strides, b.strides) &&
         a.element_bytes == b.element_bytes;
}

#if defined(ROPEWALK_COMPILED)
using compiled::rows_are_apart;
#else
inline std::uint64_t common_divisor(std::uint64_t a, std::uint64_t b) {
  while (b != 0) {
    const std::uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/// Every distance from a row of one tensor, a, to a row of another, b, in bytes.
///
/// From the first row of a to the end of the last row of b it is what the caller knows. A later row
/// of a, or an earlier one of b, brings the two nearer by a stride: so every distance is the
/// caller's less some number of steps along each axis, no more than both tensors have there.
/// Two rows meet where the distance is more than 0 and less than both rows are long together.
class RowDistances {
 public:
  RowDistances(const RawView& a, const RawView& b) {
    add_axes(a);
    add_axes(b);
    std::uint64_t inside = bytes_of(a, a.shape.head_dim) + bytes_of(b, b.shape.head_dim);
    for (int i = count_; i-- > 0;) {
      axes_[i].inside = inside;
      inside += axes_[i].most * axes_[i].stride;
    }
  }

  /// Whether no rows meet if the distance from a's first to b's last is `distance`: more than 0,
  /// and less than both tensors are long together.
  ///
  /// Goes from the widest axis to the narrowest, and along each tries every number of steps from
  /// which the narrower axes could still make rows meet: mostly one or two, since tensors nest.
  /// Where they do not and that becomes too many, nothing is proved.
  bool are_apart(std::uint64_t distance) const {
    constexpr int most_nodes = 64;
    Node nodes[most_nodes];
    int count = 0;
    nodes[count++] = {distance, 0};
    for (int i = 0; i < count; ++i) {
      const Node node = nodes[i];
      if (is_apart_by_period(node)) continue;
      if (node.axis == count_) return false;
      const Axis& axis = axes_[node.axis];
      const std::uint64_t last = std::min(axis.most, (node.distance - 1) / axis.stride);
      std::uint64_t steps =
          node.distance < axis.inside ? 0 : (node.distance - axis.inside) / axis.stride + 1;
      for (; steps <= last; ++steps) {
        if (count == most_nodes) return false;
        nodes[count++] = {node.distance - steps * axis.stride, node.axis + 1};
      }
    }
    return true;
  }

 private:
  struct Axis {
    std::uint64_t stride;
    std::uint64_t most;    ///< steps
    std::uint64_t inside;  ///< bytes of both tensors together along the narrower axes
  };
  /// A distance whose steps are settled along the axes before `axis`.
  struct Node {
    std::uint64_t distance;
    int axis;
  };

  static std::uint64_t bytes_of(const RawView& view, Index elements) {
    return static_cast<std::uint64_t>(elements) * static_cast<std::uint64_t>(view.element_bytes);
  }

  void add_axes(const RawView& view) {
    add(view.shape.batch, bytes_of(view, view.strides.batch));
    add(view.shape.seq, bytes_of(view, view.strides.seq));
    add(view.shape.heads, bytes_of(view, view.strides.heads));
  }

  /// From the widest stride to the narrowest; axes of one stride, of one tensor or both, are one.
  [[gnu::noinline]] void add(Index size, std::uint64_t stride) {
    if (size == 1 || stride == 0) return;
    const auto steps = static_cast<std::uint64_t>(size - 1);
    int at = 0;
    while (at < count_ && axes_[at].stride > stride) ++at;
    if (at < count_ && axes_[at].stride == stride) {
      axes_[at].most += steps;
      return;
    }
    for (int i = count_++; i > at; --i) axes_[i] = axes_[i - 1];
    axes_[at] = {stride, steps, 0};
  }

  /// Steps along some axes are whole numbers of what divides their strides: no rows meet if none do
  /// at the multiple of it that comes next to the distance. However many entries the axes have,
  /// this tells queries from keys of one packed tensor.
  bool is_apart_by_period(const Node& node) const {
    std::uint64_t period = 0;
    for (int i = node.axis; i < count_; ++i) {
      period = common_divisor(period, axes_[i].stride);
      if ((node.distance - 1) % period + 1 >= axes_[i].inside) return true;
    }
    return false;
  }

  Axis axes_[6];
  int count_ = 0;
};

/// Out of line: most tensors have memory of their own.
[[gnu::noinline]] inline bool rows_are_apart(const RawView& a, const RawView& b,
                                             std::uint64_t distance) {
  return RowDistances(a, b).are_apart(distance);
}
#endif

/// Whether two tensors of these spans may share a byte. False is proved: their addresses do not
/// meet, or no rows do, which are other heads of one token, say, other features of one head, or
/// tokens between those of the other. Extents that have passed checked_extent fit 64 bits with a
/// sign in bytes, so that the sum of two fits them without.
inline bool share_memory(const RawView& a, const Span& a_span, const RawView& b,
                         const Span& b_span) {
  return overlap(a_span, b_span) && !rows_are_apart(a, b, b_span.end - a_span.begin);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_OVERLAP_HPP
