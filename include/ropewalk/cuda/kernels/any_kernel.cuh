// The kernel for every view and table: a thread for each pair of features.
#ifndef ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH
#define ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH

#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/walk.cuh"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor to rotate, with every stride and offset in 64 bits.
template <class ArithmeticType, class OutType, class XType, class TabType>
struct AnyRows {
  using Arithmetic = ArithmeticType;
  using Out = OutType;
  using X = XType;
  using Tab = TabType;
  static constexpr bool has_slots = false;
  static constexpr int least_blocks = 0;  // see JobList

  Raw<Out>* out = nullptr;
  const Raw<X>* x = nullptr;
  Shape shape;
  Strides out_strides, x_strides;
  RawReader<Tab> cos_a, cos_b, sin_a, sin_b;
  TableRows table;
  Index pairs = 0;
  // At run time: three times fewer kernels, and this is not the fast one.
  Pairing read = Pairing::interleaved, written = Pairing::interleaved;

  __device__ __forceinline__ const Raw<X>* x_row(Index b, Index s, Index h) const {
    return x + b * x_strides.batch + s * x_strides.seq + h * x_strides.heads;
  }
  __device__ __forceinline__ Raw<Out>* out_row(Index b, Index s, Index h) const {
    return out + b * out_strides.batch + s * out_strides.seq + h * out_strides.heads;
  }
};

/// A thread for each pair of a row's features.
template <class Rows>
struct AnyJob : Rows {
  using Arithmetic = typename Rows::Arithmetic;
  using X = typename Rows::X;
  using Out = typename Rows::Out;

  /// Every axis goes round until it ends, so that none is too long for a grid.
  __device__ __forceinline__ void run(const JobBlocks& blocks, bool batch_first) const {
    const Walk walk = walk_of_thread(blocks, batch_first);
    for (Index b = walk.b; b < this->shape.batch; b += walk.b_step) {
      for (Index s = walk.s; s < this->shape.seq; s += walk.s_step) {
        if (leaves(this->table, static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(s)))
          continue;
        const TableRow token =
            row_of(this->table, static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(s));
        for (Index h = walk.head; h < this->shape.heads; h += walk.head_step) {
          Raw<Out>* out_row = this->out_row(b, s, h);
          if (Rows::has_slots && out_row == nullptr) continue;
          const auto of_head = static_cast<std::uint64_t>(h) * this->table.heads_stride;
          run_row(out_row, this->x_row(b, s, h), {token.offset + of_head, token.is_there});
        }
      }
    }
  }

  /// Threads beyond the pairs copy the features there. x_row[i]: feature i.
  template <class Features>
  __device__ __forceinline__ void run_row(Raw<Out>* out_row, const Features& x_row,
                                          const TableRow& row) const {
    const auto value_of = [](Raw<X> raw) {
      return Value<Arithmetic>{in_carrier<Carrier<Arithmetic>>(widened<X>(raw))};
    };
    for (Index i = threadIdx.x; 2 * i < this->shape.head_dim; i += blockDim.x) {
      if (i >= this->pairs) {
        out_row[2 * i] = converted<Out, X>(x_row[2 * i]);
        out_row[2 * i + 1] = converted<Out, X>(x_row[2 * i + 1]);
        continue;
      }
      const Value<Arithmetic> a = value_of(x_row[first_feature(this->read, i)]);
      const Value<Arithmetic> b = value_of(x_row[second_feature(this->read, i, this->pairs)]);
      const auto first = rotated_first(a, b, coefficient<Arithmetic>(this->cos_a, row, i),
                                       coefficient<Arithmetic>(this->sin_a, row, i));
      const auto second = rotated_second(a, b, coefficient<Arithmetic>(this->cos_b, row, i),
                                         coefficient<Arithmetic>(this->sin_b, row, i));
      out_row[first_feature(this->written, i)] = narrowed<Out>(first.number);
      out_row[second_feature(this->written, i, this->pairs)] = narrowed<Out>(second.number);
    }
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_KERNELS_ANY_KERNEL_CUH
