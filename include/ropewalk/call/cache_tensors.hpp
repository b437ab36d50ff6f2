// What fills a cache beside Views: rows of slots as an out, values as an x that is only copied.
#ifndef ROPEWALK_CALL_CACHE_TENSORS_HPP
#define ROPEWALK_CALL_CACHE_TENSORS_HPP

#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"  // for SlotView
#include "ropewalk/base/shape.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_TYPES

/// A tensor whose rows a call copies: what `copied` gives.
template <class T>
struct Copied {
  View<const T> view;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// Slots and copied tensors as they are: calls tell them from a View.
template <class T>
SlotView<T> as_view(const SlotView<T>& slots) {
  return slots;
}
template <class T>
Copied<T> as_view(const Copied<T>& values) {
  return values;
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
struct ElementOf<SlotView<T>> {
  using type = T;
};
template <class T>
struct ElementOf<Copied<T>> {
  using type = const T;
};

template <class T>
inline constexpr bool is_slots = false;
template <class T>
inline constexpr bool is_slots<SlotView<T>> = true;
template <class T>
inline constexpr bool is_copied = false;
template <class T>
inline constexpr bool is_copied<Copied<T>> = true;

template <class T>
View<T> cache_view(const SlotView<T>& slots) {
  const RawView& cache = slots.cache();
  return {static_cast<T*>(const_cast<void*>(cache.data)), cache.shape, cache.strides};
}

/// Of a call that has neither.
template <class Out, class X>
constexpr bool takes_views() {
  constexpr bool has_slots = is_slots<std::decay_t<Out>>, has_copies = is_copied<std::decay_t<X>>;
  static_assert(!has_slots,
                "ropewalk: out is rows of slots, must be a tensor: apply and rotate alone write to "
                "slots");
  static_assert(has_slots || !has_copies,
                "ropewalk: x is copied, must be a tensor: apply and rotate alone copy");
  return !has_slots && !has_copies;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// An x of apply or rotate whose rows go to their out unturned, beside others that turn: values on
/// their way into the cache.
///   apply(device, std::tuple{q, keys.rows(slots), values.rows(slots)},
///         std::tuple{q, k, copied(v)}, table)
///
/// Shapes   tensor [batch, seq, heads, head_dim], head_dim of any size; on CUDA an even one
/// Types    as an x of apply; where out is of the promoted type its values are widened, otherwise
///          every bit is copied
/// Tokens   those that position ids or slots leave are left here, too
/// Alias    out must be apart from it, and from the table that others read
/// Errors   by the call that reads it, as apply
template <class Tensor>
auto copied(const Tensor& tensor) {
  constexpr bool is_tensor = detail::has_view<const Tensor>;
  static_assert(
      is_tensor,
      "ropewalk: what is copied must be a View, a row-major Eigen TensorMap or Tensor, or "
      "of a type with an as_view of its own");
  if constexpr (is_tensor) {
    using Scalar = std::remove_const_t<detail::ViewElement<const Tensor>>;
    return Copied<Scalar>{as_view(tensor)};
  } else {
    return Copied<float>{View<const float>(nullptr, Shape())};
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CALL_CACHE_TENSORS_HPP
