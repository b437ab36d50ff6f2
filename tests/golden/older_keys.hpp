// What builder inputs say of a pack that is older than the keys which state it: README.md, "Older".
#ifndef ROPEWALK_TESTS_GOLDEN_OLDER_KEYS_HPP
#define ROPEWALK_TESTS_GOLDEN_OLDER_KEYS_HPP

#include <cmath>
#include <numeric>  // for std::accumulate
#include <string>
#include <vector>

#include "pack.hpp"
#include "recipe_values.hpp"
#include "ropewalk/build/steps.hpp"  // for pi

namespace ropewalk_test {

/// Seconds, rows and columns that coordinates are fractions of.
inline constexpr const char* older_base = "20,2048,2048";

inline bool has_intervals(const Case& of) {
  const Tensor* coords = of.find("coords");
  return coords != nullptr && coords->shape.size() >= 3;  // [batch, axes, seq] at least
}

/// `base` as the name of theta alone: cells are centres from -1 to 1, in turns.
inline bool has_turns(const Case& of) {
  return of.has("base") && !of.has("cells") && !of.has("interpolation_scale") && !has_intervals(of);
}

inline constexpr double older_position_scale = 2 * ropewalk::detail::pi;

/// rope_axes_dim are widths of axes where they sum to what turns; else sizes that a grid is spread
/// over.
inline std::vector<Index> older_axes_dim(const Case& of, Index rotary_dim) {
  if (!of.has("rope_axes_dim")) return {};
  const std::vector<Index> dims = sizes_of(of.at("rope_axes_dim"));
  const Index sum = std::accumulate(dims.begin(), dims.end(), Index{0});
  return sum == rotary_dim ? dims : std::vector<Index>{};
}

/// A crop box of rows and columns, its end left out; the leading axis counts.
inline std::vector<CellRule> cropped_cells(const Case& of, const std::vector<Index>& grid) {
  const std::vector<double> crops = reals_of(of.get("crops", ""));
  if (crops.size() != 4) throw NoRecipe("case " + of.name + ": crops are not four numbers");
  std::vector<CellRule> cells(grid.size() - 2);
  for (std::size_t side = 0; side < 2; ++side) {
    const auto count = static_cast<double>(grid[grid.size() - 2 + side]);
    cells.push_back({Cell::linspace, crops[side], crops[side + 2] * (count - 1) / count});
  }
  return cells;
}

/// Frames count, the centres of rows and columns fill an area like that of 192 x 192.
inline std::vector<CellRule> cells_of_equal_area(const std::vector<Index>& grid) {
  if (grid.size() != 3) throw NoRecipe("learned frequencies of a grid that is not t, h, w");
  const double scale = 192 / std::sqrt(static_cast<double>(grid[1] * grid[2]));
  std::vector<CellRule> cells(1);
  for (std::size_t axis = 1; axis < 3; ++axis) {
    const double half = static_cast<double>(grid[axis]) * scale / 2;
    cells.push_back({Cell::centres, -half, half});
  }
  return cells;
}

/// How the cells of a grid stand where `cells` does not say it.
inline std::vector<CellRule> older_cells(const Case& of, const std::vector<Index>& grid,
                                         Index rotary_dim) {
  const std::string type = of.get("grid_type", of.has("crops") ? "linspace" : "slice");
  if (type != "linspace" && type != "slice") {
    throw NoRecipe("case " + of.name + ": unknown value '" + type +
                   "' of builder input 'grid_type'");
  }
  if (type == "linspace" && grid.size() >= 2) return cropped_cells(of, grid);
  if (of.find("pos_frequencies") != nullptr) return cells_of_equal_area(grid);
  if (of.has("stream")) return {{Cell::grid_index}, {Cell::centred}, {Cell::centred}};
  if (has_turns(of)) return {{Cell::centres, -1, 1}};
  std::vector<CellRule> cells(grid.size());
  if (of.has("rope_axes_dim") && older_axes_dim(of, rotary_dim).empty()) {
    const std::vector<double> sizes = reals_of(of.at("rope_axes_dim"));
    for (std::size_t axis = 0; axis < grid.size(); ++axis) {
      cells[axis] = {Cell::spread, sizes.at(axis)};
    }
  } else if (of.has("interpolation_scale")) {
    const std::vector<double> scales = reals_of(of.at("interpolation_scale"));
    const std::vector<double> base = reals_of(of.get("base", older_base));
    for (std::size_t axis = 0; axis < grid.size(); ++axis) {
      cells[axis] = {Cell::range, -1, 2 * scales.at(axis) / base.at(axis)};
    }
  } else if (is_given(of, "fps")) {
    cells[0].second = 24 / real_of(of.at("fps"));  // frames count at 24 a second
  }
  return cells;
}

/// Axes that share one list: `ntk_factor` is of a model that alternates.
inline bool alternates_by_older_keys(const Case& of, bool has_axes_dim) {
  return of.has("ntk_factor") && !has_axes_dim;
}

/// A crop of two axes alone has its columns first.
inline std::vector<Index> older_term_axes(const Case& of, bool has_axes_dim) {
  const bool is_plane = is_given(of, "grid") && !has_axes_dim &&
                        sizes_of(detail::split(of.at("grid"), ';')[0]).size() == 2;
  return of.has("crops") && is_plane ? std::vector<Index>{1, 0} : std::vector<Index>{};
}

inline bool increases_by_older_keys(const Case& of) {
  return of.has("interpolation_scale") || has_intervals(of);
}

inline bool is_double_by_words(const Case& of) {
  const std::string words = of.get("policy", "");
  return words.find("in f64") != std::string::npos || words.find("complex128") != std::string::npos;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_OLDER_KEYS_HPP
