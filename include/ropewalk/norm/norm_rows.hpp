// What a kernel is given of a norm, and the kernel for any compiler target.
#ifndef ROPEWALK_NORM_NORM_ROWS_HPP
#define ROPEWALK_NORM_NORM_ROWS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/norm/normalised.hpp"
#include "ropewalk/norm/torch_sum.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

/// How the rows of a tensor are normalised. The type of x and that of the weight are the kernel's.
struct NormRows {
  const void* weight;  ///< null: none
  Index features;      ///< of a row
  Index row_bytes;
  float eps;
  NormFinish finish;
  bool over_token;  ///< all rows of a batch together
  RowKernel normalise;
  RowKernel rotate;
};

/// What the types of x and the weight ask for.
struct NormKernels {
  RowKernel normalise;
  RowKernel turn_interleaved, turn_half;            ///< normalise and turn; null: none
  bool (*turns)(const NormRows& norm, Index size);  ///< whether these can; size: of the weight
};

}  // namespace detail
ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// Rows that have been normalised, to be rotated where they are.
inline RowBatch normalised_rows(const RowBatch& rows) {
  RowBatch turned = rows;
  turned.x = rows.out;
  turned.layout.x_stride = rows.layout.out_stride;
  turned.layout.rest = 0;
  turned.prefetch.x_l1 = turned.prefetch.out_l1 = 0;
  // It is as far from x; and where a token is one part, its norm has asked for all of it.
  if (rows.x != rows.out || rows.layout.norm->over_token) turned.prefetch.x_l2 = 0;
  return turned;
}

namespace scalar {

template <class X, class W>
void normalise_rows(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  const auto* weight = static_cast<const W*>(norm.weight);
  const Index together = norm.over_token ? batch.rows : 1;
  Normalised<X> normalised{{}, 0, norm.finish};
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = moved(static_cast<const X*>(batch.x), r * batch.layout.x_stride);
    X* out = moved(static_cast<X*>(batch.out), r * batch.layout.out_stride);
    if (r % together == 0) {
      normalised.reciprocal =
          reciprocal_rms(torch_sum_of_squares(x, together, batch.layout.x_stride, norm.features),
                         together * norm.features, norm.eps);
    }
    const W* of_row = weight == nullptr || !norm.over_token ? weight : weight + r * norm.features;
    for (Index i = 0; i < norm.features; ++i) {
      out[i] = normalised(x[i], of_row == nullptr ? 1.0f : widen(of_row[i]));
    }
  }
}

}  // namespace scalar
ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_NORM_ROWS_HPP
