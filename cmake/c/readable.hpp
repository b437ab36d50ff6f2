// The two definitions, for an x of one type and all that goes with it.
#ifndef ROPEWALK_CMAKE_C_READABLE_HPP
#define ROPEWALK_CMAKE_C_READABLE_HPP

#include <cstdint>

#include "arguments.hpp"

namespace ropewalk_c {

struct ReadableCall {
  const char* function;
  std::int32_t form;
  const Device& device;
  rw::Options options;
};

template <class X>
struct Readable {
  /// Of arguments that have been checked.
  static void rotate(const ReadableCall& call, const ropewalk_tensor& out, const ropewalk_tensor& x,
                     const ropewalk_table& table);
};

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_READABLE_HPP
