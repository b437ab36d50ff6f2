// What the two readable forms share: token by token, row by row, and the Eigen maps of a row.
#ifndef ROPEWALK_FORMS_ROWS_HPP
#define ROPEWALK_FORMS_ROWS_HPP

#include <Eigen/Core>
#include <type_traits>

#include "ropewalk/base/caches.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/prefetch.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/forms/arrays.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {

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

/// Coefficients that lie one after the other, as they are.
struct PlainLanes {
  template <class P, class Tab>
  static auto read(const Lanes<Tab>& lanes, Index pairs) {
    return converted<P>(array_map<1>(lanes.data, pairs));
  }
};

/// Coefficients at any stride, of either sign.
struct AnyLanes {
  template <class P, class Tab>
  static auto read(const Lanes<Tab>& lanes, Index pairs) {
    return array_map<Eigen::Dynamic>(lanes.data, pairs, lanes.stride)
        .unaryExpr(Coefficient<P>{lanes.negative});
  }
};

template <class Tab>
bool are_plain(const PairLanes<Tab>& lanes) {
  const auto plain = [](const Lanes<Tab>& lane) { return lane.stride == 1 && !lane.negative; };
  return plain(lanes.cos_a) && plain(lanes.cos_b) && plain(lanes.sin_a) && plain(lanes.sin_b);
}

/// The operands of a row's pairs as arrays of P.
template <class P, Pairing Of, class LaneReader, class X, class Tab>
auto operands(const X* x, const PairLanes<Tab>& lanes, Index pairs) {
  struct Operands {
    decltype(converted<P>(first_features<read_pairing(Of)>(x, pairs))) a;
    decltype(converted<P>(second_features<read_pairing(Of)>(x, pairs))) b;
    decltype(LaneReader::template read<P>(lanes.cos_a, pairs)) cos_a, cos_b, sin_a, sin_b;
  };
  return Operands{converted<P>(first_features<read_pairing(Of)>(x, pairs)),
                  converted<P>(second_features<read_pairing(Of)>(x, pairs)),
                  LaneReader::template read<P>(lanes.cos_a, pairs),
                  LaneReader::template read<P>(lanes.cos_b, pairs),
                  LaneReader::template read<P>(lanes.sin_a, pairs),
                  LaneReader::template read<P>(lanes.sin_b, pairs)};
}

/// Rotates every row by Form::rotate and copies the features beyond the table's width.
template <class Form, class P, Pairing Of, class Device, class Out, class X, class Tab>
void for_each_row(const Device& device, const View<Out>& out, const View<const X>& x,
                  const TableView<Tab>& table) {
  const Index pairs = table.pairs();
  const Index rest = x.head_dim() - 2 * pairs;
  const Index features = x.heads() * x.head_dim();
  const Index bytes_read = features * static_cast<Index>(sizeof(X));
  const Index bytes_written = features * static_cast<Index>(sizeof(Out));
  const Index tokens = x.batch() * x.seq();
  const Index ahead = fits_second_cache(tokens * (bytes_read + bytes_written))
                          ? 0
                          : tokens_ahead(x.seq(), bytes_read, near_bytes);
  const auto rotate_tokens = [&](Index begin, Index end) {
    for (Index token = begin; token < end; ++token) {
      const Index b = token / x.seq();
      const Index s = token % x.seq();
      const bool fetches = ahead != 0 && s + ahead < x.seq() && token + ahead < end;
      for (Index h = 0; h < x.heads(); ++h) {
        Out* out_row = out.row(b, s, h);
        const X* x_row = x.row(b, s, h);
        const PairLanes<Tab> lanes = table.row(b, s, h);
        if (fetches) {
          fetch(x_row + ahead * x.strides().seq, x.head_dim());
          fetch(out_row + ahead * out.strides().seq, x.head_dim());
        }
        if (are_plain(lanes)) {
          Form::template rotate<P, Of, PlainLanes>(out_row, x_row, lanes, pairs);
        } else {
          Form::template rotate<P, Of, AnyLanes>(out_row, x_row, lanes, pairs);
        }
        array_map<1>(out_row + 2 * pairs, rest) =
            converted<Out>(array_map<1>(x_row + 2 * pairs, rest));
      }
    }
  };
  for_token_ranges(device, tokens, bytes_read, bytes_written, rotate_tokens);
}

/// A readable form: checks, then goes row by row.
template <class Form, class Device, class Out, class X, class Tab>
void apply_by_rows(const char* function, const Device& device, const View<Out>& out,
                   const View<const X>& x, const TableView<Tab>& table, const Options& options) {
  if (!check_arguments({function, "x", "out"}, out, x, table, InPlace::refused)) return;
  with_options<X, Tab>(options, [&](auto arithmetic, auto pairing) {
    for_each_row<Form, typename decltype(arithmetic)::type, decltype(pairing)::value>(device, out,
                                                                                      x, table);
  });
}

}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_FORMS_ROWS_HPP
