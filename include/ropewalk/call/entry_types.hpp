// What an entry takes: an argument of a wrong type is the compiler's first error, in our words.
#ifndef ROPEWALK_CALL_ENTRY_TYPES_HPP
#define ROPEWALK_CALL_ENTRY_TYPES_HPP

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/call/cache_tensors.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

// Every takes_... asserts what it returns: the body of an entry stands behind it, so that nothing
// else of the library is instantiated, and one error is all that the compiler has to say. They ask
// one after the other for the same reason.

ROPEWALK_BEGIN_NESTED(detail)

template <class Out, class X>
inline constexpr bool are_tuples = is_tuple<std::decay_t<Out>>&& is_tuple<std::decay_t<X>>;

/// References to the tensors of a tuple. Those that a temporary tuple holds itself are not written,
/// as a temporary tensor is not: std::tuple{q, k} has copies of two tensors. A const view or map
/// can be written all the same.
template <class T>
auto tied(T&& tuple) {
  return std::apply([](auto&... each) { return std::tie(each...); },
                    static_cast<TensorArgument<T>&>(tuple));
}

template <class T>
struct EntryOf {};
template <class T>
struct EntryOf<TableView<T>> {
  using type = T;
};

/// The scalar of the table that as_table makes of a T; found by argument-dependent look-up.
template <class T>
using TableScalar =
    typename EntryOf<std::decay_t<decltype(as_table(std::declval<const T&>()))>>::type;

template <class T, class = void>
inline constexpr bool has_table = false;
template <class T>
inline constexpr bool has_table<T, std::void_t<TableScalar<T>>> = true;

/// What stands in the place of a tensor.
enum class Instead { nothing, table, tuple, expression, matrix, pointer, slots, other };

template <class T>
constexpr Instead instead_of_tensor() {
  if (is_slots<std::remove_const_t<T>>) return Instead::slots;
  if (has_view<T>) return Instead::nothing;
  if (has_table<T>) return Instead::table;
  if (is_tuple<std::decay_t<T>>) return Instead::tuple;
  if (is_tensor_expression<T>) return Instead::expression;
  if (is_matrix<T>) return Instead::matrix;
  if (std::is_pointer_v<std::decay_t<T>>) return Instead::pointer;
  return Instead::other;
}

/// What holds for x and out alike.
template <class T>
constexpr bool takes_view() {
  if constexpr (has_view_of_members<T>) {
    if constexpr (!takes_layout<T>()) return false;
  }
  using Element = ViewElement<T>;
  constexpr bool is_scalar = is_dtype<std::remove_const_t<Element>>;
  // A View that is none has asserted the same where it was made.
  static_assert(
      is_scalar || std::is_same_v<std::remove_const_t<T>, View<Element>>,
      "ropewalk: the scalar of x and out must be float, double, half or bfloat16; of std::uint16_t "
      "pass as_bfloat16(data) or as_half(data)");
  return is_scalar;
}

template <class X>
constexpr bool takes_x() {
  constexpr Instead is = instead_of_tensor<X>();
  static_assert(is != Instead::table, "ropewalk: x is a table, must be a tensor: tables come last");
  static_assert(is != Instead::tuple,
                "ropewalk: x is a tuple, must be a tensor: apply takes a tuple of outs and one of "
                "xs, apply_inplace one of xs, the other forms one tensor a call");
  static_assert(is != Instead::expression,
                "ropewalk: x is an Eigen expression (a slice, a chip), must have memory of its "
                "own: evaluate it into a Tensor, or take View::seq, heads or features of all");
  static_assert(is != Instead::matrix,
                "ropewalk: x is an Eigen Matrix, Array or Map, must be a tensor: a row-major "
                "TensorMap of its data, or View(data, shape, strides)");
  static_assert(is != Instead::pointer, "ropewalk: x is a pointer, must be View(pointer, shape)");
  static_assert(is != Instead::slots,
                "ropewalk: x is rows of slots, must be a tensor: outs alone go to slots");
  static_assert(is != Instead::other,
                "ropewalk: x must be a View, a row-major Eigen TensorMap or Tensor, or of a type "
                "with an as_view of its own");
  if constexpr (is == Instead::nothing) {
    return takes_view<X>();
  } else {
    return false;
  }
}

template <class X>
constexpr bool takes_x_in_place() {
  if constexpr (takes_x<X>()) {
    constexpr bool is_const = std::is_const_v<ViewElement<X>>;
    static_assert(!is_const,
                  "ropewalk: x must not be const, since it is written; std::tuple{q, k} of tensors "
                  "holds copies of them, std::tie(q, k) none");
    return !is_const;
  } else {
    return false;
  }
}

template <class Out>
constexpr bool takes_out() {
  constexpr Instead is = instead_of_tensor<Out>();
  static_assert(is != Instead::table,
                "ropewalk: out is a table, must be a tensor: tables come last");
  static_assert(
      is != Instead::tuple,
      "ropewalk: out is a tuple, must be a tensor: apply takes a tuple of outs and one of "
      "xs, the other forms one tensor a call");
  static_assert(is != Instead::expression,
                "ropewalk: out is an Eigen expression (a slice, a chip), must have memory of its "
                "own: take View::seq, heads or features of all");
  static_assert(is != Instead::matrix,
                "ropewalk: out is an Eigen Matrix, Array or Map, must be a tensor: a row-major "
                "TensorMap of its data, or View(data, shape, strides)");
  static_assert(is != Instead::pointer, "ropewalk: out is a pointer, must be View(pointer, shape)");
  static_assert(is != Instead::other,
                "ropewalk: out must be a View, a row-major Eigen TensorMap or Tensor, or of a type "
                "with an as_view of its own");
  if constexpr (is == Instead::nothing || is == Instead::slots) {
    constexpr bool is_const = std::is_const_v<ViewElement<Out>>;
    static_assert(
        !is_const,
        "ropewalk: out must not be const, since it is written; std::tuple{q, k} of tensors "
        "holds copies of them, std::tie(q, k) none");
    if constexpr (!is_const) return takes_view<Out>();
  }
  return false;
}

template <class Tab>
constexpr bool takes_table() {
  constexpr bool is_table = has_table<Tab>;
  constexpr bool is_tensor = !is_table && has_view<const Tab>;
  constexpr bool is_options = std::is_convertible_v<const Tab&, Options>;
  constexpr bool is_pointer = std::is_pointer_v<std::decay_t<Tab>>;
  static_assert(!is_tensor,
                "ropewalk: the table is a tensor, must be a Table or TableView: half_table(cos, "
                "sin) or another maker of table_layouts.hpp; tables come last");
  static_assert(!is_options, "ropewalk: the table is missing: options stand in its place");
  static_assert(!is_pointer,
                "ropewalk: the table is a pointer, must be a Table or TableView: half_table or "
                "another maker of table_layouts.hpp, of View(pointer, shape)");
  static_assert(is_table || is_tensor || is_options || is_pointer,
                "ropewalk: the table must be a Table, a TableView, or of a type with an as_table "
                "of its own");
  if constexpr (is_table) {
    using Scalar = TableScalar<Tab>;
    static_assert(is_dtype<Scalar> || std::is_same_v<Tab, TableView<Scalar>>,
                  "ropewalk: the scalar of a table must be float, double, half or bfloat16");
    return is_dtype<Scalar>;
  } else {
    return false;
  }
}

/// Eigen's ThreadPool, which has no parallelFor of its own: it would be taken for a serial device.
template <class T, class = void>
inline constexpr bool is_bare_pool = false;
template <class T>
inline constexpr bool is_bare_pool<T, std::void_t<decltype(&T::Schedule)>> = true;

template <class Device>
constexpr bool takes_device() {
  constexpr bool is_bare = is_bare_pool<Device>;
  constexpr bool is_other = has_view<const Device> || has_table<Device> || are_options<Device> ||
                            std::is_arithmetic_v<Device>;
  static_assert(!is_bare,
                "ropewalk: the device is a bare pool, must be an Eigen::ThreadPoolDevice of it");
  static_assert(!is_other,
                "ropewalk: the device is a tensor, table, options or number, must be rw::serial or "
                "an Eigen device: it comes first");
  return !is_bare && !is_other;
}

/// An out of the type of x or of the arithmetic.
template <class Out, class X, class Tab>
constexpr bool takes_types() {
  using Scalar = std::remove_const_t<ViewElement<X>>;
  constexpr bool fits = std::is_same_v<ViewElement<Out>, Scalar> ||
                        std::is_same_v<ViewElement<Out>, Promoted<Scalar, TableScalar<Tab>>>;
  static_assert(fits,
                "ropewalk: the scalar of out must be that of x or the type that x and the table "
                "promote to");
  return fits;
}

template <class Out, class X, class Tab>
constexpr bool takes_tensors() {
  if constexpr (takes_out<Out>()) {
    if constexpr (takes_x<X>()) {
      if constexpr (takes_table<Tab>()) return takes_types<Out, X, Tab>();
    }
  }
  return false;
}

template <class How>
constexpr bool takes_options() {
  static_assert(are_options<How>,
                "ropewalk: options must be Options or a constant such as half_pairs");
  return are_options<How>;
}

/// The arguments of a call, references taken off.
template <class How, class Device, class Out, class X, class Tab>
constexpr bool takes_call() {
  if constexpr (takes_device<Device>()) {
    if constexpr (takes_tensors<Out, X, Tab>()) return takes_options<How>();
  }
  return false;
}

template <class... Xs>
constexpr bool takes_some() {
  static_assert(sizeof...(Xs) > 0, "ropewalk: std::tie() holds no tensor, must hold one or more");
  return sizeof...(Xs) > 0;
}

/// The same of one that takes tensors alone; on CUDA the device is a stream.
template <class How, class Device, class Out, class X, class Tab>
constexpr bool takes_call_of_views() {
  if constexpr (takes_views<Out, X>()) return takes_call<How, Device, Out, X, Tab>();
  return false;
}

/// Those of several outs and xs. A type that is wrong is asserted once, however often it is there.
template <class How, class Device, class Tab, class... Outs, class... Xs>
constexpr bool takes_tuples(TypeTag<std::tuple<Xs...>>) {
  constexpr bool is_one_each = sizeof...(Outs) == sizeof...(Xs);
  static_assert(is_one_each, "ropewalk: one out for each x is needed");
  if constexpr (is_one_each && takes_device<Device>() && takes_some<Xs...>()) {
    if constexpr ((takes_tensors<Outs, Xs, Tab>() && ...)) return takes_options<How>();
  }
  return false;
}

template <class How>
constexpr bool takes_options_in_place() {
  static_assert(
      !is_known_to_move<How>,
      "ropewalk: the pairing interleaved_to_half moves features: pass an out apart from x");
  if constexpr (!is_known_to_move<How>) return takes_options<How>();
  return false;
}

template <class How, class Device, class Tab, class... Xs>
constexpr bool takes_in_place() {
  if constexpr (takes_device<Device>() && takes_some<Xs...>()) {
    if constexpr ((takes_x_in_place<Xs>() && ...)) {
      if constexpr (takes_table<Tab>()) return takes_options_in_place<How>();
    }
  }
  return false;
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_ENTRY_TYPES_HPP
