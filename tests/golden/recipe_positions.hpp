// Where a model put its tokens: the builder inputs of a golden case as positions of the library.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pack.hpp"
#include "recipe.hpp"
#include "ropewalk/build/steps.hpp"  // for pi
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
inline Index known_axes(const Case& of) {
  if (!axis_dims(of).empty()) return static_cast<Index>(axis_dims(of).size());
  if (const Tensor* learned = of.find("pos_frequencies")) return learned->shape.at(0);
  return static_cast<Index>(sections_of(of).size());
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
inline IdLayout id_layout(const Case& of, const Tensor& ids, Index seq) {
  std::vector<Index> shape = ids.shape;
  const Index axes = known_axes(of);
  const bool first = !sections_of(of).empty();
  const bool last = !first && (axes > 1 || shape.back() != seq);
  const Index count = first ? shape.front() : last ? shape.back() : 1;
  if (first) shape.erase(shape.begin());
  if (last) shape.pop_back();
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  if (shape.size() != 2 || (axes != 0 && axes != count)) {
    throw PackError("case " + of.name + ": the shape of " + ids.name + " does not fit its axes");
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

/// The sizes of LTX that make coordinates fractions: seconds, rows, columns.
inline std::vector<double> bases_of(const Case& of) {
  return reals_of(of.get("base", "20,2048,2048"));
}

/// LTX: coordinates [batch, axes, seq] or intervals [batch, axes, seq, 2]; their middles as
/// fractions of the base, from -1 to 1.
inline ropewalk::Positions positions_of_coordinates(const Case& of, const Tensor& coordinates) {
  if (coordinates.shape.size() < 3) throw NoRecipe("coords that are not LTX's");
  const std::vector<double> values = numbers(coordinates);
  const std::vector<double> bases = bases_of(of);
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
        positions.push_back(2 * middle / bases.at(static_cast<std::size_t>(axis)) - 1);
      }
      along.push_back(ropewalk::id_positions(positions));
    }
    samples.push_back(ropewalk::zip_axes(along));
  }
  return ropewalk::stack(samples);
}

// From grids -------------------------------------------------------------------------------------

using Cells = std::vector<std::vector<double>>;

/// CogVideoX: rows and columns of a crop box, the end left out; the leading axis counts.
inline Cells cropped_cells(const Case& of, const std::vector<Index>& grid) {
  const std::vector<double> crops = reals_of(of.at("crops"));
  if (crops.size() != 4) throw PackError("case " + of.name + ": crops is " + of.at("crops"));
  Cells cells;
  const std::size_t uncropped = grid.size() - 2;
  for (std::size_t axis = 0; axis < grid.size(); ++axis) {
    const auto count = static_cast<double>(grid[axis]);
    const bool cropped = axis >= uncropped;
    const double first = cropped ? crops[axis - uncropped] : 0;
    const double stop = cropped ? crops[axis - uncropped + 2] : count;
    cells.push_back(ropewalk::linspace(grid[axis], first, stop * (count - 1) / count));
  }
  return cells;
}

/// Mochi: frames count, the centres of rows and columns fill an area like that of 192 x 192.
inline Cells mochi_cells(const std::vector<Index>& grid) {
  const double scale = 192 / std::sqrt(static_cast<double>(grid.at(1) * grid.at(2)));
  Cells cells{ropewalk::range(grid[0])};
  for (std::size_t axis = 1; axis < 3; ++axis) {
    const double half = static_cast<double>(grid[axis]) * scale / 2;
    cells.push_back(ropewalk::cell_centres(grid[axis], -half, half));
  }
  return cells;
}

/// CogView4: rows of a table of a fixed size, spread over the grid.
inline Cells rescaled_cells(const std::vector<Index>& grid, const std::vector<Index>& sizes) {
  Cells cells;
  for (std::size_t axis = 0; axis < grid.size(); ++axis) {
    cells.emplace_back();
    for (Index i = 0; i < grid[axis]; ++i) {
      cells.back().push_back(static_cast<double>(i * sizes.at(axis) / grid[axis]));
    }
  }
  return cells;
}

inline Cells cells_of_grid(const Case& of, const std::vector<Index>& grid) {
  const std::string type = of.get("grid_type", of.has("crops") ? "linspace" : "slice");
  if (type != "linspace" && type != "slice") throw PackError("unknown grid_type " + type);
  if (type == "linspace" && grid.size() >= 2) return cropped_cells(of, grid);
  if (of.find("pos_frequencies") != nullptr) return mochi_cells(grid);
  if (of.has("rope_axes_dim") && axis_dims(of).empty()) {
    return rescaled_cells(grid, sizes_of(of.at("rope_axes_dim")));
  }
  Cells cells;
  for (std::size_t axis = 0; axis < grid.size(); ++axis) {
    double first = 0;
    double step = 1;
    if (of.has("interpolation_scale")) {
      first = -1;
      step = 2 * reals_of(of.at("interpolation_scale")).at(axis) / bases_of(of).at(axis);
    }
    // Cosmos counts frames at 24 a second.
    else if (axis == 0 && is_given(of, "fps"))
      step = 24 / real_of(of.at("fps"));
    cells.push_back(ropewalk::range(grid[axis], first, step));
    // DINOv3 states its theta as a base: centres of cells from -1 to 1, in turns.
    if (!of.has("interpolation_scale") && of.has("base")) {
      const double turn = 2 * ropewalk::detail::pi;
      cells.back() = ropewalk::cell_centres(grid[axis], -turn, turn);
    }
  }
  return cells;
}

/// Qwen-Image: rows and columns around 0, one frame id an image; text follows the largest, alike
/// on all axes.
inline ropewalk::Positions positions_of_stream(const Case& of) {
  std::vector<ropewalk::Positions> images;
  Index start = 0;
  for (const std::string& text : detail::split(of.at("grid"), ';')) {
    const std::vector<Index> grid = sizes_of(text);
    if (grid.size() != 3) throw PackError("case " + of.name + ": grid is " + of.at("grid"));
    start = std::max({start, grid[1] / 2, grid[2] / 2});
    const auto frames = ropewalk::range(grid[0], static_cast<double>(images.size()));
    images.push_back(ropewalk::grid_positions(
        Cells{frames, ropewalk::centred(grid[1]), ropewalk::centred(grid[2])}));
  }
  if (of.at("stream") == "img") return ropewalk::concatenate(images);
  if (of.at("stream") != "txt") throw PackError("unknown stream " + of.at("stream"));
  const auto text = ropewalk::sequence_positions(of.integer("txt_len"), static_cast<double>(start));
  return ropewalk::zip_axes({text, text, text});
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

/// Helios: streams of frames with ids of their own, each on the same rows and columns.
inline std::vector<Part> streams_of_frames(const Case& of) {
  std::vector<Part> parts;
  for (const std::string& stream : detail::split(of.at("tokens"), ',')) {
    const std::string name = stream.substr(0, stream.find(':'));
    const Tensor& frames = of.tensor("frames_" + name);
    const std::vector<double> ids = numbers(frames);
    const std::vector<Index> plane = sizes_of(of.at("grid"));
    std::vector<Index> grid = {frames.shape.back()};
    grid.insert(grid.end(), plane.begin(), plane.end());
    std::vector<ropewalk::Positions> samples;
    for (auto first = ids.begin(); first != ids.end(); first += grid[0]) {
      Cells cells{{first, first + grid[0]}};
      for (const Index size : plane) cells.push_back(ropewalk::range(size));
      samples.push_back(ropewalk::grid_positions(cells));
    }
    const auto tokens = static_cast<Index>(real_of(stream.substr(stream.find(':') + 1)));
    parts.push_back({name, ropewalk::stack(samples), grid, window_for(grid, tokens)});
  }
  return parts;
}

/// The tokens of a table of `seq` rows.
inline std::vector<Part> parts_of(const Case& of, Index seq) {
  const auto is_stream = [](const Tensor& tensor) { return tensor.name.rfind("frames_", 0) == 0; };
  if (std::any_of(of.tensors.begin(), of.tensors.end(), is_stream)) return streams_of_frames(of);
  const auto alone = [](const ropewalk::Positions& positions) {
    return std::vector<Part>{{"", positions, {}, 1}};
  };
  for (const char* name : {"position_ids", "positions", "ids"}) {
    if (const Tensor* ids = of.find(name)) {
      return alone(positions_of_ids(*ids, id_layout(of, *ids, seq)));
    }
  }
  if (const Tensor* coords = of.find("coords")) return alone(positions_of_coordinates(of, *coords));
  if (of.has("stream")) return alone(positions_of_stream(of));
  const Index axes = known_axes(of);
  if (is_given(of, "grid")) {
    const std::vector<Index> grid = sizes_of(of.at("grid"));
    if (axes == 0 || axes == static_cast<Index>(grid.size())) {
      return alone(ropewalk::grid_positions(cells_of_grid(of, grid)));
    }
  }
  if (axes > 1) throw NoRecipe("no positions for " + std::to_string(axes) + " axes");
  return alone(ropewalk::sequence_positions(seq));
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_POSITIONS_HPP
