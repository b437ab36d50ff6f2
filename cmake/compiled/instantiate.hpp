// Instantiates what cpu/compiled.hpp declares, in a unit that has the kernels themselves.
#ifndef ROPEWALK_CMAKE_COMPILED_INSTANTIATE_HPP
#define ROPEWALK_CMAKE_COMPILED_INSTANTIATE_HPP

#include <Eigen/Core>

#include "ropewalk/cpu/compiled.hpp"
#include "ropewalk/cpu/kernels.hpp"
#include "without_flags.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

template <class Arithmetic, Pairing Of, class Out, class X>
RowKernel compiled::Rows<Arithmetic, Of, Out, X>::kernel(Isa isa) {
  return row_kernel<Arithmetic, Of, Out, X>(isa);
}

template <class C, class Tab>
WidenEntries compiled::Entries<C, Tab>::kernel(Isa isa) {
  return entries_kernel<C, Tab>(isa);
}

}  // namespace detail
ROPEWALK_END_TYPES

#define ROPEWALK_COMPILE_ROWS(arithmetic, out, x)                                                \
  template struct ropewalk::detail::compiled::Rows<arithmetic, ropewalk::Pairing::interleaved,   \
                                                   out, x>;                                      \
  template struct ropewalk::detail::compiled::Rows<arithmetic, ropewalk::Pairing::half, out, x>; \
  template struct ropewalk::detail::compiled::Rows<                                              \
      arithmetic, ropewalk::Pairing::interleaved_to_half, out, x>;
#define ROPEWALK_COMPILE_ENTRIES(c, tab) \
  template struct ropewalk::detail::compiled::Entries<c, tab>;

#endif  // ROPEWALK_CMAKE_COMPILED_INSTANTIATE_HPP
