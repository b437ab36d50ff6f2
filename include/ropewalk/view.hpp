// View: a tensor [batch, seq, heads, head_dim] of any strides in memory, and its makers.
#ifndef ROPEWALK_VIEW_HPP
#define ROPEWALK_VIEW_HPP

#include <cinttypes>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/base/tensor_kinds.hpp"

ROPEWALK_BEGIN_TYPES

/// A tensor that somebody else owns: pointer, shape and strides.
///   View<float>(data, {batch, seq, heads, head_dim}, {batch_stride, seq_stride, heads_stride})
///
/// Tensors of a class of yours are taken by every function that takes a View if an as_view stands
/// in the namespace of the class: the compiler finds it there (argument-dependent look-up). Two
/// where the class owns its memory, one for const& where it does not:
///   ropewalk::View<float> as_view(engine::Tensor& tensor);
///   ropewalk::View<const float> as_view(const engine::Tensor& tensor);
///
/// Shapes   [batch, seq, heads, head_dim], any of them 0; any strides that are not negative
/// Alias    two views may share memory; apply says which overlaps are errors
/// Errors   std::invalid_argument: a part outside the view. All else is for the function that reads
///          or writes, which checks its views first and names them. Axes in each other's
///          place are seen where their sizes differ
/// Does not own, allocate or copy: it is valid as long as the memory is. One of a temporary tensor
/// may be passed in the statement that makes the tensor, and not be kept.
template <class T>
class View {
 public:
  using Scalar = std::remove_const_t<T>;
  static_assert(
      detail::is_dtype<Scalar>,
      "ropewalk: the scalar of x and out must be float, double, half or bfloat16; of std::uint16_t "
      "pass as_bfloat16(data) or as_half(data)");

  /// By strides in elements.
  ROPEWALK_INLINE View(T* data, const Shape& shape, const Strides& strides)
      : raw_{data, shape, strides, sizeof(T)} {}

  /// Dense, in the order of its axes.
  ROPEWALK_INLINE View(T* data, const Shape& shape)
      : View(data, shape, detail::contiguous_strides(shape)) {}

  /// A view to read from, of a view to write to.
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
  ROPEWALK_INLINE View(const View<U>& other) : View(other.data(), other.shape(), other.strides()) {}

  ROPEWALK_INLINE T* data() const { return static_cast<T*>(const_cast<void*>(raw_.data)); }
  ROPEWALK_INLINE const Shape& shape() const { return raw_.shape; }
  ROPEWALK_INLINE const Strides& strides() const { return raw_.strides; }
  ROPEWALK_INLINE Index batch() const { return raw_.shape.batch; }
  ROPEWALK_INLINE Index seq() const { return raw_.shape.seq; }
  ROPEWALK_INLINE Index heads() const { return raw_.shape.heads; }
  ROPEWALK_INLINE Index head_dim() const { return raw_.shape.head_dim; }
  ROPEWALK_INLINE bool empty() const { return raw_.empty(); }

  /// For the functions that read and write, of any type of scalar.
  ROPEWALK_INLINE operator const detail::RawView&() const { return raw_; }

  /// The part of samples [begin, begin + count): one that stands at a position of its own. Without
  /// arguments batch(), seq(), heads() and head_dim() are sizes.
  ROPEWALK_INLINE View batch(Index begin, Index count) const {
    return part({"batch", "the view"}, "batch", begin, count, strides().batch, &Shape::batch);
  }

  /// The part of tokens [begin, begin + count): text or image only, a chunk of a longer sequence.
  ROPEWALK_INLINE View seq(Index begin, Index count) const {
    return part({"seq", "the view"}, "seq", begin, count, strides().seq, &Shape::seq);
  }

  /// The part of heads [begin, begin + count): the first few, the keys of packed queries and keys.
  ROPEWALK_INLINE View heads(Index begin, Index count) const {
    return part({"heads", "the view"}, "heads", begin, count, strides().heads, &Shape::heads);
  }

  /// The part of features [begin, begin + count): a rotary suffix, one axis of several.
  ROPEWALK_INLINE View features(Index begin, Index count) const {
    return part({"features", "the view"}, "head_dim", begin, count, 1, &Shape::head_dim);
  }

  /// The rows of a paged cache [blocks, block_size, kv_heads, head_dim] that tokens go to as an out
  /// of apply or rotate. Slot i is row i % block_size of block i / block_size; below 0: nothing is
  /// written of the token. slots are [seq] or [batch, seq]: see TableView::gather.
  ///
  /// Alias    as gather; no slot twice is the caller's promise: see CpuOptions::slots
  /// Errors   std::invalid_argument by the call that writes: null, a slot past the last one (on
  ///          CUDA, which finds it on the device, nothing is written of its token)
  template <class Ids>
  ROPEWALK_INLINE SlotView<T> rows(Ids&& slots) const {
    if constexpr (detail::takes_ids<Ids, detail::IdsOf::tokens>()) {
      return rows(slots.data(), detail::batch_of_ids(slots), detail::seq_of_ids(slots));
    } else {
      return {raw_, {}};
    }
  }
  template <class Pointer>
  ROPEWALK_INLINE SlotView<T> rows(Pointer slots, detail::Size seq) const {
    return rows(slots, 1, seq);
  }
  template <class Pointer>
  ROPEWALK_INLINE SlotView<T> rows(Pointer slots, detail::Size batch, detail::Size seq) const {
    if constexpr (detail::takes_pointer_to_ids<Pointer>()) {
      return detail::slot_view<T>(raw_, slots, batch.value, seq.value);
    } else {
      return {raw_, {}};
    }
  }

  /// The features of one token and head.
  ROPEWALK_INLINE T* row(Index b, Index s, Index h) const {
    return data() + b * strides().batch + s * strides().seq + h * strides().heads;
  }

 private:
  ROPEWALK_INLINE View part(const detail::Place& place, const char* axis, Index begin, Index count,
                            Index stride, Index Shape::*size) const {
    detail::check_range(place, axis, begin, count, shape().*size);
    View part(detail::checked_part(place, axis, data(), begin, stride), shape(), strides());
    part.raw_.shape.*size = count;
    return part;
  }

  detail::RawView raw_;
};

/// Queries q, keys k and values v of one packed memory.
template <class T>
struct QkvViews {
  View<T> q, k, v;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
View<const std::remove_const_t<T>> read_only(const View<T>& view) {
  return {view.data(), view.shape(), view.strides()};
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// [batch, heads, seq, head_dim] in memory: PyTorch after transpose(1, 2), a KV cache. `shape`
/// names the axes in its own order all the same; heads and seq in each other's place are an error
/// of the call that takes the view, unless they are equal: then nobody can tell.
///
/// New keys of a cache [batch, kv_heads, max_seq, head_dim], or [kv_heads, ..] with batch 1, go to
///   bhsd_view(cache, {batch, max_seq, kv_heads, head_dim}).seq(position, count)
template <class T>
View<T> bhsd_view(T* data, const Shape& shape) {
  const Index heads = detail::saturating_product(shape.seq, shape.head_dim);
  return {data, shape, {detail::saturating_product(shape.heads, heads), shape.head_dim, heads}};
}

/// Packed sequences [tokens, heads, head_dim], one after the other without padding.
template <class T>
View<T> thd_view(T* data, Index tokens, Index heads, Index head_dim) {
  return {data, Shape{1, tokens, heads, head_dim}};
}

/// [batch, seq, channels] before the heads are split: a view of one head that is as wide as all,
/// for a table of that width (LTX-Video). For heads that turn alike: View(data, shape).
template <class T>
View<T> bsc_view(T* data, Index batch, Index seq, Index channels) {
  return {data, Shape{batch, seq, 1, channels}};
}

/// Queries, keys or values (0, 1, 2) of packed [batch, seq, 3, heads, head_dim].
template <class T>
View<T> qkv_view(T* data, const Shape& shape, Index which) {
  const detail::Place place{"qkv_view", "packed queries, keys and values"};
  detail::check_range(place, "index", which, 1, 3);
  const Index part = detail::saturating_product(shape.heads, shape.head_dim);
  const Index token = detail::saturating_product(3, part);
  return {detail::checked_part(place, "index", data, which, part),
          shape,
          {detail::saturating_product(shape.seq, token), token, shape.head_dim}};
}

/// Queries, keys and values of packed [batch, seq, (heads + 2 * kv_heads) * head_dim], in which all
/// heads of the queries come first, then the fewer of the keys, then those of the values; not keys
/// among the queries that share them.
///
/// Shapes   shape is that of the queries; k and v have kv_heads in the place of heads
/// Errors   std::invalid_argument: heads that are no multiple of kv_heads, which also tells the two
///          swapped; sizes that overflow
template <class T>
QkvViews<T> grouped_qkv_view(T* data, const Shape& shape, Index kv_heads) {
  const detail::Place place{"grouped_qkv_view", "the queries"};
  const detail::Place keys{place.function, "the keys"};
  detail::check_at_least(keys, "kv_heads", kv_heads, 1);
  detail::check_not_negative(place, "heads", shape.heads);
  if (shape.heads % kv_heads != 0) {
    detail::fail(place, "heads",
                 "is %" PRId64 ", must be a multiple of the %" PRId64 " of the keys", shape.heads,
                 kv_heads);
  }
  const Index all_heads =
      detail::saturating_sum(shape.heads, detail::saturating_sum(kv_heads, kv_heads));
  const Strides strides =
      detail::contiguous_strides({shape.batch, shape.seq, all_heads, shape.head_dim});
  const Shape kv_shape{shape.batch, shape.seq, kv_heads, shape.head_dim};
  T* k = detail::checked_part(place, "heads", data, shape.heads, shape.head_dim);
  T* v = detail::checked_part(keys, "kv_heads", k, kv_heads, shape.head_dim);
  return {{data, shape, strides}, {k, kv_shape, strides}, {v, kv_shape, strides}};
}

/// A view as it is; a type in another namespace may have an as_view of its own there.
template <class T>
View<T> as_view(const View<T>& view) {
  return view;
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class Map>
using ViewOfTensor = View<std::remove_pointer_t<decltype(data_of(std::declval<Map&>()))>>;

template <class Map>
ViewOfTensor<Map> view_of_tensor(Map& map) {
  if constexpr (!takes_layout<Map>()) {
    return {data_of(map), Shape()};
  } else if constexpr (is_dense_tensor<Map>) {
    constexpr int rank = static_cast<int>(Map::NumIndices);
    constexpr int seq_axis = rank == 2 ? 0 : rank - 3;
    Size heads = 1, batch = 1;
    if constexpr (rank >= 3) heads = map.dimension(rank - 2);
    if constexpr (rank == 4) batch = map.dimension(0);
    return {map.data(), {batch, map.dimension(seq_axis), heads, map.dimension(rank - 1)}};
  } else {
    const Axes axes = axes_of({"as_view", "the tensor"}, map);
    const Layout layout = layout_of(axes, axes.rank > 2);
    return {data_of(map), layout.shape, layout.strides};
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The view of a row-major Eigen tensor or map, or of an mdspan of any strides whose innermost is
/// 1: rank 2 is [seq, head_dim], rank 3 [seq, heads, head_dim], rank 4 [batch, seq, heads,
/// head_dim]. It does not keep the tensor alive, and a Tensor that is resized or assigned another
/// size has its memory elsewhere.
///
/// A tensor is what has NumIndices, Layout, Scalar, dimension(axis) and data(), its rows one after
/// the other; what is const or a temporary is read by its const data(). An mdspan is what has
/// rank(), extent(axis), stride(axis) and data_handle(). A type with an as_view of its own is never
/// read so.
template <class T, class Tensor = detail::TensorArgument<T>,
          class = std::enable_if_t<detail::has_view_of_members<Tensor>>>
detail::ViewOfTensor<Tensor> as_view(T&& tensor) {
  return detail::view_of_tensor<Tensor>(tensor);
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
struct ElementOf {};
template <class T>
struct ElementOf<View<T>> {
  using type = T;
};

/// The element of the view that as_view makes of a T, ours or one that argument-dependent look-up
/// finds. No as_view of ours takes what has its own: it would be preferred.
template <class T>
using ViewElement = typename ElementOf<std::decay_t<decltype(as_view(std::declval<T&>()))>>::type;

/// What as_view gives, but a view where it is: a copy of it costs instructions of a small call.
template <class T>
decltype(auto) view_of(T& tensor) {
  if constexpr (std::is_same_v<std::remove_const_t<T>, View<ViewElement<T>>>) {
    return static_cast<const T&>(tensor);
  } else {
    return as_view(tensor);
  }
}

template <class T, class = void>
inline constexpr bool has_view = false;
template <class T>
inline constexpr bool has_view<T, std::void_t<ViewElement<T>>> = true;

ROPEWALK_END_NESTED

#endif  // ROPEWALK_VIEW_HPP
