// The structs of the C boundary, made of the headers' types.
#ifndef ROPEWALK_TESTS_C_BOUNDARY_HPP
#define ROPEWALK_TESTS_C_BOUNDARY_HPP

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

#include "ropewalk/ropewalk.h"
#include "ropewalk/view.hpp"
#include "support/reference.hpp"

namespace ropewalk_test {

template <class T>
constexpr std::int32_t number_of() {
  switch (dtype_of<T>()) {
    case Dtype::f64:
      return ROPEWALK_DTYPE_F64;
    case Dtype::f16:
      return ROPEWALK_DTYPE_F16;
    case Dtype::bf16:
      return ROPEWALK_DTYPE_BF16;
    case Dtype::f32:
    default:
      return ROPEWALK_DTYPE_F32;
  }
}

template <class T>
ropewalk_tensor tensor_of(const ropewalk::View<T>& view) {
  using Scalar = std::remove_const_t<T>;
  return {const_cast<Scalar*>(view.data()),
          number_of<Scalar>(),
          0,
          {view.batch(), view.seq(), view.heads(), view.head_dim()},
          {view.strides().batch, view.strides().seq, view.strides().heads}};
}

constexpr ropewalk_table empty_table() {
  ropewalk_table table{};
  table.struct_size = sizeof(table);
  return table;
}

inline void expect_ok(std::int32_t status) {
  EXPECT_EQ(status, ROPEWALK_OK) << ropewalk_last_error();
}

/// Ranges of one token each, the last one first.
inline void token_by_token(void*, std::int64_t count, std::int64_t,
                           void (*task)(void*, std::int64_t, std::int64_t), void* context) {
  while (count-- > 0) task(context, count, count + 1);
}

inline constexpr ropewalk_threads threads = {token_by_token, nullptr};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_C_BOUNDARY_HPP
