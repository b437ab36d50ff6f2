// The rule of a golden pack, by the reference: what a case's keys say its outputs must be.
#ifndef ROPEWALK_TESTS_GOLDEN_RULE_HPP
#define ROPEWALK_TESTS_GOLDEN_RULE_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../support/bits.hpp"
#include "../support/reference.hpp"
#include "keys.hpp"
#include "pack.hpp"

namespace ropewalk_test {

/// Which entries of a row: entry i is at first + i * step.
struct Entries {
  std::int64_t first;
  std::int64_t step;
  std::size_t at(std::int64_t i) const { return static_cast<std::size_t>(first + i * step); }
};

inline Pair<Entries> pair_entries(Pairing pairing, std::int64_t rotary_dim) {
  if (pairing == Pairing::interleaved) return {{0, 2}, {1, 2}};
  return {{0, 1}, {rotary_dim / 2, 1}};
}

/// The two tensors of a table (packed: twice the same one) and what a row of them holds.
struct TableRule {
  const Tensor* cos;
  const Tensor* sin;
  std::int64_t width;
  Coefficients<Entries> entries;
};

inline TableRule table_rule(const Rule& rule) {
  const std::int64_t rotary_dim = rule.rotary_dim;
  TableKind kind = rule.table_kind;
  const auto table = [&](std::int64_t width, const Pair<Entries>& cos, const Pair<Entries>& sin) {
    return TableRule{rule.cos, rule.sin, width, {cos.a, cos.b, sin.a, sin.b}};
  };
  const auto shared = [&](std::int64_t width, Entries cos, Entries sin) {
    return table(width, {cos, cos}, {sin, sin});
  };
  if (kind == TableKind::half) return shared(rule.pairs(), {0, 1}, {0, 1});
  if (kind == TableKind::packed_sin_cos) {
    return shared(rotary_dim, {rule.pairs(), 1}, {0, 1});
  }
  if (kind == TableKind::complex) return shared(rotary_dim, {0, 2}, {1, 2});
  const bool packed = kind == TableKind::packed_cos_sin;
  if (packed) kind = rule.packed_lanes;
  const std::int64_t width = packed ? 2 * rotary_dim : rotary_dim;
  const std::int64_t sin_at = packed ? rotary_dim : 0;
  if (kind == TableKind::even_odd) return shared(width, {0, 2}, {sin_at + 1, 2});
  if (kind == TableKind::first_half) return shared(width, {0, 1}, {sin_at, 1});
  if (kind != TableKind::full_lane) {
    throw PackError("case " + rule.name + ": its table_kind is one of kind=tables alone");
  }
  const Pair<Entries> cos = pair_entries(rule.table_pairing, rotary_dim);
  return table(width, cos,
               {{sin_at + cos.a.first, cos.a.step}, {sin_at + cos.b.first, cos.b.step}});
}

/// How the rows of x walk along one axis, and those of the table with them.
struct AxisWalk {
  std::int64_t extent;        // of x
  std::int64_t first;         // of the part that is turned
  std::int64_t count;         // of the part that is turned
  std::int64_t table_extent;  // 1: shared along this axis
  std::int64_t table_stride;  // in rows
};

inline AxisWalk walk_along(const Rule& rule, char axis, std::int64_t extent) {
  AxisWalk walk{extent, 0, extent, 1, 1};
  if (axis == 'S' && rule.tokens) {
    walk.first = rule.tokens->first;
    walk.count = rule.tokens->count;
  }
  const std::string& table_axes = *rule.table_axes;
  const std::size_t in_table = table_axes.find(axis);
  if (in_table != std::string::npos) {
    walk.table_extent = rule.cos->shape[in_table];
    for (std::size_t i = in_table + 1; i < table_axes.size(); ++i) {
      walk.table_stride *= rule.cos->shape[i];
    }
  }
  if ((walk.table_extent != 1 && walk.table_extent != walk.count) ||
      walk.first > extent - walk.count) {
    throw PackError("case " + rule.name + ": table or tokens do not fit axis " + axis);
  }
  return walk;
}

inline void check_shapes(const Rule& rule, const Tensor& x, const TableRule& table) {
  const std::string& layout = rule.layout;
  const std::string& table_axes = *rule.table_axes;
  const auto& shape = table.cos->shape;
  const std::size_t last_axes = rule.table_kind == TableKind::complex ? 2 : 1;
  bool fits = x.shape.size() == layout.size() && shape.size() == table_axes.size() + last_axes &&
              table.sin->shape == shape && table.sin->dtype == table.cos->dtype;
  for (const char axis : table_axes) fits = fits && layout.find(axis) < layout.size() - 1;
  std::int64_t width = 1;
  for (std::size_t i = table_axes.size(); i < shape.size(); ++i) width *= shape[i];
  fits = fits && width == table.width;
  fits = fits && rule.rotary_offset <= x.shape.back() - rule.rotary_dim;
  if (!fits) throw PackError("case " + rule.name + ": x, table and block do not fit one another");
}

/// The row of the table for each row of x; -1 for tokens that are only copied.
inline std::vector<std::int64_t> table_rows(const Rule& rule, const Tensor& x) {
  std::vector<std::int64_t> rows = {0};
  for (std::size_t axis = 0; axis + 1 < x.shape.size(); ++axis) {
    const AxisWalk walk = walk_along(rule, rule.layout[axis], x.shape[axis]);
    std::vector<std::int64_t> longer;
    for (const std::int64_t row : rows) {
      for (std::int64_t i = 0; i < walk.extent; ++i) {
        const bool turned = row >= 0 && i >= walk.first && i - walk.first < walk.count;
        const std::int64_t step = walk.table_extent == 1 ? 0 : walk.table_stride;
        longer.push_back(turned ? row + (i - walk.first) * step : -1);
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

/// The patterns that a tensor must hold.
struct Expected {
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<Bits> bits;
};

/// x with `turn` applied to every pair that the case turns, read and written where `from` and `to`
/// say; everything else is copied, and converted if the type of the result is another.
template <class Turn>
Expected turned(const Rule& rule, const Tensor& x, Dtype out, const Pair<Entries>& from,
                const Pair<Entries>& to, Turn turn) {
  const TableRule table = table_rule(rule);
  check_shapes(rule, x, table);
  const Dtype x_dtype = dtype_named(x.dtype);
  const std::vector<Bits> in = x.patterns();
  const std::vector<Bits> cos = table.cos->patterns();
  const std::vector<Bits> sin = table.sin->patterns();
  Expected result{out, x.shape, in};
  if (out != x_dtype) {
    for (Bits& bits : result.bits) bits = convert(x_dtype, out, bits);
  }
  std::size_t block = static_cast<std::size_t>(rule.rotary_offset);
  for (const std::int64_t table_row : table_rows(rule, x)) {
    const auto row = static_cast<std::size_t>(table_row * table.width);
    for (std::int64_t i = 0; table_row >= 0 && i < rule.pairs(); ++i) {
      const Coefficients<Bits> entries{
          cos[row + table.entries.cos_a.at(i)], cos[row + table.entries.cos_b.at(i)],
          sin[row + table.entries.sin_a.at(i)], sin[row + table.entries.sin_b.at(i)]};
      const Pair<Bits> pair =
          turn(Pair<Bits>{in[block + from.a.at(i)], in[block + from.b.at(i)]}, entries);
      result.bits[block + to.a.at(i)] = pair.a;
      result.bits[block + to.b.at(i)] = pair.b;
    }
    block += static_cast<std::size_t>(x.shape.back());
  }
  return result;
}

/// What the output that belongs to an input must be, by the contract.
inline Expected expected_output(const Rule& rule, const Tensor& x) {
  const Dtype stored = dtype_named(rule.cos->dtype);
  Rotation types{};
  types.x = dtype_named(x.dtype);
  types.table = rule.table_cast.value_or(stored);
  types.compute = rule.arith;
  types.out = rule.out_dtype.value_or(types.x);
  if (promoted(types.compute, promoted(types.x, types.table)) != types.compute) {
    throw PackError("case " + rule.name + ": arith cannot hold the values of x and table");
  }
  return turned(
      rule, x, types.out, pair_entries(rule.pairing, rule.rotary_dim),
      pair_entries(rule.pairing_out, rule.rotary_dim),
      [&](const Pair<Bits>& pair, Coefficients<Bits> entries) {
        for (Bits* entry : {&entries.cos_a, &entries.cos_b, &entries.sin_a, &entries.sin_b}) {
          *entry = convert(stored, types.table, *entry);
        }
        return rotate_pair(types, pair, entries);
      });
}

/// What `gx` of a grad case must be; there +0 and -0 count as equal.
inline Expected expected_gradient(const Rule& rule) {
  const Tensor& gout = *rule.gradients[0];
  const Dtype g = dtype_named(gout.dtype);
  const Dtype entry = dtype_named(rule.cos->dtype);
  const Dtype arith = rule.arith;
  const Dtype product_round = rule.prod_round;
  const Dtype sum_round = rule.sum_round;
  const Dtype out = dtype_named(rule.io.at(0).first->dtype);
  // Holds every rounded product, so that the sum is rounded to sum_round alone.
  const Dtype wide = promoted(promoted(arith, out), Dtype::f32);
  const auto product = [&](Bits value, Bits coefficient) {
    const Bits exact =
        multiply(arith, convert(g, arith, value), convert(entry, arith, coefficient));
    return convert(product_round, wide, convert(arith, product_round, exact));
  };
  const auto sum = [&](Bits left, Bits right) {
    return convert(sum_round, out, convert(wide, sum_round, add(wide, left, right)));
  };
  return turned(
      rule, gout, out, pair_entries(rule.pairing_out, rule.rotary_dim),
      pair_entries(rule.pairing, rule.rotary_dim),
      [&](const Pair<Bits>& pair, const Coefficients<Bits>& entries) {
        return Pair<Bits>{
            sum(product(pair.a, entries.cos_a), product(pair.b, entries.sin_b)),
            sum(product(pair.b, entries.cos_b), negated(wide, product(pair.a, entries.sin_a)))};
      });
}

// Comparing ------------------------------------------------------------------------------------

/// Empty if the stored tensor holds the expected bits (any NaN equals any NaN), else what differs.
inline std::string difference(const Expected& expected, const Tensor& stored,
                              bool zeros_are_equal = false) {
  if (stored.dtype != name_of(expected.dtype)) return stored.name + " is " + stored.dtype;
  if (stored.shape != expected.shape) return stored.name + " has another shape";
  const std::vector<Bits> bits = stored.patterns();
  const Dtype dtype = expected.dtype;
  const auto same = [&](Bits a, Bits b) {
    if (zeros_are_equal && magnitude_of(dtype, a) == 0 && magnitude_of(dtype, b) == 0) return true;
    return canonical(dtype, a) == canonical(dtype, b);
  };
  std::size_t different = 0;
  std::string first;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (same(expected.bits[i], bits[i]) || different++ != 0) continue;
    first = std::to_string(i) + ": expected " + hex(dtype, expected.bits[i]) + ", stored " +
            hex(dtype, bits[i]);
  }
  if (different == 0) return "";
  return stored.name + ": " + std::to_string(different) + " of " + std::to_string(bits.size()) +
         " differ, first at index " + first;
}

/// The largest difference in units of the README: eps(arith) * max(1, max|out|), plus one ulp of
/// a 16-bit output. Infinite where one side alone is a number.
inline double worst_units(const Expected& expected, const Tensor& stored, Dtype arith) {
  const auto value = [&](Bits bits) {
    return from_bits<double>(convert(expected.dtype, Dtype::f64, bits));
  };
  const auto is_number = [&](Bits bits) {
    return magnitude_of(expected.dtype, bits) < format_of(expected.dtype).infinity();
  };
  const std::vector<Bits> bits = stored.patterns();
  double largest = 1;
  for (const Bits one : expected.bits) {
    if (is_number(one)) largest = std::max(largest, std::fabs(value(one)));
  }
  const double eps = std::ldexp(1.0, -format_of(arith).fraction_bits);
  const int out_bits = format_of(expected.dtype).fraction_bits;
  double worst = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Bits want = canonical(expected.dtype, expected.bits[i]);
    const Bits got = canonical(expected.dtype, bits[i]);
    if (want == got) continue;
    if (!is_number(want) || !is_number(got)) return std::numeric_limits<double>::infinity();
    const double ulp = out_bits < 23 ? std::ldexp(std::fabs(value(want)), -out_bits) : 0;
    worst = std::max(worst, std::fabs(value(want) - value(got)) / (eps * largest + ulp));
  }
  return worst;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RULE_HPP
