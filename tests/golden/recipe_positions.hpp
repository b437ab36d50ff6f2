// Where a model put its tokens: the builder inputs of a golden case as positions of the library.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pack.hpp"
#include "recipe_keys.hpp"
#include "recipe_values.hpp"
#include "ropewalk/positions.hpp"

namespace ropewalk_test {

/// Some tokens of a table; where `window` is more than 1 they are pooled over their grid.
struct Part {
  std::string name;
  ropewalk::Positions positions;
  std::vector<Index> grid;
  Index window = 1;
};

/// How many axes the positions have; 0 where the keys leave that to the shape of the ids.
inline Index known_axes(const Inputs& inputs) {
  if (!inputs.axes_dim.empty()) return static_cast<Index>(inputs.axes_dim.size());
  if (inputs.learned != nullptr) return inputs.learned->shape.at(0);
  return static_cast<Index>(inputs.sections.size());
}

// From tensors -----------------------------------------------------------------------------------

template <class Call>
ropewalk::Positions with_ids(const Tensor& tensor, const Call& call) {
  if (tensor.dtype == "i64") return call(tensor.values<std::int64_t>().data());
  if (tensor.dtype == "i32") return call(tensor.values<std::int32_t>().data());
  if (tensor.dtype == "f32") return call(tensor.values<float>().data());
  return call(numbers(tensor).data());
}

/// Extents and strides of ids on every axis for every token of every sample.
struct IdLayout {
  Index batch, seq, axes;
  Index batch_stride, seq_stride, axis_stride;
};

/// M-RoPE's ids are [axes, batch, seq]; others [batch, seq, axes] or [batch, seq]; batch may lack.
inline IdLayout id_layout(const Inputs& inputs, const Tensor& ids, Index seq) {
  std::vector<Index> shape = ids.shape;
  const Index axes = known_axes(inputs);
  const bool first = !inputs.sections.empty();
  const bool last = !first && (axes > 1 || shape.back() != seq || &ids == inputs.coords);
  const Index count = first ? shape.front() : last ? shape.back() : 1;
  if (first) shape.erase(shape.begin());
  if (last) shape.pop_back();
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  if (shape.size() != 2 || (axes != 0 && axes != count)) {
    throw PackError("case " + inputs.name + ": the shape of " + ids.name +
                    " does not fit its axes");
  }
  if (first) return {shape[0], shape[1], count, shape[1], 1, shape[0] * shape[1]};
  return {shape[0], shape[1], count, shape[1] * count, count, 1};
}

inline ropewalk::Positions positions_of_ids(const Tensor& ids, const IdLayout& layout) {
  return with_ids(ids, [&](const auto* first) {
    std::vector<ropewalk::Positions> samples;
    for (Index b = 0; b < layout.batch; ++b) {
      std::vector<ropewalk::Positions> axes;
      for (Index axis = 0; axis < layout.axes; ++axis) {
        axes.push_back(
            ropewalk::id_positions(first + b * layout.batch_stride + axis * layout.axis_stride,
                                   layout.seq, layout.seq_stride));
      }
      samples.push_back(ropewalk::zip_axes(axes));
    }
    return ropewalk::stack(samples);
  });
}

/// Coordinates [batch, axes, seq] or intervals [batch, axes, seq, 2]; their middles as fractions of
/// the base, from -1 to 1.
inline ropewalk::Positions positions_of_coordinates(const Inputs& inputs) {
  const Tensor& coordinates = *inputs.coords;
  const std::vector<double> values = numbers(coordinates);
  const Index batch = coordinates.shape.at(0);
  const Index axes = coordinates.shape.at(1);
  const Index seq = coordinates.shape.at(2);
  const std::size_t ends = coordinates.shape.size() == 4 ? 2 : 1;
  std::size_t at = 0;
  std::vector<ropewalk::Positions> samples;
  for (Index b = 0; b < batch; ++b) {
    std::vector<ropewalk::Positions> along;
    for (Index axis = 0; axis < axes; ++axis) {
      std::vector<double> positions;
      for (Index s = 0; s < seq; ++s, at += ends) {
        const double middle = (values[at] + values[at + ends - 1]) / 2;
        positions.push_back(2 * middle / inputs.base.at(static_cast<std::size_t>(axis)) - 1);
      }
      along.push_back(ropewalk::id_positions(positions));
    }
    samples.push_back(ropewalk::zip_axes(along));
  }
  return ropewalk::stack(samples);
}

// From grids -------------------------------------------------------------------------------------

using Cells = std::vector<std::vector<double>>;

using ropewalk::AngleSteps;

/// To float where the steps are: a double holds sums, products and quotients of floats so well that
/// rounding it is what float arithmetic gives.
inline double stepped(double value, AngleSteps steps) {
  return steps == AngleSteps::f32 ? static_cast<double>(static_cast<float>(value)) : value;
}

/// As DINOv3's code makes them: (i + 0.5) / size, spread from the first to the second limit.
inline std::vector<double> float_centres(const CellRule& rule, Index size) {
  const auto rounded = [](double value) { return stepped(value, AngleSteps::f32); };
  std::vector<double> cells;
  for (Index i = 0; i < size; ++i) {
    const double share = rounded((static_cast<double>(i) + 0.5) / static_cast<double>(size));
    cells.push_back(rounded(rounded(share * (rule.second - rule.first)) + rule.first));
  }
  return cells;
}

/// The cells of the grid of that index along one axis.
inline std::vector<double> cells_along(const CellRule& rule, Index size, std::size_t index,
                                       AngleSteps steps) {
  if (rule.cell == Cell::centres && steps == AngleSteps::f32) return float_centres(rule, size);
  switch (rule.cell) {
    case Cell::linspace:
      return ropewalk::linspace(size, rule.first, rule.second);
    case Cell::centres:
      return ropewalk::cell_centres(size, rule.first, rule.second);
    case Cell::centred:
      return ropewalk::centred(size);
    case Cell::grid_index:
      return ropewalk::range(size, static_cast<double>(index));
    case Cell::spread:
    case Cell::range:
      break;
  }
  if (rule.cell == Cell::range) return ropewalk::range(size, rule.first, rule.second);
  std::vector<double> cells;  // rows of a table of a fixed size
  for (Index i = 0; i < size; ++i) {
    cells.push_back(std::floor(static_cast<double>(i) * rule.first / static_cast<double>(size)));
  }
  return cells;
}

/// The cells of all grids, one grid after the other.
inline ropewalk::Positions positions_of_grids(const Inputs& inputs, AngleSteps steps) {
  std::vector<ropewalk::Positions> parts;
  for (const GridInputs& grid : inputs.grids) {
    Cells cells;
    for (std::size_t axis = 0; axis < grid.sizes.size(); ++axis) {
      cells.push_back(cells_along(grid.cells[axis], grid.sizes[axis], parts.size(), steps));
    }
    parts.push_back(ropewalk::grid_positions(cells));
  }
  return ropewalk::concatenate(parts);
}

/// Text beside grids, alike on all axes: by default it follows the largest half of a row or column.
inline ropewalk::Positions positions_of_text(const Inputs& inputs) {
  if (inputs.grids.empty()) throw NoRecipe("text beside no grid");
  Index start = 0;
  for (const GridInputs& grid : inputs.grids) {
    for (std::size_t axis = 1; axis < grid.sizes.size(); ++axis) {
      start = std::max(start, grid.sizes[axis] / 2);
    }
  }
  const auto text = ropewalk::sequence_positions(
      *inputs.text_count, static_cast<double>(inputs.text_first.value_or(start)));
  const std::size_t axes = inputs.grids[0].sizes.size();
  return ropewalk::zip_axes(std::vector<ropewalk::Positions>(axes, text));
}

/// The smallest window, doubling, that makes so many tokens of a grid.
inline Index window_for(const std::vector<Index>& grid, Index tokens) {
  for (Index window = 1; window <= 64; window *= 2) {
    Index windows = 1;
    for (const Index size : grid) windows *= (size + window - 1) / window;
    if (windows == tokens) return window;
  }
  throw PackError("no window makes " + std::to_string(tokens) + " tokens");
}

/// Streams of frames with ids of their own, each on the same rows and columns.
inline std::vector<Part> streams_of_frames(const Inputs& inputs) {
  std::vector<Part> parts;
  if (inputs.grids.size() != 1) throw NoRecipe("streams of frames without one grid");
  const GridInputs& plane = inputs.grids[0];
  for (const FrameStream& stream : inputs.streams) {
    const std::vector<double> ids = numbers(*stream.frames);
    std::vector<Index> grid = {stream.frames->shape.back()};
    grid.insert(grid.end(), plane.sizes.begin(), plane.sizes.end());
    std::vector<ropewalk::Positions> samples;
    for (auto first = ids.begin(); first != ids.end(); first += grid[0]) {
      Cells cells{{first, first + grid[0]}};
      for (std::size_t axis = 0; axis < plane.sizes.size(); ++axis) {
        cells.push_back(cells_along(plane.cells[axis], plane.sizes[axis], 0, AngleSteps::f64));
      }
      samples.push_back(ropewalk::grid_positions(cells));
    }
    const Index window = stream.window ? *stream.window : window_for(grid, stream.tokens);
    parts.push_back({stream.name, ropewalk::stack(samples), grid, window});
  }
  return parts;
}

/// Of a table of `seq` rows; what the case stores as ids goes before what its grids say.
inline ropewalk::Positions unscaled_positions(const Inputs& inputs, Index seq, AngleSteps steps) {
  const Tensor* ids = inputs.ids;
  const bool has_grids = !inputs.grids.empty();
  const bool has_list = inputs.coords != nullptr && inputs.coords->shape.size() < 3;
  if (ids == nullptr && has_list && inputs.coords_are_positions) ids = inputs.coords;
  if (ids != nullptr) return positions_of_ids(*ids, id_layout(inputs, *ids, seq));
  if (inputs.coords != nullptr && !has_list) return positions_of_coordinates(inputs);
  if (has_list && !(has_grids && inputs.states_cells)) {
    throw NoRecipe("coords [seq, axes] without a position_scale");
  }
  if (inputs.text_count) return positions_of_text(inputs);
  const Index axes = known_axes(inputs);
  if (has_grids && (axes == 0 || axes == static_cast<Index>(inputs.grids[0].sizes.size()))) {
    return positions_of_grids(inputs, steps);
  }
  if (axes > 1) throw NoRecipe("no positions for " + std::to_string(axes) + " axes");
  return ropewalk::sequence_positions(seq);
}

/// The tokens of a table of `seq` rows; `steps` tells how a grid's cells are rounded on the way.
inline std::vector<Part> parts_of(const Inputs& inputs, Index seq,
                                  AngleSteps steps = AngleSteps::f64) {
  if (!inputs.streams.empty()) return streams_of_frames(inputs);
  ropewalk::Positions positions = unscaled_positions(inputs, seq, steps);
  if (inputs.position_scale == 1) return {{"", positions, {}, 1}};
  for (auto& axis : positions.axes) {
    for (double& value : axis.values) {
      value = stepped(stepped(value, steps) * stepped(inputs.position_scale, steps), steps);
    }
  }
  return {{"", positions, {}, 1}};
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP
