// MLAS' rotary embedding of one row by Ropewalk, with the signature that its callers know.
#ifndef ADAPTERS_MLAS_HPP
#define ADAPTERS_MLAS_HPP

#include <cstddef>
#include <cstdint>
#include <ropewalk/ropewalk.hpp>
#include <type_traits>

namespace adapters::mlas {

namespace rw = ropewalk;

/// In an engine this is MLAS_FP16.
struct Fp16 {
  std::uint16_t val;
};

namespace detail {

/// The same memory as what the library reads: float, or half.
template <class T>
auto numbers(T* data) {
  if constexpr (std::is_same_v<std::remove_const_t<T>, Fp16>) {
    using Bits = std::conditional_t<std::is_const_v<T>, const std::uint16_t, std::uint16_t>;
    return rw::as_half(reinterpret_cast<Bits*>(data));
  } else {
    return data;
  }
}

/// A row of so many numbers.
template <class T>
auto row(T* data, std::size_t size) {
  return rw::View(numbers(data), {1, 1, 1, size});
}

/// In float and rounded once, as MLAS has it; by default each product of halves would be rounded.
template <rw::Pairing Of>
inline constexpr rw::FixedOptions<Of, rw::Compute::wide> options{};

}  // namespace detail

/// Rotates one row of one head.
///
/// Shapes   input, output [dim]; sin, cos [dim / 2]. Features of the head from dim on are the
///          caller's to copy, as in MLAS
/// Pairs    interleaved: features 2i and 2i + 1; else i and i + dim / 2
/// Alias    output may be input; any other overlap is an error
/// Types    T: float, Fp16
/// Errors   std::invalid_argument before anything is written: odd dim, null data, overlap
/// Bits     float: both products and their sum are rounded, each by itself, on every machine. MLAS'
///          kernels fuse one product into the sum where the machine can
/// Allocates nothing.
template <class T>
void MlasRotaryEmbedOneRow(const T* input, const T* sin, const T* cos, std::size_t dim,
                           bool interleaved, T* output) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, Fp16>);
  const auto table = rw::half_table(detail::row(cos, dim / 2), detail::row(sin, dim / 2));
  const auto x = detail::row(input, dim);
  const auto out = detail::row(output, dim);
  if (interleaved) {
    rw::apply(rw::serial, out, x, table, detail::options<rw::Pairing::interleaved>);
  } else {
    rw::apply(rw::serial, out, x, table, detail::options<rw::Pairing::half>);
  }
}

}  // namespace adapters::mlas

#endif  // ADAPTERS_MLAS_HPP
