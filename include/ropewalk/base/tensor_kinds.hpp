// What a type is that somebody passes as a tensor: asked before an error's first line is written.
#ifndef ROPEWALK_BASE_TENSOR_KINDS_HPP
#define ROPEWALK_BASE_TENSOR_KINDS_HPP

#include <Eigen/Core>
#include <cstdint>
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

/// Asserts what it returns, as do the others of entry_types.hpp.
template <class Ids>
constexpr bool takes_ids() {
  constexpr bool is_dense = is_dense_tensor<const Ids>;
  static_assert(is_dense,
                "ropewalk: position ids must be an Eigen TensorMap or Tensor of int32_t or "
                "int64_t; of a std::vector pass a TensorMap of its data");
  if constexpr (is_dense) {
    constexpr int rank = static_cast<int>(Ids::NumIndices);
    constexpr bool is_ranked = rank == 1 || rank == 2;
    constexpr bool is_dense_rows = rank != 2 || is_row_major<Ids>;
    using Id = std::remove_const_t<typename Ids::Scalar>;
    constexpr bool is_id = std::is_same_v<Id, std::int32_t> || std::is_same_v<Id, std::int64_t>;
    static_assert(is_id, "ropewalk: position ids must be int32_t or int64_t");
    static_assert(!is_id || is_ranked, "ropewalk: position ids must be [seq] or [batch, seq]");
    static_assert(!is_id || is_dense_rows,
                  "ropewalk: position ids must be row-major (Eigen::RowMajor)");
    return is_id && is_ranked && is_dense_rows;
  } else {
    return false;
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_TENSOR_KINDS_HPP
