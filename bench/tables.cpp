#include "tables.hpp"

#if defined(__GLIBC__)
#include <malloc.h>  // for mallopt
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ropewalk/models/models.hpp"
#include "ropewalk/table.hpp"

namespace ropewalk_bench {
namespace {

using ropewalk::Table;

constexpr Preset preset{"Wan2.2 720p, the table", {1, 75600, 1, 128}};

/// Some entries against the formula: libm's cos and sin are within an ulp of ours, which after
/// rounding is at most one of a float below 1.
Verdict check(const Table<float>& table) {
  const double ulp = std::ldexp(1.0, -24);
  for (Index s = 0; s < table.seq(); s += 997) {
    const Index cells[] = {s / 80 / 45, s / 80 % 45, s % 80};
    const Index dims[] = {44, 42, 42};
    Index pair = 0;
    for (int axis = 0; axis < 3; ++axis) {
      for (Index i = 0; i < dims[axis] / 2; ++i, ++pair) {
        const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(dims[axis]);
        const double angle = static_cast<double>(cells[axis]) * std::pow(1e4, exponent);
        const double got[] = {table.cos(0, s)[pair], table.sin(0, s)[pair]};
        const double wanted[] = {std::cos(angle), std::sin(angle)};
        for (int k = 0; k < 2; ++k) {
          if (std::abs(got[k] - wanted[k]) <= ulp) continue;
          return {at(s * table.pairs() + pair, got[k], wanted[k]), std::nullopt};
        }
      }
    }
  }
  return {};
}

}  // namespace

void run_tables(Session& session) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  const ropewalk::Model& model = ropewalk::model_named("Wan2.2 A14B");
  const ropewalk::Grid grid{21, 45, 80};
  std::vector<float> filled;
  std::optional<Table<float>> table;

  Row fill;
  fill.kind = Kind::fill;
  fill.form = "fill";
  fill.name = "limit/fill/f32/75600x64/t1";
  fill.bytes = preset.shape.seq * preset.shape.head_dim * static_cast<Index>(sizeof(float));
  fill.prepare = [&] { filled.resize(static_cast<std::size_t>(fill.bytes) / sizeof(float)); };
  fill.call = [&] { std::fill(filled.begin(), filled.end(), 1.0f); };
  fill.verify = [] { return Verdict(); };

  Row build;
  build.kind = Kind::build;
  build.form = "model_table";
  build.table = "f32";
  build.name = "table/wan2.2_720p/f32/75600x64/t1";
  build.bytes = fill.bytes;
  build.prepare = [] {};
  build.call = [&] {
    table.reset();
    table = ropewalk::model_table(model, grid);
  };
  build.verify = [&] {
    build.call();
    return check(*table);
  };

  Group group{&preset, dtype_name<float>(), 1, {fill, build}};
  if (session.select(group)) session.run(group);
}

}  // namespace ropewalk_bench
