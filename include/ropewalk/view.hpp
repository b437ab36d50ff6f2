// View: a tensor [batch, seq, heads, head_dim] of any strides in memory, and its makers.
#ifndef ROPEWALK_VIEW_HPP
#define ROPEWALK_VIEW_HPP

#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/shape.hpp"

ROPEWALK_BEGIN_TYPES

/// A tensor that somebody else owns: pointer, shape and strides.
///
/// Shapes   [batch, seq, heads, head_dim], any of them 0; any strides that are not negative
/// Alias    two views may share memory; apply says which overlaps are errors
/// Errors   std::invalid_argument: a part outside the view. All else is for the function that reads
///          or writes, which checks its views first and names them
/// Does not own, allocate or copy: it is valid as long as the memory is. One of a temporary tensor
/// may be passed in the statement that makes the tensor, and not be kept.
template <class T>
class View {
 public:
  using Scalar = std::remove_const_t<T>;
  static_assert(detail::is_dtype<Scalar>,
                "ropewalk: the scalar of x and out must be float, double, half or bfloat16");

  ROPEWALK_INLINE View(T* data, const Shape& shape, const Strides& strides)
      : data_(data), shape_(shape), strides_(strides) {}

  ROPEWALK_INLINE View(T* data, const Shape& shape)
      : View(data, shape, detail::contiguous_strides(shape)) {}

  /// A view to read from, of a view to write to.
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
  ROPEWALK_INLINE View(const View<U>& other) : View(other.data(), other.shape(), other.strides()) {}

  ROPEWALK_INLINE T* data() const { return data_; }
  ROPEWALK_INLINE const Shape& shape() const { return shape_; }
  ROPEWALK_INLINE const Strides& strides() const { return strides_; }
  ROPEWALK_INLINE Index batch() const { return shape_.batch; }
  ROPEWALK_INLINE Index seq() const { return shape_.seq; }
  ROPEWALK_INLINE Index heads() const { return shape_.heads; }
  ROPEWALK_INLINE Index head_dim() const { return shape_.head_dim; }
  ROPEWALK_INLINE bool empty() const {
    return batch() == 0 || seq() == 0 || heads() == 0 || head_dim() == 0;
  }

  /// Tokens [begin, begin + count): text or image only, a chunk of a longer sequence.
  ROPEWALK_INLINE View seq(Index begin, Index count) const {
    const detail::Place place{"seq", "the view"};
    detail::check_range(place, "seq", begin, count, seq());
    View part(detail::checked_part(place, "seq", data_, begin, strides_.seq), shape_, strides_);
    part.shape_.seq = count;
    return part;
  }

  /// Heads [begin, begin + count): the first few, the keys of packed queries and keys.
  ROPEWALK_INLINE View heads(Index begin, Index count) const {
    const detail::Place place{"heads", "the view"};
    detail::check_range(place, "heads", begin, count, heads());
    View part(detail::checked_part(place, "heads", data_, begin, strides_.heads), shape_, strides_);
    part.shape_.heads = count;
    return part;
  }

  /// Features [begin, begin + count): a rotary suffix, one axis of several.
  ROPEWALK_INLINE View features(Index begin, Index count) const {
    const detail::Place place{"features", "the view"};
    detail::check_range(place, "head_dim", begin, count, head_dim());
    View part(detail::checked_part(place, "head_dim", data_, begin, 1), shape_, strides_);
    part.shape_.head_dim = count;
    return part;
  }

  /// The features of one token and head.
  ROPEWALK_INLINE T* row(Index b, Index s, Index h) const {
    return data_ + b * strides_.batch + s * strides_.seq + h * strides_.heads;
  }

 private:
  T* data_;
  Shape shape_;
  Strides strides_;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
View<const std::remove_const_t<T>> read_only(const View<T>& view) {
  return {view.data(), view.shape(), view.strides()};
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// [batch, heads, seq, head_dim] in memory: PyTorch after transpose(1, 2).
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

/// [batch, seq, channels] before the heads are split: one head as wide as all.
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

/// A view as it is; a type in another namespace may have an as_view of its own there.
template <class T>
View<T> as_view(const View<T>& view) {
  return view;
}

/// A probe, never called: argument-dependent look-up finds it for the same types as our as_view;
/// see has_view_of_members.
template <class T>
void looks_into_ropewalk(const T&);

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

// What a user's namespace declares for its types: the functions here hide ours, and only
// argument-dependent look-up goes beyond them.
namespace own {

struct Converted {
  template <class T>
  Converted(const T&);
};
struct None {};

/// Taken where there is no other. With another that takes a T by a conversion of its class only, as
/// one for a map that a tensor converts to, it is ambiguous: that one is not T's own.
None as_view(Converted);
void looks_into_ropewalk() = delete;

template <class T, class = void>
inline constexpr bool has_view = false;
template <class T>
inline constexpr bool has_view<T, std::void_t<decltype(as_view(std::declval<T>()))>> =
    !std::is_same_v<decltype(as_view(std::declval<T>())), None>;

template <class T, class = void>
inline constexpr bool has_ours = false;
template <class T>
inline constexpr bool has_ours<T, std::void_t<decltype(looks_into_ropewalk(std::declval<T>()))>> =
    true;

}  // namespace own

template <class T>
constexpr bool asks_members() {
  using Object = std::remove_const_t<T>;
  if constexpr (is_dense_tensor<T>) {
    // With a type of ours in its name, to ask whether its as_view is ours would be to ask in a
    // circle.
    if constexpr (!own::has_ours<Object&>) {
      return !own::has_view<Object&> && !own::has_view<Object>;
    }
  }
  return false;
}

/// Whether as_view reads the members of a T: it has those of a tensor of Eigen's, and no as_view of
/// its own takes it, const or not.
template <class T>
inline constexpr bool has_view_of_members = asks_members<T>();

template <class Map>
constexpr bool takes_layout() {
  constexpr int rank = static_cast<int>(Map::NumIndices);
  constexpr bool is_ranked = rank >= 2 && rank <= 4;
  static_assert(is_ranked, "ropewalk: x and out must have rank 2, 3 or 4");
  static_assert(!is_ranked || is_row_major<Map>,
                "ropewalk: x and out must be row-major (Eigen::RowMajor)");
  return is_ranked && is_row_major<Map>;
}

/// What a T&& is read as: a temporary tensor is not written.
template <class T>
using TensorArgument =
    std::conditional_t<std::is_lvalue_reference_v<T>, std::remove_reference_t<T>, const T>;

template <class Map>
using ViewOfTensor = View<std::remove_pointer_t<decltype(std::declval<Map&>().data())>>;

template <class Map>
ViewOfTensor<Map> view_of_tensor(Map& map) {
  if constexpr (takes_layout<Map>()) {
    constexpr int rank = static_cast<int>(Map::NumIndices);
    constexpr int seq_axis = rank == 2 ? 0 : rank - 3;
    Size heads = 1, batch = 1;
    if constexpr (rank >= 3) heads = map.dimension(rank - 2);
    if constexpr (rank == 4) batch = map.dimension(0);
    return {map.data(), {batch, map.dimension(seq_axis), heads, map.dimension(rank - 1)}};
  } else {
    return {map.data(), Shape()};
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The view of a row-major Eigen tensor or map: rank 2 is [seq, head_dim], rank 3
/// [seq, heads, head_dim], rank 4 [batch, seq, heads, head_dim]. It does not keep the tensor alive,
/// and a Tensor that is resized or assigned another size has its memory elsewhere.
///
/// So is that of any other type with NumIndices, Layout, Scalar, dimension(axis) and data(), whose
/// rows are one after the other; what is const or a temporary is read by its const data(). A type
/// with an as_view of its own is never read so.
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

template <class T, class = void>
inline constexpr bool has_view = false;
template <class T>
inline constexpr bool has_view<T, std::void_t<ViewElement<T>>> = true;

ROPEWALK_END_NESTED

#endif  // ROPEWALK_VIEW_HPP
