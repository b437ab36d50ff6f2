// The rows of the fused form for any compiler target: a plain loop.
#ifndef ROPEWALK_CPU_SCALAR_ROWS_HPP
#define ROPEWALK_CPU_SCALAR_ROWS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cpu/row_batch.hpp"

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

template <class C, class Tab>
void widen_entries(const RawReader& from, Index pairs, void* to) {
  const Tab* entries = static_cast<const Tab*>(from.data);
  for (Index i = 0; i < pairs; ++i) {
    const C value = static_cast<C>(widen(entries[i * from.stride]));
    static_cast<C*>(to)[i] = with_sign(value, from.negative);
  }
}

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
void rotate_rows(const RowBatch& batch) {
  using C = Carrier<Arithmetic>;
  const RowLayout& layout = batch.layout;
  const Index pairs = layout.pairs;
  const auto coefficient = [](C entry) { return Value<Arithmetic>{convert<Arithmetic>(entry)}; };
  WidenedScratch<C> scratch;
  for (Index first = 0; first == 0 || first < pairs; first += most_pairs) {
    const RowPart part = row_part(layout, first);
    WidenedRow<C> row = widened_row(batch, 0, first, part.pairs, scratch);
    for (Index r = 0; r < batch.rows; ++r) {
      if (r > 0 && layout.table_stride != 0) {
        row = widened_row(batch, r, first, part.pairs, scratch);
      }
      const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
      Out* out = moved(static_cast<Out*>(batch.out), r * layout.out_stride);
      for (Index j = 0; j < part.pairs; ++j) {
        const Index i = first + j;
        const Value<Arithmetic> a{convert<Arithmetic>(x[first_feature(From, i)])};
        const Value<Arithmetic> b{convert<Arithmetic>(x[second_feature(From, i, pairs)])};
        const Value<Arithmetic> to_a =
            rotated_first(a, b, coefficient(row.cos_a[j]), coefficient(row.sin_a[j]));
        const Value<Arithmetic> to_b =
            rotated_second(a, b, coefficient(row.cos_b[j]), coefficient(row.sin_b[j]));
        out[first_feature(To, i)] = convert<Out>(to_a.value);
        out[second_feature(To, i, pairs)] = convert<Out>(to_b.value);
      }
      copy_features(out + 2 * pairs, x + 2 * pairs, part.rest);
    }
  }
}

}  // namespace scalar
ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_SCALAR_ROWS_HPP
