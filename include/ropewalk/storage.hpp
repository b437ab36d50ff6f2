// Views of memory as engines hold it: 16-bit numbers by other names, tensors of DLPack.
#ifndef ROPEWALK_STORAGE_HPP
#define ROPEWALK_STORAGE_HPP

#include <cinttypes>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

template <class T, class Storage>
inline constexpr bool is_stored_as =
    std::is_same_v<Storage, std::uint16_t> || std::is_same_v<Storage, T>;
#if ROPEWALK_HAS_FLOAT16
template <>
inline constexpr bool is_stored_as<Eigen::half, _Float16> = true;
#endif
#if ROPEWALK_HAS_BF16
template <>
inline constexpr bool is_stored_as<Eigen::bfloat16, __bf16> = true;
#endif

/// The same memory as a T; see compiler.hpp.
template <class T, class Storage>
T* memory_as(Storage* data) {
  ROPEWALK_HIDE_ORIGIN(data);
  return reinterpret_cast<T*>(data);
}

/// Of 16-bit numbers; const stays const.
template <class T, class Data>
auto as_stored(Data data) {
  using Storage = std::remove_pointer_t<Data>;
  using Element = std::conditional_t<std::is_const_v<Storage>, const T, T>;
  constexpr bool is_stored =
      std::is_pointer_v<Data> && is_stored_as<T, std::remove_const_t<Storage>>;
  static_assert(is_stored,
                "ropewalk: 16-bit numbers must be given by a pointer to std::uint16_t, or to the "
                "type that is named: Eigen::half or _Float16, Eigen::bfloat16 or __bf16");
  if constexpr (is_stored) {
    return memory_as<Element>(data);
  } else {
    return static_cast<T*>(nullptr);
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

// 16-bit numbers ----------------------------------------------------------------------------------
//
// Files of weights and caches hold them as std::uint16_t, whose bits are half (float16) or
// bfloat16: nobody but the caller knows which. Tensors and tables may be made of them.

/// The same memory as Eigen::half, for the makers of views: bhsd_view(as_half(cache), shape).
///
/// Types    std::uint16_t, Eigen::half, and _Float16 where the compiler has it, const or not
/// Alias    outside the library's calls read and write the memory by one type only, your own, or by
///          std::memcpy: what keeps the compiler from reordering stands at the border of calls
template <class Data>
auto as_half(Data data) {
  return detail::as_stored<Eigen::half>(data);
}

/// The same memory as Eigen::bfloat16; see as_half.
///
/// Types    std::uint16_t, Eigen::bfloat16, and __bf16 where the compiler has it, const or not
template <class Data>
auto as_bfloat16(Data data) {
  return detail::as_stored<Eigen::bfloat16>(data);
}

/// A view of half: dense [batch, seq, heads, head_dim]; see as_half.
template <class Data>
auto half_view(Data data, const Shape& shape) {
  return View(as_half(data), shape);
}

/// The same with strides of its own.
template <class Data>
auto half_view(Data data, const Shape& shape, const Strides& strides) {
  return View(as_half(data), shape, strides);
}

/// A view of bfloat16: dense [batch, seq, heads, head_dim]; see as_bfloat16.
template <class Data>
auto bfloat16_view(Data data, const Shape& shape) {
  return View(as_bfloat16(data), shape);
}

/// The same with strides of its own.
template <class Data>
auto bfloat16_view(Data data, const Shape& shape, const Strides& strides) {
  return View(as_bfloat16(data), shape, strides);
}

// DLPack ------------------------------------------------------------------------------------------

/// The view of a DLTensor, or of any struct with its members: data, device.device_type, ndim,
/// dtype.code, dtype.bits, dtype.lanes, shape, strides and byte_offset. DLPack's header is not
/// needed.
///   auto q = dlpack_view<Eigen::bfloat16>(managed->dl_tensor);
///
/// Shapes   [seq, head_dim], [seq, heads, head_dim] or [batch, seq, heads, head_dim]; of a table
///          take dlpack_coefficients
/// Types    T: float, double, Eigen::half or Eigen::bfloat16, const or not, and so is the view's
/// Errors   std::invalid_argument: another dtype than T's, lanes, a device_type that is none of
///          CPU, host memory of CUDA or ROCm, and memory managed by CUDA; another rank, negative
///          sizes or strides, an innermost stride that is not 1, an address that is not aligned.
///          Strides of axes of one entry and of empty tensors are not read
/// Does not keep the tensor: its deleter is the caller's to call, after the last use of the view.
/// Does not take the memory of a device: cuda::apply takes a cuda::view of its pointer.
template <class T, class Tensor>
View<T> dlpack_view(const Tensor& tensor);

/// The same for the makers of tables, which take a tensor of rank 3 as a batch:
///   auto table = half_table(dlpack_coefficients<float>(cos), dlpack_coefficients<float>(sin));
///
/// Shapes   [seq, width], [batch, seq, width] or [batch, seq, heads, width]
template <class T, class Tensor>
View<T> dlpack_coefficients(const Tensor& tensor);

ROPEWALK_END_NAMESPACE

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_BEGIN_NESTED(detail)

template <class T, class = void>
inline constexpr bool is_dlpack = false;
template <class T>
inline constexpr bool is_dlpack<
    T, std::void_t<decltype(static_cast<void*>(std::declval<T&>().data)),
                   decltype(static_cast<Index>(std::declval<T&>().device.device_type)),
                   decltype(static_cast<Index>(std::declval<T&>().ndim)),
                   decltype(static_cast<Index>(std::declval<T&>().dtype.code)),
                   decltype(static_cast<Index>(std::declval<T&>().dtype.bits)),
                   decltype(static_cast<Index>(std::declval<T&>().dtype.lanes)),
                   decltype(static_cast<const std::int64_t*>(std::declval<T&>().shape)),
                   decltype(static_cast<const std::int64_t*>(std::declval<T&>().strides)),
                   decltype(static_cast<std::uint64_t>(std::declval<T&>().byte_offset))>> = true;

/// What is checked of a DLTensor, whatever its struct is called.
struct Dlpack {
  void* data;
  Index device_type, ndim, code, bits, lanes;
  const std::int64_t* shape;
  const std::int64_t* strides;
  std::uint64_t byte_offset;
};

inline Axes axes_of(const Place& place, const Dlpack& tensor) {
  Axes axes;
  axes.rank = tensor.ndim;
  check_rank(place, axes.rank);
  if (tensor.shape == nullptr) fail(place, "shape", "is null, must point to the sizes");
  Index entries = 1;
  for (Index i = 0; i < axes.rank; ++i) {
    axes.sizes[i] = tensor.shape[i];
    entries = saturating_product(entries, axes.sizes[i]);
  }
  // Where no step is taken a stride may be anything in DLPack.
  const bool has_strides = tensor.strides != nullptr && entries != 0;
  Index dense = 1;
  for (Index i = axes.rank; i-- > 0;) {
    axes.strides[i] = has_strides && axes.sizes[i] != 1 ? tensor.strides[i] : dense;
    dense = saturating_product(dense, axes.sizes[i]);
  }
  check_axes(place, axes);
  return axes;
}

inline void check_dtype(const Place& place, const Dlpack& tensor, Index code, Index bits) {
  if (tensor.code != code || tensor.bits != bits) {
    fail(place, "dtype",
         "is code %" PRId64 " of %" PRId64 " bits, must be code %" PRId64 " of %" PRId64
         " bits (%s)",
         tensor.code, tensor.bits, code, bits, code == 4 ? "kDLBfloat" : "kDLFloat");
  }
  check_equal(place, "dtype.lanes", tensor.lanes, 1);
}

inline void check_device(const Place& place, const Dlpack& tensor) {
  const Index type = tensor.device_type;
  if (type != 1 && type != 3 && type != 11 && type != 13) {
    fail(place, "device_type",
         "is %" PRId64
         ", must be 1 (CPU), 3 or 11 (host memory of CUDA or ROCm) or 13 (managed by "
         "CUDA)",
         type);
  }
}

/// Where the elements begin; null stays null.
inline void* checked_data(const Place& place, const Dlpack& tensor, Index bytes_each) {
  if (tensor.data == nullptr) return nullptr;
  const auto base = reinterpret_cast<std::uintptr_t>(tensor.data);
  std::uintptr_t address = 0;
  if (__builtin_add_overflow(base, tensor.byte_offset, &address)) {
    fail(place, "byte_offset", "is %" PRIu64 ", must lead to an address of 64 bits",
         tensor.byte_offset);
  }
  const auto alignment = static_cast<std::uintptr_t>(bytes_each);
  if (address % alignment != 0) {
    if (tensor.byte_offset % alignment == 0) {
      fail(place, "data", "is not aligned, must be an address that is a multiple of %" PRId64,
           bytes_each);
    }
    fail(place, "byte_offset",
         "is %" PRIu64 ", must lead to an address that is a multiple of %" PRId64,
         tensor.byte_offset, bytes_each);
  }
  return static_cast<char*>(tensor.data) + tensor.byte_offset;
}

/// Rank 3 has heads if `rank_with_heads` is 3, and a batch if it is 4.
template <class T, class Tensor>
View<T> view_of_dlpack(const char* function, const Tensor& tensor, Index rank_with_heads) {
  constexpr bool is_tensor = is_dlpack<const Tensor>;
  static_assert(is_tensor,
                "ropewalk: dlpack_view and dlpack_coefficients take a DLTensor (of a "
                "DLManagedTensor its dl_tensor, of a pointer what it points to) or a struct with "
                "its members");
  if constexpr (is_tensor) {
    using Scalar = typename View<T>::Scalar;
    constexpr Index code = std::is_same_v<Scalar, Eigen::bfloat16> ? 4 : 2;
    const Place place{function, "the tensor"};
    Dlpack fields;
    fields.data = tensor.data;
    fields.device_type = static_cast<Index>(tensor.device.device_type);
    fields.ndim = static_cast<Index>(tensor.ndim);
    fields.code = static_cast<Index>(tensor.dtype.code);
    fields.bits = static_cast<Index>(tensor.dtype.bits);
    fields.lanes = static_cast<Index>(tensor.dtype.lanes);
    fields.shape = tensor.shape;
    fields.strides = tensor.strides;
    fields.byte_offset = static_cast<std::uint64_t>(tensor.byte_offset);
    check_dtype(place, fields, code, 8 * Index{sizeof(T)});
    check_device(place, fields);
    const Axes axes = axes_of(place, fields);
    const Layout layout = layout_of(axes, axes.rank >= rank_with_heads);
    return {memory_as<T>(checked_data(place, fields, alignof(T))), layout.shape, layout.strides};
  } else {
    return {nullptr, Shape()};
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class T, class Tensor>
View<T> dlpack_view(const Tensor& tensor) {
  return detail::view_of_dlpack<T>("dlpack_view", tensor, 3);
}

template <class T, class Tensor>
View<T> dlpack_coefficients(const Tensor& tensor) {
  return detail::view_of_dlpack<T>("dlpack_coefficients", tensor, 4);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_STORAGE_HPP
