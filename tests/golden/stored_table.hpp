// The table that a golden case stores, and how far one that the library built is from it.
#ifndef ROPEWALK_TESTS_GOLDEN_STORED_TABLE_HPP
#define ROPEWALK_TESTS_GOLDEN_STORED_TABLE_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pack.hpp"
#include "recipe_values.hpp"
#include "ropewalk/table.hpp"
#include "rule.hpp"

namespace ropewalk_test {

/// Entries of one axis and how far apart they are.
struct Along {
  Index count = 1;
  Index stride = 0;
};

/// Four entries for every pair of every row [batch, seq, heads]; an absent axis has one.
struct StoredTable {
  const Tensor* cos;
  const Tensor* sin;
  Coefficients<Entries> entries;  // steps times entry_stride
  Index pairs;
  Along batch, seq, heads;
  Index entry_stride = 1;
};

/// Rows of `width` entries in the order of `axes`, some of B, S and H.
inline StoredTable stored_rows(const TableRule& table, Index pairs, const std::string& axes) {
  StoredTable stored{table.cos, table.sin, table.entries, pairs, {}, {}, {}};
  const auto& shape = table.cos->shape;
  Index stride = table.width;
  if (axes.size() >= shape.size()) throw PackError("a table has more axes than its tensor");
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    Along& along = axes[axis] == 'B' ? stored.batch : axes[axis] == 'S' ? stored.seq : stored.heads;
    along = {shape[axis], stride};
    stride *= shape[axis];
  }
  if (stride != static_cast<Index>(table.cos->size()) || table.sin->size() != table.cos->size()) {
    throw PackError("the rows of a table are not as wide as its keys say");
  }
  return stored;
}

/// Of a case of any kind. Where every entry of a full-width row counts, a row may repeat each value
/// (the two entries of an interleaved pair) or itself (those of a half pair).
inline StoredTable stored_table(const Rule& rule, const std::string& repeat) {
  const TableKind kind = rule.table_kind;
  const auto full = [&](Pairing pairing) {
    const Pair<Entries> entries = pair_entries(pairing, rule.rotary_dim);
    return TableRule{
        rule.cos, rule.sin, rule.rotary_dim, {entries.a, entries.b, entries.a, entries.b}};
  };
  const bool is_full = kind == TableKind::full_lane;
  TableRule table{};
  if (kind == TableKind::full_rep || (is_full && repeat == "rep")) {
    table = full(Pairing::interleaved);
  } else if (kind == TableKind::full_dup || (is_full && repeat == "dup")) {
    table = full(Pairing::half);
  } else {
    table = table_rule(rule);
  }
  const std::size_t own_axes = kind == TableKind::complex ? 2 : 1;
  const std::string axes[] = {"", "S", "BS", "BSH"};
  const std::size_t rank = table.cos->shape.size() - own_axes;
  return stored_rows(table, rule.pairs(),
                     rule.table_axes.value_or(axes[std::min<std::size_t>(rank, 3)]));
}

/// |difference| <= absolute + per_angle * |angle|, both times the attention factor where that is
/// more than 1. An entry of 16 bits may be any that a number within the bound rounds to.
struct Bound {
  double absolute;
  double per_angle;
};

/// How near two lists of numbers are: the largest difference as a share of its bound.
struct Agreement {
  double worst = 0;
  std::int64_t entries = 0;
  std::int64_t equal = 0;  // in every bit
  std::string where;

  void add(double share, bool is_equal, const std::string& place) {
    ++entries;
    equal += is_equal ? 1 : 0;
    if (share <= worst) return;
    worst = share;
    where = place;
  }
};

/// The distance as a share of the limit; more than 1 is outside it.
inline double share_of(double limit, double built, double stored, Dtype dtype) {
  if (!(std::fabs(stored - built) <= std::numeric_limits<double>::max())) {
    return std::numeric_limits<double>::infinity();
  }
  const double share = std::fabs(stored - built) / limit;
  if (dtype == Dtype::f64 || dtype == Dtype::f32 || share <= 1) return share;
  const auto nearest = [&](double value) {
    return from_bits<double>(
        convert(dtype, Dtype::f64, convert(Dtype::f64, dtype, to_bits(value))));
  };
  const bool inside = nearest(built - limit) <= stored && stored <= nearest(built + limit);
  return inside ? 1 : share;
}

/// One of the numbers that the pairs of a case read.
struct Entry {
  Index b, s, h, pair;
  bool is_sin;
  double value;

  std::string place() const {
    return std::string(is_sin ? "sin" : "cos") + " [" + std::to_string(b) + ", " +
           std::to_string(s) + ", " + std::to_string(h) + ", " + std::to_string(pair) + "]";
  }
};

template <class Visit>
void visit_entries(const StoredTable& stored, const Visit& visit) {
  const std::vector<double> cos = numbers(*stored.cos);
  const std::vector<double> sin = numbers(*stored.sin);
  const Coefficients<Entries>& entries = stored.entries;
  for (Index b = 0; b < stored.batch.count; ++b) {
    for (Index s = 0; s < stored.seq.count; ++s) {
      for (Index h = 0; h < stored.heads.count; ++h) {
        const Index row = b * stored.batch.stride + s * stored.seq.stride + h * stored.heads.stride;
        for (Index pair = 0; pair < stored.pairs; ++pair) {
          const auto at = [&](const std::vector<double>& values, const Entries& of) {
            const Index entry = of.first + pair * of.step;
            return values.at(static_cast<std::size_t>(row + entry * stored.entry_stride));
          };
          visit(Entry{b, s, h, pair, false, at(cos, entries.cos_a)});
          visit(Entry{b, s, h, pair, false, at(cos, entries.cos_b)});
          visit(Entry{b, s, h, pair, true, at(sin, entries.sin_a)});
          visit(Entry{b, s, h, pair, true, at(sin, entries.sin_b)});
        }
      }
    }
  }
}

template <class T>
void check_shape(const StoredTable& stored, const ropewalk::Table<T>& built) {
  if (built.seq() == stored.seq.count && built.pairs() == stored.pairs &&
      (built.heads() == 1 || built.heads() == stored.heads.count) &&
      (built.batch() == 1 || built.batch() == stored.batch.count)) {
    return;
  }
  throw PackError("the table built is [" + std::to_string(built.batch()) + ", " +
                  std::to_string(built.seq()) + ", " + std::to_string(built.heads()) + ", " +
                  std::to_string(built.pairs()) + "], unlike that of " + stored.cos->name);
}

/// Every entry that the case reads against the table that was built; `angles` holds the magnitudes
/// of its angles in the place of cos.
template <class T>
Agreement compared(const StoredTable& stored, const ropewalk::Table<T>& built,
                   const ropewalk::Table<double>& angles, const Bound& bound, double factor) {
  check_shape(stored, built);
  const Dtype dtype = dtype_named(stored.cos->dtype);
  Agreement agreement;
  visit_entries(stored, [&](const Entry& entry) {
    const Index b = built.batch() == 1 ? 0 : entry.b;
    const Index h = built.heads() == 1 ? 0 : entry.h;
    const T value =
        (entry.is_sin ? built.sin(b, entry.s, h) : built.cos(b, entry.s, h))[entry.pair];
    const double angle = angles.cos(b, entry.s, h)[entry.pair];
    const double limit =
        (bound.absolute + bound.per_angle * angle) * std::max(1.0, std::fabs(factor));
    const bool equal = convert(dtype_of<T>(), dtype, to_bits(value)) ==
                       convert(Dtype::f64, dtype, to_bits(entry.value));
    const double share = share_of(limit, static_cast<double>(value), entry.value, dtype);
    agreement.add(share, equal, share > 1 ? entry.place() : "");
  });
  return agreement;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_STORED_TABLE_HPP
