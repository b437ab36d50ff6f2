// The definition of a norm before the rotation: row by row over Eigen expressions.
#ifndef ROPEWALK_NORM_NORMED_ROWS_HPP
#define ROPEWALK_NORM_NORMED_ROWS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/job.hpp"  // for stride_in_bytes
#include "ropewalk/forms/arrays.hpp"
#include "ropewalk/forms/rows.hpp"
#include "ropewalk/forms/strided.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/norm/normalised.hpp"
#include "ropewalk/norm/torch_sum.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// A row of x as it turns.
template <class X, class W>
struct NormedRow {
  const X* x;
  const W* weight;  // null: ones; one_plus_weight has one
  Normalised<X> normalised;

  X operator[](Index i) const {
    return normalised(x[i], weight == nullptr ? 1.0f : widen(weight[i]));
  }

  /// Every `step`th feature in a type, as an Eigen expression.
  template <class To>
  auto features(Index first, Index step, Index count) const {
    return Eigen::Array<To, Eigen::Dynamic, 1>::NullaryExpr(
        count, [this, first, step](Index i) { return convert<To>((*this)[first + i * step]); });
  }
};

/// 1 / rms of the features of head h, or of all heads of a token from h = 0 on.
template <class X, class W>
float reciprocal_rms_of(const RmsNorm<W>& norm, const View<const X>& x, Index b, Index s, Index h) {
  const Index heads = norm.over == NormOver::head ? 1 : x.heads();
  const Index stride = stride_in_bytes(heads, x.strides().heads, Index{sizeof(X)});
  const float sum = torch_sum_of_squares(x.row(b, s, h), heads, stride, x.head_dim());
  return reciprocal_rms(sum, heads * x.head_dim(), static_cast<float>(norm.eps));
}

/// out[0::2] = ..., out[1::2] = ... of every row, normalised first; see apply_strided.
template <class Arithmetic, Pairing Of, class Device, class X, class W, class Tab>
void turn_normed_rows(const Device& device, const View<X>& out, const View<const X>& x,
                      const RmsNorm<W>& norm, const TableView<Tab>& table) {
  constexpr Pairing from = read_pairing(Of);
  const Index pairs = table.pairs(), rest = x.head_dim() - 2 * pairs;
  const Index bytes = x.heads() * x.head_dim() * static_cast<Index>(sizeof(X));
  const TokenWork each{x.heads() * x.head_dim(), bytes, bytes};
  for_token_ranges(device, x.batch() * x.seq(), each, [&](Index begin, Index end) {
    for (Index token = begin; token < end; ++token) {
      const Index b = token / x.seq(), s = token % x.seq();
      if (table.ids().leaves(b, s)) continue;
      float reciprocal = 0;
      for (Index h = 0; h < x.heads(); ++h) {
        const bool first_of_its = norm.over == NormOver::head || h == 0;
        if (first_of_its) reciprocal = reciprocal_rms_of(norm, x, b, s, h);
        const Index weights = norm.over == NormOver::head ? 0 : h * x.head_dim();
        const W* weight = norm.weight == nullptr ? nullptr : norm.weight + weights;
        const NormedRow<X, W> row{x.row(b, s, h), weight, {{}, reciprocal, norm.finish}};
        X* out_row = out.row(b, s, h);
        const auto turned = [&](Index first) {
          return row.template features<Arithmetic>(first, feature_step(from), pairs);
        };
        StridedRow::assign<Arithmetic, Of>(out_row, turned(first_feature(from, 0)),
                                           turned(second_feature(from, 0, pairs)),
                                           table.row(b, s, h), pairs);
        array_map<1>(out_row + 2 * pairs, rest) = row.template features<X>(2 * pairs, 1, rest);
      }
    }
  });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_NORMED_ROWS_HPP
