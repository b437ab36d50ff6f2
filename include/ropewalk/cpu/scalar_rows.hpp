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

ROPEWALK_BEGIN_NESTED(detail)

namespace scalar {

/// One number whose arithmetic is in Arithmetic.
template <class Arithmetic>
struct Value {
  Arithmetic value;
};

template <class Arithmetic>
ROPEWALK_INLINE Value<Arithmetic> product(const Value<Arithmetic>& a, const Value<Arithmetic>& b) {
  return {Product<Arithmetic>{}(a.value, b.value)};
}

template <class Arithmetic>
ROPEWALK_INLINE Value<Arithmetic> sum(const Value<Arithmetic>& a, const Value<Arithmetic>& b) {
  return {Sum<Arithmetic>{}(a.value, b.value)};
}

template <class Arithmetic>
ROPEWALK_INLINE Value<Arithmetic> difference(const Value<Arithmetic>& a,
                                             const Value<Arithmetic>& b) {
  return {Difference<Arithmetic>{}(a.value, b.value)};
}

template <class Arithmetic, Pairing From, Pairing To, class Out, class X, class Tab>
void rotate_rows(const RowBatch<Out, X, Tab>& batch) {
  const PairReaders<Tab>& readers = batch.readers;
  const Index pairs = batch.layout.pairs;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = batch.x + r * batch.layout.x_stride;
    Out* out = batch.out + r * batch.layout.out_stride;
    const Index offset = r * batch.layout.table_stride;
    const auto coefficient = [offset](const CoefficientReader<Tab>& reader, Index i) {
      const Coefficient<Arithmetic> of{reader.negative};
      return Value<Arithmetic>{of(reader.data[offset + i * reader.stride])};
    };
    for (Index i = 0; i < pairs; ++i) {
      const Value<Arithmetic> a{convert<Arithmetic>(x[first_feature(From, i)])};
      const Value<Arithmetic> b{convert<Arithmetic>(x[second_feature(From, i, pairs)])};
      const Value<Arithmetic> first =
          rotated_first(a, b, coefficient(readers.cos_a, i), coefficient(readers.sin_a, i));
      const Value<Arithmetic> second =
          rotated_second(a, b, coefficient(readers.cos_b, i), coefficient(readers.sin_b, i));
      out[first_feature(To, i)] = convert<Out>(first.value);
      out[second_feature(To, i, pairs)] = convert<Out>(second.value);
    }
    copy_features(out + 2 * pairs, x + 2 * pairs, batch.layout.rest);
  }
}

}  // namespace scalar

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_SCALAR_ROWS_HPP
