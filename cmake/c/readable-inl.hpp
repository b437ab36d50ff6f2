// The definitions themselves, instantiated by one unit for each type of x.
#ifndef ROPEWALK_CMAKE_C_READABLE_INL_HPP
#define ROPEWALK_CMAKE_C_READABLE_INL_HPP

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

#include "readable.hpp"

namespace ropewalk_c {

/// The same ids one row after the other, as gather takes them.
inline std::vector<char> contiguous_ids(const ropewalk_table& table) {
  const auto id_bytes = static_cast<std::size_t>(table.id_bits / 8);
  const std::size_t row = id_bytes * static_cast<std::size_t>(table.id_shape[1]);
  std::vector<char> ids(row * static_cast<std::size_t>(table.id_shape[0]));
  const auto* from = static_cast<const char*>(table.ids);
  const std::size_t stride = id_bytes * static_cast<std::size_t>(table.id_batch_stride);
  for (std::size_t at = 0; at < ids.size(); at += row, from += stride) {
    std::memcpy(ids.data() + at, from, row);
  }
  return ids;
}

template <class Out, class X, class Tab>
void rotate_by(const ReadableCall& call, const rw::View<Out>& out, const rw::View<const X>& x,
               const rw::TableView<Tab>& table) {
  if (call.form == ROPEWALK_FORM_STRIDED) {
    detail::apply_by_rows<detail::StridedRow>(call.function, call.device, out, x, table,
                                              call.options);
  } else {
    detail::apply_by_rows<detail::StackFlattenRow>(call.function, call.device, out, x, table,
                                                   call.options);
  }
}

template <class X>
void Readable<X>::rotate(const ReadableCall& call, const ropewalk_tensor& out,
                         const ropewalk_tensor& x, const ropewalk_table& table) {
  ropewalk_table contiguous = table;
  std::vector<char> ids;
  if (table.id_bits != 0 && table.id_shape[0] > 1) {
    ids = contiguous_ids(table);
    contiguous.ids = ids.data();
  }
  with_table({call.function, "the table"}, contiguous, [&](const auto& view) {
    using Promoted = rw::Promoted<X, typename std::decay_t<decltype(view)>::Scalar>;
    const auto from = view_of<const X>(x);
    if constexpr (!std::is_same_v<X, Promoted>) {
      if (out.dtype == dtype_of<Promoted>()) {
        return rotate_by(call, view_of<Promoted>(out), from, view);
      }
    }
    rotate_by(call, view_of<X>(out), from, view);
  });
}

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_READABLE_INL_HPP
