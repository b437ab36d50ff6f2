// What the two readable forms share: token by token, row by row, and the Eigen maps of a row.
#ifndef ROPEWALK_DETAIL_ROWS_HPP
#define ROPEWALK_DETAIL_ROWS_HPP

#include <Eigen/Core>
#include <type_traits>

#include "ropewalk/config.hpp"
#include "ropewalk/detail/pair.hpp"
#include "ropewalk/detail/shard.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

/// A stretch of a row as an Eigen array, one entry every `stride` elements.
template <int Stride, class T>
auto array_map(T* data, Index size, Index stride = Stride) {
  using Array = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>;
  using Plain = std::conditional_t<std::is_const_v<T>, const Array, Array>;
  return Eigen::Map<Plain, 0, Eigen::InnerStride<Stride>>(data, size,
                                                          Eigen::InnerStride<Stride>(stride));
}

/// One of a row's coefficients as an array of P.
template <class P, int Stride, class Tab>
auto lane_array(const Lanes<Tab>& lanes, Index pairs) {
  return converted<P>(array_map<Stride>(lanes.data, pairs, lanes.stride));
}

template <class Tab>
bool contiguous(const PairLanes<Tab>& lanes) {
  return lanes.cos_a.stride == 1 && lanes.cos_b.stride == 1 && lanes.sin_a.stride == 1 &&
         lanes.sin_b.stride == 1;
}

/// Calls RowForm::rotate<lane stride>(out row, x row, lanes, pairs) for every row and copies the
/// features beyond the table's width.
template <class RowForm, class Device, class Out, class X, class Tab>
void for_each_row(const Device& device, const View<Out>& out, const View<const X>& x,
                  const TableView<Tab>& table) {
  const Index pairs = table.pairs();
  const Index rest = x.head_dim() - 2 * pairs;
  const Index features = x.heads() * x.head_dim();
  const auto rotate_tokens = [&](Index begin, Index end) {
    for (Index token = begin; token < end; ++token) {
      const Index b = token / x.seq();
      const Index s = token % x.seq();
      for (Index h = 0; h < x.heads(); ++h) {
        Out* out_row = out.row(b, s, h);
        const X* x_row = x.row(b, s, h);
        const PairLanes<Tab> lanes = table.row(b, s, h);
        if (contiguous(lanes)) {
          RowForm::template rotate<1>(out_row, x_row, lanes, pairs);
        } else {
          RowForm::template rotate<Eigen::Dynamic>(out_row, x_row, lanes, pairs);
        }
        array_map<1>(out_row + 2 * pairs, rest) =
            converted<Out>(array_map<1>(x_row + 2 * pairs, rest));
      }
    }
  };
  for_token_ranges(device, x.batch() * x.seq(), features * static_cast<Index>(sizeof(X)),
                   features * static_cast<Index>(sizeof(Out)), rotate_tokens);
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_DETAIL_ROWS_HPP
