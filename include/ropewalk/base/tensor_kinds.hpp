// What a type is that somebody passes as a tensor: asked before an error's first line is written.
#ifndef ROPEWALK_BASE_TENSOR_KINDS_HPP
#define ROPEWALK_BASE_TENSOR_KINDS_HPP

#include <Eigen/Core>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"

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

template <class Map>
inline constexpr bool is_row_major = static_cast<int>(Map::Layout) ==
                                     static_cast<int>(Eigen::RowMajor);

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_TENSOR_KINDS_HPP
