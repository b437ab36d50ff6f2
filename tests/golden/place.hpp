// Where x and the table of a golden case lie, as views of the library.
#ifndef ROPEWALK_TESTS_GOLDEN_PLACE_HPP
#define ROPEWALK_TESTS_GOLDEN_PLACE_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "pack.hpp"
#include "ropewalk/ropewalk.hpp"
#include "rule.hpp"

namespace ropewalk_test {

/// The block that turns: every size and stride comes from the keys.
struct Place {
  ropewalk::Shape shape;
  ropewalk::Strides strides;
  Index offset = 0;             // of the first feature of the block
  ropewalk::Shape table_shape;  // head_dim: the width of a row
  ropewalk::Strides table_strides;
};

/// The member for a letter of a layout.
template <class Sizes>
Index& along(Sizes& sizes, char axis) {
  if (axis == 'B') return sizes.batch;
  return axis == 'S' ? sizes.seq : sizes.heads;
}

inline Place place_of(const Rule& rule, const Tensor& x, const TableRule& table) {
  check_shapes(rule, x, table);
  Place place;
  const Index features = x.shape.back();
  place.offset = rule.rotary_offset;
  place.table_shape.head_dim = table.width;
  // What follows the block goes along where the library can take it, otherwise the block alone.
  place.shape.head_dim = features - place.offset;
  if (place.shape.head_dim % 2 != 0) place.shape.head_dim = rule.rotary_dim;
  Index stride = features;
  for (std::size_t axis = rule.layout.size() - 1; axis-- > 0;) {
    const char letter = rule.layout[axis];
    const AxisWalk walk = walk_along(rule, letter, x.shape[axis]);
    place.offset += walk.first * stride;
    along(place.shape, letter) = walk.count;
    along(place.strides, letter) = stride;
    along(place.table_shape, letter) = letter == 'S' ? walk.count : walk.table_extent;
    along(place.table_strides, letter) =
        walk.table_extent == 1 ? 0 : walk.table_stride * table.width;
    stride *= x.shape[axis];
  }
  return place;
}

inline ropewalk::Pairing library_pairing(Pairing pairing) {
  return pairing == Pairing::half ? ropewalk::Pairing::half : ropewalk::Pairing::interleaved;
}

/// The table by the library's maker for its layout; by its four entries where none has it. Of
/// memory of any device.
template <class Tab>
ropewalk::TableView<Tab> table_view(const Rule& rule, const TableRule& table, const Place& place,
                                    const Tab* cos_values, const Tab* sin_values) {
  using Source = ropewalk::View<const Tab>;
  const Source cos(cos_values, place.table_shape, place.table_strides);
  const Source sin(sin_values, place.table_shape, place.table_strides);
  const TableKind kind = rule.table_kind;
  if (kind == TableKind::half) return ropewalk::half_table(cos, sin);
  if (kind == TableKind::full_lane) {
    return ropewalk::per_feature_table(cos, sin, library_pairing(rule.table_pairing));
  }
  if (kind == TableKind::even_odd) return ropewalk::even_odd_table(cos, sin);
  if (kind == TableKind::first_half) return ropewalk::duplicated_table(cos, sin);
  if (kind == TableKind::packed_sin_cos) return ropewalk::packed_sin_cos_table(cos);
  if (kind == TableKind::complex) return ropewalk::complex_table(cos);
  if (rule.packed_lanes == TableKind::even_odd) return ropewalk::packed_table(cos);
  const auto entry = [](const Tab* values, const Entries& at) {
    return ropewalk::CoefficientReader<Tab>{values + at.first, at.step};
  };
  const ropewalk::PairReaders<Tab> entries{
      entry(cos_values, table.entries.cos_a), entry(cos_values, table.entries.cos_b),
      entry(sin_values, table.entries.sin_a), entry(sin_values, table.entries.sin_b)};
  const ropewalk::Shape& shape = place.table_shape;
  const ropewalk::Strides& strides = place.table_strides;
  return {entries,
          {shape.batch, shape.seq, shape.heads, rule.pairs()},
          strides.batch,
          strides.seq,
          strides.heads};
}

template <class Tab>
ropewalk::TableView<Tab> table_view(const Rule& rule, const TableRule& table, const Place& place,
                                    const std::vector<Tab>& cos_values,
                                    const std::vector<Tab>& sin_values) {
  return table_view(rule, table, place, cos_values.data(), sin_values.data());
}

/// The values of a table's tensor as T, rounded to `table_cast` on the way.
template <class T>
std::vector<T> table_values(const Rule& rule, const Tensor& tensor) {
  const Dtype stored = dtype_named(tensor.dtype);
  const Dtype between = rule.table_cast.value_or(stored);
  std::vector<T> values;
  for (const Bits bits : tensor.patterns()) {
    values.push_back(from_bits<T>(convert(between, dtype_of<T>(), convert(stored, between, bits))));
  }
  return values;
}

/// x as Out with nothing turned, and a mark wherever the library must write.
template <class Out>
std::vector<Out> prepared(const Tensor& x, const Place& place) {
  const Dtype from = dtype_named(x.dtype);
  std::vector<Out> out;
  for (const Bits bits : x.patterns()) {
    out.push_back(
        from_bits<Out>(from == dtype_of<Out>() ? bits : convert(from, dtype_of<Out>(), bits)));
  }
  const ropewalk::View<Out> block(out.data() + place.offset, place.shape, place.strides);
  for (Index b = 0; b < block.batch(); ++b) {
    for (Index s = 0; s < block.seq(); ++s) {
      for (Index h = 0; h < block.heads(); ++h) {
        std::fill_n(block.row(b, s, h), block.head_dim(), from_bits<Out>(0x5a5a5a5a5a5a5a5a));
      }
    }
  }
  return out;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_PLACE_HPP
