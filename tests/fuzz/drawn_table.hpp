// Tables of any layout as a fuzzer draws them: once for the library, once in words of our own.
#ifndef ROPEWALK_TESTS_FUZZ_DRAWN_TABLE_HPP
#define ROPEWALK_TESTS_FUZZ_DRAWN_TABLE_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {

/// Where one coefficient of a row's pairs lies, in elements.
struct DrawnReaders {
  Index first, stride;
  bool negative = false;
};

/// cos_a, cos_b, sin_a, sin_b, and how long the row is.
struct DrawnRow {
  std::array<DrawnReaders, 4> readers;
  Index width;
};

/// The layouts that have makers, and `readers`, which takes any coefficient readers.
enum class Maker {
  half,
  repeated,
  duplicated,
  even_odd,
  per_feature_interleaved,
  per_feature_half,
  packed,
  cos_sin,
  sin_cos,
  sin_cos_repeated,
  complex,
  matrix,
  readers
};

inline DrawnRow rotation_row(Index cos, Index sin, Index stride, Index width) {
  return {{{{cos, stride}, {cos, stride}, {sin, stride}, {sin, stride}}}, width};
}

inline DrawnRow drawn_row(Maker maker, Index pairs, Input& in) {
  const Index full = 2 * pairs;
  switch (maker) {
    case Maker::half:
    case Maker::cos_sin:
      return rotation_row(0, pairs, 1, full);
    case Maker::sin_cos:
      return rotation_row(pairs, 0, 1, full);
    case Maker::complex:
      return rotation_row(0, 1, 2, full);
    case Maker::repeated:
      return rotation_row(0, full, 2, 2 * full);
    case Maker::duplicated:
      return rotation_row(0, full, 1, 2 * full);
    case Maker::even_odd:
    case Maker::packed:
      return rotation_row(0, full + 1, 2, 2 * full);
    case Maker::sin_cos_repeated:
      return rotation_row(full, 0, 2, 2 * full);
    case Maker::per_feature_interleaved:
      return {{{{0, 2}, {1, 2}, {full, 2}, {full + 1, 2}}}, 2 * full};
    case Maker::per_feature_half:
      return {{{{0, 1}, {pairs, 1}, {full, 1}, {full + pairs, 1}}}, 2 * full};
    case Maker::matrix:
      return {{{{0, 4}, {3, 4}, {1, 4, true}, {2, 4}}}, 2 * full};
    case Maker::readers:
      break;
  }
  DrawnRow row{{}, in.below(20)};
  for (DrawnReaders& readers : row.readers) {
    readers = {in.below(20), in.rarely() ? -1 : in.below(5), in.below(2) == 1};
  }
  return row;
}

/// The table that a maker gives of rows from `data` on.
template <class Tab>
ropewalk::TableView<Tab> made_table(Maker maker, const Tab* data, const DrawnRow& row,
                                    const ropewalk::TableShape& shape,
                                    const ropewalk::Strides& strides) {
  const auto columns = [&](Index first, Index count) {
    return ropewalk::View<const Tab>(data + first, {shape.batch, shape.seq, shape.heads, count},
                                     strides);
  };
  const auto all = columns(0, row.width);
  const auto cos = columns(0, row.width / 2);
  const auto sin = columns(row.width / 2, row.width / 2);
  switch (maker) {
    case Maker::half:
      return ropewalk::half_table(cos, sin);
    case Maker::repeated:
      return ropewalk::repeated_table(cos, sin);
    case Maker::duplicated:
      return ropewalk::duplicated_table(cos, sin);
    case Maker::even_odd:
      return ropewalk::even_odd_table(cos, sin);
    case Maker::per_feature_interleaved:
      return ropewalk::per_feature_table(cos, sin, ropewalk::Pairing::interleaved);
    case Maker::per_feature_half:
      return ropewalk::per_feature_table(cos, sin, ropewalk::Pairing::half);
    case Maker::packed:
      return ropewalk::packed_table(all);
    case Maker::cos_sin:
      return ropewalk::packed_cos_sin_table(all);
    case Maker::sin_cos:
      return ropewalk::packed_sin_cos_table(all);
    case Maker::sin_cos_repeated:
      return ropewalk::packed_sin_cos_repeated_table(all);
    case Maker::complex:
      return ropewalk::complex_table(all);
    case Maker::matrix:
      return ropewalk::matrix_table(all);
    case Maker::readers:
      break;
  }
  const auto readers = [&](const DrawnReaders& of) {
    return ropewalk::CoefficientReader<Tab>{data + of.first, of.stride, of.negative};
  };
  return {{readers(row.readers[0]), readers(row.readers[1]), readers(row.readers[2]),
           readers(row.readers[3])},
          shape,
          strides.batch,
          strides.seq,
          strides.heads};
}

/// Position ids, dense and of exact size: [seq], [batch, seq], or [batch] at which samples start.
struct DrawnIds {
  bool given = false, wide = false, per_sample = false;
  bool are_starts = false, leaves = false;
  Index first = 0, batch = 1, seq = 0;
  Index left = 0;  ///< what means "leave it", if there is one
  std::vector<std::int32_t> narrow_ids;
  std::vector<std::int64_t> wide_ids;

  Index at(Index b, Index s) const {
    const Index sample = batch == 1 ? 0 : b;
    const std::size_t place = count_of(are_starts ? sample : sample * seq + s);
    return wide ? wide_ids[place] : narrow_ids[place];
  }
  bool is_left(Index b, Index s) const { return given && leaves && at(b, s) == left; }
  /// Of a token whose id is sound; any, where it leaves the token.
  Index row(Index b, Index s) const {
    return is_left(b, s) ? 0 : at(b, s) - first + (are_starts ? s : 0);
  }

  void add(Index id) {
    wide ? wide_ids.push_back(id) : narrow_ids.push_back(static_cast<std::int32_t>(id));
  }
};

inline Index drawn_id(Input& in, const DrawnIds& ids, Index rows) {
  const Index wrong = in.rarely() ? in.one_of<Index>({ids.first + rows, lowest, highest}) : 0;
  return wrong != 0 ? wrong : ids.first + (rows > 0 ? in.below(rows) : 0);
}

inline DrawnIds draw_ids(Input& in, Index batch, Index seq, Index rows) {
  DrawnIds ids;
  ids.given = true;
  ids.wide = in.below(2) == 1;
  ids.per_sample = in.below(2) == 1;
  ids.batch = ids.per_sample && in.below(2) == 1 ? batch : 1;
  ids.seq = seq;
  ids.first = in.one_of<Index>({0, 0, -3, 1000, lowest});
  for (Index i = 0; i < ids.batch * seq; ++i) ids.add(drawn_id(in, ids, rows));
  return ids;
}

/// Starts instead of ids of tokens, perhaps, and perhaps one that means "leave it".
inline void draw_meaning(Input& in, DrawnIds& ids, Index batch, Index rows) {
  ids.are_starts = in.below(4) == 3;
  ids.leaves = in.below(4) == 3;
  ids.left = ids.first + (in.rarely() ? in.below(rows + 1) : rows);
  if (ids.are_starts) {
    ids.batch = in.rarely() ? in.below(4) : batch;
    ids.narrow_ids.clear(), ids.wide_ids.clear();
    const Index starts = std::max<Index>(rows - std::max<Index>(ids.seq, 1) + 1, 0);
    for (Index b = 0; b < ids.batch; ++b) ids.add(drawn_id(in, ids, starts));
  }
  const auto leave_some = [&](auto& list) {
    for (auto& id : list) {
      if (in.below(4) == 3) id = static_cast<std::decay_t<decltype(id)>>(ids.left);
    }
  };
  if (ids.leaves) leave_some(ids.narrow_ids), leave_some(ids.wide_ids);
}

/// Rows [batch, rows, heads] of which the table is a part, gathered perhaps and turned round.
struct DrawnTable {
  Maker maker;
  DrawnRow row;
  ropewalk::TableShape stored, shape;
  ropewalk::TableShape begin{0, 0, 0, 0};  // of the part
  ropewalk::Strides strides;
  DrawnIds ids;
  bool inverse, gradient;

  /// Elements from the first on; the largest double that matters is that of 2^63 bytes.
  double extent() const {
    double end = 1;
    for (const DrawnReaders& readers : row.readers) {
      const auto last = static_cast<double>(std::max<Index>(stored.pairs - 1, 0));
      end = std::max(
          end, static_cast<double>(readers.first) + last * static_cast<double>(readers.stride) + 1);
    }
    const auto reach = [&](Index size, Index stride) {
      if (size > 1) end += static_cast<double>(size - 1) * static_cast<double>(stride);
    };
    reach(stored.batch, strides.batch);
    reach(stored.seq, strides.seq);
    reach(stored.heads, strides.heads);
    return std::max(end, static_cast<double>(row.width));
  }

  template <class Tab>
  ropewalk::TableView<Tab> view(const Tab* data) const {
    ropewalk::TableView<Tab> table = made_table(maker, data, row, stored, strides)
                                         .rows(begin.seq, stored.seq - begin.seq)
                                         .heads(begin.heads, shape.heads)
                                         .pairs(begin.pairs, shape.pairs);
    if (ids.given) {
      table = ids.wide ? gathered(table, ids.wide_ids) : gathered(table, ids.narrow_ids);
      table = table.first_position(ids.first);
      if (ids.leaves) table = table.leaving(ids.left);
    }
    if (inverse) table = table.inverse();
    return gradient ? table.gradient() : table;
  }

  template <class Tab>
  Coefficients<Tab> at(const Tab* data, Index b, Index s, Index h, Index pair) const {
    const Index rows = ids.given ? ids.row(b, s) : s;
    const Index from = (stored.batch == 1 ? 0 : b) * strides.batch +
                       (begin.seq + rows) * strides.seq +
                       (begin.heads + (shape.heads == 1 ? 0 : h)) * strides.heads;
    std::array<Bits, 4> bits;
    for (std::size_t i = 0; i < 4; ++i) {
      const DrawnReaders& readers = row.readers[i];
      bits[i] = to_bits(data[from + readers.first + readers.stride * (begin.pairs + pair)]);
      if (readers.negative) bits[i] = negated(dtype_of<Tab>(), bits[i]);
    }
    Coefficients<Bits> of{bits[0], bits[1], bits[2], bits[3]};
    if (inverse) of = ropewalk_test::inverse(dtype_of<Tab>(), of);
    if (gradient) of = transpose(dtype_of<Tab>(), of);
    return {from_bits<Tab>(of.cos_a), from_bits<Tab>(of.cos_b), from_bits<Tab>(of.sin_a),
            from_bits<Tab>(of.sin_b)};
  }

 private:
  template <class Tab, class Id>
  ropewalk::TableView<Tab> gathered(const ropewalk::TableView<Tab>& table,
                                    const std::vector<Id>& list) const {
    if (ids.are_starts) return table.rows_of_each(list, ids.seq);
    if (!ids.per_sample) return table.gather(list);
    using Ids = Eigen::TensorMap<const Eigen::Tensor<Id, 2, Eigen::RowMajor>>;
    return table.gather(Ids(list.data(), ids.batch, ids.seq));
  }
};

/// A table that fits x, mostly.
inline DrawnTable draw_table(Input& in, const ropewalk::Shape& x) {
  const Index room = std::max<Index>(x.head_dim / 2, 0);
  const Index pairs = in.below(4) == 0 ? std::min(room, in.below(256)) : room;
  DrawnTable table{};
  table.maker = static_cast<Maker>(in.below(13));
  table.shape = {drawn_size(in, in.below(3) == 0 ? x.batch : 1), drawn_size(in, x.seq),
                 drawn_size(in, in.below(3) == 0 ? x.heads : 1), drawn_size(in, pairs)};
  const bool gathered =
      in.below(3) == 0 && x.batch >= 0 && x.seq >= 0 && x.seq < 300 && x.batch < 300;
  const Index rows = gathered ? in.below(9) : table.shape.seq;
  if (in.below(4) == 0) table.begin = {0, in.below(3), in.below(3), in.below(3)};
  if (std::max({rows, table.shape.heads, table.shape.pairs}) > highest / 2) {
    table.begin = {0, 0, 0, 0};
  }
  table.stored = {table.shape.batch, rows + table.begin.seq, table.shape.heads + table.begin.heads,
                  table.shape.pairs + table.begin.pairs};
  table.row = drawn_row(table.maker, std::min<Index>(table.stored.pairs, 1 << 10), in);
  table.strides = draw_strides(in, {table.stored.batch, rows, table.stored.heads, 0},
                               in.rarely() ? 0 : table.row.width)
                      .strides;
  if (gathered) {
    table.ids = draw_ids(in, x.batch, x.seq, rows);
    draw_meaning(in, table.ids, x.batch, rows);
    table.shape.seq = x.seq;
    if (table.ids.batch != 1) table.shape.batch = table.ids.batch;
  }
  table.inverse = in.below(4) == 3;
  table.gradient = in.below(4) == 3;
  return table;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_FUZZ_DRAWN_TABLE_HPP
