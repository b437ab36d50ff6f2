// The kernel for every view and table: a thread for each pair of features.
#ifndef ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
namespace gpu {

/// One tensor to rotate, with every stride and offset in 64 bits.
template <class P, class Out, class X, class Tab>
struct AnyJob {
  static constexpr bool is_small = false;
  Raw<Out>* out;
  const Raw<X>* x;
  Shape shape;
  Strides out_strides, x_strides;
  LaneReader<Tab> cos_a, cos_b, sin_a, sin_b;
  TableRows table;
  Index pairs;
  Pairing read, written;  // at run time: three times fewer kernels, and this is not the fast one

  /// Every axis goes round until it ends, so that none is too long for a grid.
  __device__ __forceinline__ void rotate(const Walk& walk) const {
    for (Index b = walk.b; b < shape.batch; b += walk.b_step) {
      for (Index s = walk.s; s < shape.seq; s += walk.s_step) {
        const TableRow token =
            row_of(table, static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(s));
        for (Index h = walk.head; h < shape.heads; h += walk.head_step) {
          const auto of_head = static_cast<std::uint64_t>(h) * table.heads_stride;
          rotate_row(out + b * out_strides.batch + s * out_strides.seq + h * out_strides.heads,
                     x + b * x_strides.batch + s * x_strides.seq + h * x_strides.heads,
                     {token.offset + of_head, token.is_there});
        }
      }
    }
  }

  /// Threads beyond the pairs copy the features there.
  __device__ __forceinline__ void rotate_row(Raw<Out>* out_row, const Raw<X>* x_row,
                                             const TableRow& row) const {
    const auto in_p = [](Raw<X> raw) { return Value<P>{in_carrier<Carrier<P>>(widened<X>(raw))}; };
    for (Index i = threadIdx.x; 2 * i < shape.head_dim; i += blockDim.x) {
      if (i >= pairs) {
        out_row[2 * i] = converted<Out, X>(x_row[2 * i]);
        out_row[2 * i + 1] = converted<Out, X>(x_row[2 * i + 1]);
        continue;
      }
      const Value<P> a = in_p(x_row[first_feature(read, i)]);
      const Value<P> b = in_p(x_row[second_feature(read, i, pairs)]);
      const auto first =
          rotated_first(a, b, coefficient<P>(cos_a, row, i), coefficient<P>(sin_a, row, i));
      const auto second =
          rotated_second(a, b, coefficient<P>(cos_b, row, i), coefficient<P>(sin_b, row, i));
      out_row[first_feature(written, i)] = narrowed<Out>(first.number);
      out_row[second_feature(written, i, pairs)] = narrowed<Out>(second.number);
    }
  }
};

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH
