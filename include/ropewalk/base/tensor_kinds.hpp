// What a type is that somebody passes as a tensor: asked before an error's first line is written.
#ifndef ROPEWALK_BASE_TENSOR_KINDS_HPP
#define ROPEWALK_BASE_TENSOR_KINDS_HPP

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"

ROPEWALK_BEGIN_NESTED(detail)

// Eigen's tensors are known by what they can do: their header costs a third of Eigen/Core, and
// calls that need no tensor of Eigen's do not include it.

/// Rank, layout, sizes and data, as Eigen's tensors and maps of them have; its expressions lack
/// some.
template <class T, class = void>
inline constexpr bool is_dense_tensor = false;
template <class T>
inline constexpr bool is_dense_tensor<
    T,
    std::void_t<decltype(T::NumIndices), decltype(T::Layout), typename T::Scalar,
                decltype(std::declval<T&>().dimension(0)), decltype(*std::declval<T&>().data())>> =
    true;

/// Rank, sizes, strides and data, as std::mdspan has them and what is like it.
template <class T, class = void>
inline constexpr bool is_mdspan = false;
template <class T>
inline constexpr bool is_mdspan<T, std::void_t<decltype(std::declval<T&>().rank()),
                                               decltype(std::declval<T&>().extent(std::size_t{})),
                                               decltype(std::declval<T&>().stride(std::size_t{})),
                                               decltype(*std::declval<T&>().data_handle())>> =
    std::is_pointer_v<decltype(std::declval<T&>().data_handle())>;

template <class Derived>
std::true_type from_eigen_base(const Eigen::EigenBase<Derived>*);
std::false_type from_eigen_base(const void*);

/// A Matrix, an Array, a Map of one, or an expression of them.
template <class T>
inline constexpr bool is_matrix =
    decltype(from_eigen_base(std::declval<std::decay_t<T>*>()))::value;

/// A slice, a chip, a sum: what Eigen computes when it is assigned. Each has what TensorBase and
/// the expressions' own typedefs give; a matrix has the same names.
template <class T, class = void>
inline constexpr bool is_tensor_expression = false;
template <class T>
inline constexpr bool is_tensor_expression<
    T, std::void_t<decltype(T::NumDimensions), typename T::Scalar, typename T::CoeffReturnType,
                   typename T::StorageKind, typename T::Nested>> =
    !is_dense_tensor<T> && !is_matrix<T>;

template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;

inline constexpr int unknown_rank = -1;

template <class T, class = void>
inline constexpr int known_rank = unknown_rank;
template <class T>
inline constexpr int known_rank<T, std::void_t<std::integral_constant<std::size_t, T::rank()>>> =
    static_cast<int>(T::rank());

/// The rank of a tensor or an mdspan, if its type tells it.
template <class T>
constexpr int rank_of() {
  if constexpr (is_dense_tensor<T>) {
    return static_cast<int>(T::NumIndices);
  } else {
    return known_rank<T>;
  }
}

template <class T>
constexpr bool has_row_major_layout() {
  if constexpr (is_dense_tensor<T>) {
    return static_cast<int>(T::Layout) == static_cast<int>(Eigen::RowMajor);
  } else {
    return true;  // an mdspan's strides are checked when it is used
  }
}

template <class T>
inline constexpr bool is_row_major = has_row_major_layout<T>();

template <class Map>
constexpr bool takes_layout() {
  constexpr int rank = rank_of<Map>();
  constexpr bool is_ranked = rank == unknown_rank || (rank >= 2 && rank <= 4);
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
auto* data_of(Map& map) {
  if constexpr (is_dense_tensor<Map>) {
    return map.data();
  } else {
    return map.data_handle();
  }
}

template <class Span>
Axes axes_of(const Place& place, const Span& span) {
  Axes axes;
  axes.rank = static_cast<Index>(span.rank());
  check_rank(place, axes.rank);
  for (std::size_t i = 0; i < static_cast<std::size_t>(axes.rank); ++i) {
    axes.sizes[i] = static_cast<Index>(span.extent(i));
    axes.strides[i] = static_cast<Index>(span.stride(i));
  }
  check_axes(place, axes);
  return axes;
}

ROPEWALK_END_NESTED

// Whether a type has an as_view of its own, which comes before ours -------------------------------

ROPEWALK_BEGIN_NAMESPACE

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
  if constexpr (is_dense_tensor<T> || is_mdspan<T>) {
    // With a type of ours in its name, to ask whether its as_view is ours would be to ask in a
    // circle.
    if constexpr (!own::has_ours<Object&>) {
      return !own::has_view<Object&> && !own::has_view<Object>;
    }
  }
  return false;
}

/// Whether as_view reads the members of a T: it has those of a tensor of Eigen's or of an mdspan,
/// and no as_view of its own takes it, const or not.
template <class T>
inline constexpr bool has_view_of_members = asks_members<T>();

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_TENSOR_KINDS_HPP
