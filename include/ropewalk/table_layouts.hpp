// The layouts in which models hand over cos and sin, each read in place.
#ifndef ROPEWALK_TABLE_LAYOUTS_HPP
#define ROPEWALK_TABLE_LAYOUTS_HPP

#include <cinttypes>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

// Every maker takes row-major Eigen tensors or maps, or mdspans, [seq, width], [batch, seq, width]
// or [batch, seq, heads, width], or a View of any strides whose head_dim is the width
// (bfloat16_view of 16-bit storage, dlpack_coefficients), or what has an as_view of its own that
// gives one. A maker's name is that of the layout, not of the pairing, which the options of a call
// say. It throws std::invalid_argument where a width does not fit the layout or two shapes differ;
// data is checked by the function that reads the table, which is valid as long as the tensors'
// memory is.

ROPEWALK_BEGIN_NESTED(detail)

/// Asserts what it returns, as do those of entry_types.hpp.
template <class Map>
constexpr bool takes_source_layout() {
  constexpr int rank = rank_of<Map>();
  constexpr bool is_ranked = rank == unknown_rank || (rank >= 2 && rank <= 4);
  static_assert(is_ranked,
                "ropewalk: a table must be [seq, .], [batch, seq, .] or [batch, seq, heads, .]");
  static_assert(!is_ranked || is_row_major<Map>,
                "ropewalk: a table must be row-major (Eigen::RowMajor)");
  return is_ranked && is_row_major<Map>;
}

template <class Map>
auto source_element() {
  if constexpr (is_dense_tensor<const Map>) {
    return TypeTag<std::remove_const_t<typename Map::Scalar>>{};
  } else {
    return TypeTag<std::remove_const_t<ViewElement<const Map>>>{};
  }
}

template <class Map>
using SourceScalar = typename decltype(source_element<Map>())::type;

template <class Map>
constexpr bool takes_source() {
  constexpr bool is_dense = is_dense_tensor<const Map>;
  constexpr bool is_source = is_dense || has_view<const Map>;
  static_assert(is_source,
                "ropewalk: a table is made of a View, a row-major Eigen TensorMap or Tensor, or a "
                "type with an as_view of its own; of a std::vector or a pointer pass "
                "View(data, shape)");
  if constexpr (is_source) {
    using Scalar = SourceScalar<Map>;
    // A View that is none has asserted the same where it was made.
    constexpr bool is_view =
        std::is_same_v<Map, View<Scalar>> || std::is_same_v<Map, View<const Scalar>>;
    static_assert(is_dtype<Scalar> || is_view,
                  "ropewalk: the scalar of a table must be float, double, half or bfloat16");
    constexpr bool has_members = is_dense || has_view_of_members<const Map>;
    if constexpr (has_members && is_dtype<Scalar>) return takes_source_layout<Map>();
    return is_dtype<Scalar>;
  } else {
    return false;
  }
}

template <class Cos, class Sin>
constexpr bool takes_sources() {
  if constexpr (takes_source<Cos>()) {
    if constexpr (takes_source<Sin>()) {
      constexpr bool are_one = std::is_same_v<SourceScalar<Cos>, SourceScalar<Sin>>;
      static_assert(are_one, "ropewalk: cos and sin must have one scalar type");
      return are_one;
    }
  }
  return false;
}

/// What a maker returns that has asserted: what follows in the caller's code has no errors.
inline TableView<float> no_table() { return {{}, {}, 0, 0, 0}; }

template <class Map>
View<const SourceScalar<Map>> table_source(const Map& map) {
  if constexpr (is_dense_tensor<const Map>) {
    constexpr int rank = static_cast<int>(Map::NumIndices);
    Shape shape;
    shape.head_dim = map.dimension(rank - 1);
    if constexpr (rank == 4) shape.heads = map.dimension(2);
    shape.seq = map.dimension(rank == 2 ? 0 : 1);
    if constexpr (rank > 2) shape.batch = map.dimension(0);
    return {map.data(), shape};
  } else if constexpr (is_mdspan<const Map> && has_view_of_members<const Map>) {
    const Axes axes = axes_of({"as_view", "the table"}, map);
    const Layout layout = layout_of(axes, axes.rank == 4);
    return {map.data_handle(), layout.shape, layout.strides};
  } else {
    return as_view(map);
  }
}

/// A coefficient reader of `source` that begins at entry `first` of a row.
template <class T>
CoefficientReader<T> reader_from(const View<const T>& source, Index first, Index stride,
                                 bool negative = false) {
  return {source.data() == nullptr ? nullptr : source.data() + first, stride, negative};
}

template <class T>
TableView<T> table_over(const View<const T>& source, const PairReaders<T>& readers, Index pairs) {
  const Strides& strides = source.strides();
  return {readers, TableShape{source.batch(), source.seq(), source.heads(), pairs}, strides.batch,
          strides.seq, strides.heads};
}

template <class T>
Index part_of_width(const char* function, const char* argument, const View<const T>& source,
                    Index parts) {
  if (source.head_dim() % parts != 0) {
    fail({function, argument}, "width", "is %" PRId64 ", must be a multiple of %" PRId64,
         source.head_dim(), parts);
  }
  return source.head_dim() / parts;
}

/// Two tensors of one shape and strides: cos and sin, `first` entries in, `stride` apart.
template <class Cos, class Sin>
auto two_tensors(const char* function, const Cos& cos_map, const Sin& sin_map, Index parts,
                 Index cos_first, Index sin_first, Index stride) {
  if constexpr (takes_sources<Cos, Sin>()) {
    const auto cos = table_source(cos_map);
    const auto sin = table_source(sin_map);
    const Place place{function, "sin"};
    check_equal(place, "batch", sin.batch(), cos.batch());
    check_equal(place, "seq", sin.seq(), cos.seq());
    check_equal(place, "heads", sin.heads(), cos.heads());
    check_equal(place, "width", sin.head_dim(), cos.head_dim());
    check_equal(place, "batch stride", sin.strides().batch, cos.strides().batch);
    check_equal(place, "seq stride", sin.strides().seq, cos.strides().seq);
    check_equal(place, "heads stride", sin.strides().heads, cos.strides().heads);
    const Index pairs = part_of_width(function, "cos", cos, parts);
    const auto c = reader_from(cos, cos_first, stride);
    const auto s = reader_from(sin, sin_first, stride);
    return table_over(cos, {c, c, s, s}, pairs);
  } else {
    return no_table();
  }
}

/// One tensor whose rows hold `parts` numbers a pair; cos and sin begin at entries that `pairs`
/// gives.
template <class Map, class First>
auto one_tensor(const char* function, const Map& map, Index parts, Index stride,
                const First& first) {
  if constexpr (takes_source<Map>()) {
    const auto source = table_source(map);
    const Index pairs = part_of_width(function, "packed", source, parts);
    const auto c = reader_from(source, first(pairs).cos, stride);
    const auto s = reader_from(source, first(pairs).sin, stride);
    return table_over(source, {c, c, s, s}, pairs);
  } else {
    return no_table();
  }
}

struct FirstEntries {
  Index cos, sin;
};

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// cos, sin [.., pairs]: half as wide as what they turn, with either pairing.
template <class Cos, class Sin>
auto half_table(const Cos& cos, const Sin& sin) {
  return detail::two_tensors("half_table", cos, sin, 1, 0, 0, 1);
}

/// cos, sin [.., 2 * pairs], each value twice in a row; the first of the two is read.
template <class Cos, class Sin>
auto repeated_table(const Cos& cos, const Sin& sin) {
  return detail::two_tensors("repeated_table", cos, sin, 2, 0, 0, 2);
}

/// cos, sin [.., 2 * pairs], the values followed by themselves; the first half is read.
template <class Cos, class Sin>
auto duplicated_table(const Cos& cos, const Sin& sin) {
  return detail::two_tensors("duplicated_table", cos, sin, 2, 0, 0, 1);
}

/// cos, sin [.., 2 * pairs]; cos is read at even entries, sin at odd ones (Wan).
template <class Cos, class Sin>
auto even_odd_table(const Cos& cos, const Sin& sin) {
  return detail::two_tensors("even_odd_table", cos, sin, 2, 0, 1, 2);
}

/// cos, sin [.., 2 * pairs], every feature with coefficients of its own: of pair i those of the
/// features that `pairing` puts there (ERNIE-Image, MammothModa2; not a rotation).
template <class Cos, class Sin>
auto per_feature_table(const Cos& cos, const Sin& sin, Pairing pairing) {
  if constexpr (detail::takes_sources<Cos, Sin>()) {
    const bool interleaved = pairing != Pairing::half;
    const Index stride = interleaved ? 2 : 1;
    auto table = detail::two_tensors("per_feature_table", cos, sin, 2, 0, 0, stride);
    const Index second = interleaved ? 1 : table.pairs();
    const auto c = detail::table_source(cos);
    const auto s = detail::table_source(sin);
    return detail::table_over(
        c,
        {detail::reader_from(c, 0, stride), detail::reader_from(c, second, stride),
         detail::reader_from(s, 0, stride), detail::reader_from(s, second, stride)},
        table.pairs());
  } else {
    return detail::no_table();
  }
}

/// [.., 4 * pairs] = [cos | sin], each as wide as a head; cos is read at its even entries, sin at
/// its odd ones, the others never (Helios: apply_rotary_emb_helios in vllm-omni and diffusers).
template <class Map>
auto packed_table(const Map& packed) {
  return detail::one_tensor("packed_table", packed, 4, 2, [](Index row_pairs) {
    return detail::FirstEntries{0, 2 * row_pairs + 1};
  });
}

/// [.., 2 * pairs] = [cos | sin] (vLLM's cache).
template <class Map>
auto packed_cos_sin_table(const Map& packed) {
  return detail::one_tensor("packed_cos_sin_table", packed, 2, 1, [](Index row_pairs) {
    return detail::FirstEntries{0, row_pairs};
  });
}

/// [.., 2 * pairs] = [sin | cos] (GPT-J, MagiHuman).
template <class Map>
auto packed_sin_cos_table(const Map& packed) {
  return detail::one_tensor("packed_sin_cos_table", packed, 2, 1, [](Index row_pairs) {
    return detail::FirstEntries{row_pairs, 0};
  });
}

/// [.., 4 * pairs] = [sin | cos], each value twice in a row (EVA-02 in timm).
template <class Map>
auto packed_sin_cos_repeated_table(const Map& packed) {
  return detail::one_tensor("packed_sin_cos_repeated_table", packed, 4, 2, [](Index row_pairs) {
    return detail::FirstEntries{2 * row_pairs, 0};
  });
}

/// [.., 2 * pairs], cos and sin of each pair side by side: complex numbers as their parts.
template <class Map>
auto complex_table(const Map& parts) {
  return detail::one_tensor("complex_table", parts, 2, 2, [](Index) {
    return detail::FirstEntries{0, 1};
  });
}

/// [.., 4 * pairs], each pair's matrix row by row: out_a = m00 * a + m01 * b,
/// out_b = m10 * a + m11 * b (the original Flux, HiDream, Kandinsky, PRX).
template <class Map>
auto matrix_table(const Map& matrices) {
  if constexpr (detail::takes_source<Map>()) {
    const auto source = detail::table_source(matrices);
    const Index pairs = detail::part_of_width("matrix_table", "matrices", source, 4);
    return detail::table_over(
        source,
        {detail::reader_from(source, 0, 4), detail::reader_from(source, 3, 4),
         detail::reader_from(source, 1, 4, true), detail::reader_from(source, 2, 4)},
        pairs);
  } else {
    return detail::no_table();
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_TABLE_LAYOUTS_HPP
