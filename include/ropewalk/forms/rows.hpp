// What the two readable forms share: token by token, row by row, and the Eigen maps of a row.
#ifndef ROPEWALK_FORMS_ROWS_HPP
#define ROPEWALK_FORMS_ROWS_HPP

#include <type_traits>

#include "ropewalk/base/caches.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/forms/arrays.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// A stretch of memory as an Eigen array, one entry every `stride` elements.
template <int Stride, class T>
auto array_map(T* data, Index size, Index stride = Stride) {
  using Array = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>;
  using Plain = std::conditional_t<std::is_const_v<T>, const Array, Array>;
  return Eigen::Map<Plain, 0, Eigen::InnerStride<Stride>>(data, size,
                                                          Eigen::InnerStride<Stride>(stride));
}

/// The features of a row that come first in their pairs, and their partners; read or written `As`
/// interleaved or half.
template <Pairing As, class T>
auto first_features(T* row, Index pairs) {
  return array_map<feature_step(As)>(row + first_feature(As, 0), pairs);
}

template <Pairing As, class T>
auto second_features(T* row, Index pairs) {
  return array_map<feature_step(As)>(row + second_feature(As, 0, pairs), pairs);
}

/// One of the coefficients of every pair of a row.
template <class Arithmetic, class Tab>
auto coefficients(const CoefficientReader<Tab>& reader, Index pairs) {
  return array_map<Eigen::Dynamic>(reader.data, pairs, reader.stride)
      .unaryExpr(Coefficient<Arithmetic>{reader.negative});
}

/// Rotates every row by Form::rotate, token by token, and copies the features behind the pairs.
template <class Form, class Arithmetic, Pairing Of, class Device, class Out, class X, class Tab>
void for_each_row(const Device& device, const View<Out>& out, const View<const X>& x,
                  const TableView<Tab>& table) {
  const Index pairs = table.pairs();
  const Index rest = x.head_dim() - 2 * pairs;
  const Index features = x.heads() * x.head_dim();
  const TokenWork each{features, features * static_cast<Index>(sizeof(X)),
                       features * static_cast<Index>(sizeof(Out))};
  const Index tokens = x.batch() * x.seq();
  const Index distance = fits_near_caches(tokens * (each.bytes_read + each.bytes_written))
                             ? 0
                             : prefetch_tokens(x.seq(), each.bytes_read, prefetch_l1_bytes);
  for_token_ranges(device, tokens, each, [&](Index begin, Index end) {
    for (Index token = begin; token < end; ++token) {
      const Index b = token / x.seq();
      const Index s = token % x.seq();
      if (table.ids().leaves(b, s)) continue;
      const bool prefetches = distance != 0 && s + distance < x.seq() && token + distance < end;
      for (Index h = 0; h < x.heads(); ++h) {
        if (prefetches) {
          prefetch_l1(x.row(b, s + distance, h), x.head_dim());
          prefetch_l1(out.row(b, s + distance, h), x.head_dim());
        }
        Out* out_row = out.row(b, s, h);
        const X* x_row = x.row(b, s, h);
        Form::template rotate<Arithmetic, Of>(out_row, x_row, table.row(b, s, h), pairs);
        array_map<1>(out_row + 2 * pairs, rest) =
            converted<Out>(array_map<1>(x_row + 2 * pairs, rest));
      }
    }
  });
}

/// A readable form: checks, then goes row by row.
template <class Form, class Device, class Out, class X, class Tab, class How>
void apply_by_rows(const char* function, const Device& device, const View<Out>& out,
                   const View<const X>& x, const TableView<Tab>& table, const How& options) {
  if (!check_arguments({function, "x", "out"}, out, x, table, InPlace::refused)) return;
  with_options<X, Tab>(options, [&](auto arithmetic, auto pairing) {
    for_each_row<Form, typename decltype(arithmetic)::type, decltype(pairing)::value>(device, out,
                                                                                      x, table);
  });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_FORMS_ROWS_HPP
