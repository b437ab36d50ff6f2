// The rows of the fused form for any compiler target: a plain loop.
#ifndef ROPEWALK_CPU_SCALAR_ROWS_HPP
#define ROPEWALK_CPU_SCALAR_ROWS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
namespace scalar {

/// One number whose arithmetic is in P.
template <class P>
struct Value {
  P value;
};

template <class P>
ROPEWALK_INLINE Value<P> product(const Value<P>& a, const Value<P>& b) {
  return {Product<P>{}(a.value, b.value)};
}

template <class P>
ROPEWALK_INLINE Value<P> sum(const Value<P>& a, const Value<P>& b) {
  return {Sum<P>{}(a.value, b.value)};
}

template <class P>
ROPEWALK_INLINE Value<P> difference(const Value<P>& a, const Value<P>& b) {
  return {Difference<P>{}(a.value, b.value)};
}

template <class P, class Tab>
ROPEWALK_INLINE Value<P> coefficient(const Lanes<Tab>& lanes, Index offset, Index i) {
  return {Coefficient<P>{lanes.negative}(lanes.data[offset + i * lanes.stride])};
}

template <class P, Pairing From, Pairing To, class Out, class X, class Tab>
void rotate_rows(const RowBatch<Out, X, Tab>& batch) {
  const PairLanes<Tab>& lanes = batch.lanes;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = batch.x + r * batch.x_stride;
    Out* out = batch.out + r * batch.out_stride;
    const Index offset = r * batch.lane_stride;
    for (Index i = 0; i < batch.pairs; ++i) {
      const Value<P> a{convert<P>(x[first_feature(From, i)])};
      const Value<P> b{convert<P>(x[second_feature(From, i, batch.pairs)])};
      const Value<P> first = rotated_first(a, b, coefficient<P>(lanes.cos_a, offset, i),
                                           coefficient<P>(lanes.sin_a, offset, i));
      const Value<P> second = rotated_second(a, b, coefficient<P>(lanes.cos_b, offset, i),
                                             coefficient<P>(lanes.sin_b, offset, i));
      out[first_feature(To, i)] = convert<Out>(first.value);
      out[second_feature(To, i, batch.pairs)] = convert<Out>(second.value);
    }
    copy_features(out + 2 * batch.pairs, x + 2 * batch.pairs, batch.rest);
  }
}

}  // namespace scalar
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CPU_SCALAR_ROWS_HPP
