// Model: what a preset says of a model's rotary embedding, and the table that follows from it.
#ifndef ROPEWALK_MODEL_HPP
#define ROPEWALK_MODEL_HPP

#include <array>
#include <variant>

#include "ropewalk/build.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/frequencies.hpp"
#include "ropewalk/list.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/positions.hpp"
#include "ropewalk/table.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// How the axes of positions share a model's lanes.
enum class LaneRule {
  axis_after_axis,       ///< every axis has its own theta^(-2i / features)
  contiguous_sections,   ///< M-RoPE: one list of frequencies for all axes; see LaneOrder
  interleaved_sections,  ///< the same, axes in turn
  alternating_sections,  ///< the same, axes 1 and 2 in turn, then axis 0
  increasing,            ///< LTX: frequency-major over all heads together, identity lanes in front
};

/// Where a grid's cells stand on its axes.
enum class CellRule {
  integers,         ///< 0, 1, ... on every axis
  centred_planes,   ///< axis 0 (frames) from 0, the others around 0: Qwen-Image
  centres_in_turn,  ///< middles of the cells from -2 pi to 2 pi: DINOv3
  by_caller,        ///< fractions of what the caller knows, such as frames a second: LTX
};

struct ModelShape {
  Index heads;     ///< of queries
  Index kv_heads;  ///< of keys
  Index head_dim;
  Index offset = 0;  ///< the first feature that turns: those before it pass through
};

/// The scaling rules that need no lists of numbers: a preset is constant data.
using PresetScaling = std::variant<Unscaled, Linear, StaticNtk, Yarn, Llama3, Proportional>;

/// The rotary embedding of one model (or of one kind of its layers).
///
/// Shapes   axes: rotary features along each axis of the positions, or pairs where the lanes are
///          sections, as models' configurations have them; 0 stands for no axis
/// Source   models/models.hpp
struct Model {
  const char* name;
  ModelShape shape;
  std::array<Index, 4> axes;
  double theta;
  Pairing pairing = Pairing::interleaved;
  AngleSteps steps = AngleSteps::f32;
  PresetScaling scaling = Unscaled{};
  LaneRule lanes = LaneRule::axis_after_axis;
  CellRule cells = CellRule::integers;
  bool double_powers = false;  ///< frequencies in double, whatever the steps (LTX-2)

  /// The options for apply.
  Options options() const {
    Options result;
    result.pairing = pairing;
    return result;
  }
};

namespace detail {

inline List<Index> used_axes(const Model& model) {
  const Place place{"model_frequencies", "the model"};
  List<Index> axes;
  for (const Index features : model.axes) {
    if (features != 0) axes.push_back(features);
  }
  if (axes.empty()) fail(place, "axes", "is 0, must be 1 or more");
  if (model.lanes == LaneRule::increasing) {
    for (const Index features : axes) check_equal(place, "axis", features, axes.front());
  }
  return axes;
}

inline AngleSteps frequency_steps(const Model& model) {
  return model.double_powers ? AngleSteps::f64 : model.steps;
}

inline Scaling general_scaling(const Model& model) {
  return std::visit([](const auto& rule) -> Scaling { return rule; }, model.scaling);
}

inline Frequencies axis_frequencies(const Model& model, const List<Index>& axes) {
  List<Frequencies> lists;
  List<Index> pairs;
  for (const Index features : axes) {
    lists.push_back(
        frequencies(features, model.theta, general_scaling(model), {0, frequency_steps(model)}));
    pairs.push_back(lists.back().pairs);
  }
  return arrange(lists, axis_after_axis(pairs));
}

inline Frequencies section_frequencies(const Model& model, const LaneOrder& order) {
  const Index features = 2 * static_cast<Index>(order.lanes.size());
  return arrange(
      {frequencies(features, model.theta, general_scaling(model), {0, frequency_steps(model)})},
      order);
}

inline Frequencies increasing_over_heads(const Model& model, const List<Index>& axes) {
  const auto axis_count = static_cast<Index>(axes.size());
  const Index count = axes.front() / 2;
  const Frequencies list = increasing_frequencies(count, model.theta, frequency_steps(model));
  const Frequencies turning = arrange({axes.size(), list}, alternating(axis_count, count));
  const Index lanes = model.shape.heads * model.shape.head_dim / 2;
  return split_heads(model.shape.heads, with_identity_lanes(lanes - turning.pairs, turning));
}

inline Frequencies frequencies_of_lanes(const Model& model, const List<Index>& axes) {
  switch (model.lanes) {
    case LaneRule::contiguous_sections:
      return section_frequencies(model, contiguous_sections(axes));
    case LaneRule::interleaved_sections:
      return section_frequencies(model, interleaved_sections(axes));
    case LaneRule::alternating_sections:
      return section_frequencies(model, alternating_sections(axes));
    case LaneRule::increasing:
      return increasing_over_heads(model, axes);
    case LaneRule::axis_after_axis:
    default:
      return axis_frequencies(model, axes);
  }
}

}  // namespace detail

/// The frequencies of a model.
///
/// Shapes   [axes, 1, pairs]; [axes, heads, pairs] where LaneRule is increasing
/// Errors   std::invalid_argument: no axes, more pairs than the head has room for, axes that differ
///          where LaneRule is increasing
inline Frequencies model_frequencies(const Model& model) {
  Frequencies of = detail::frequencies_of_lanes(model, detail::used_axes(model));
  detail::check_at_most({"model_frequencies", "the model"}, "pairs", of.pairs,
                        (model.shape.head_dim - model.shape.offset) / 2);
  return of;
}

/// The positions of a grid's cells on a model's axes.
///
/// Errors   std::invalid_argument: a grid of more or fewer axes than the model has; a model whose
///          positions do not follow from the grid
inline Positions model_positions(const Model& model, const Grid& grid) {
  detail::check_equal({"model_positions", "the grid"}, "axes",
                      static_cast<Index>(grid.sizes.size()),
                      static_cast<Index>(detail::used_axes(model).size()));
  if (model.cells == CellRule::by_caller) {
    detail::fail("model_positions",
                 "a grid does not give the positions of %s, which depend on more than the cells; "
                 "pass Positions",
                 model.name);
  }
  List<List<double>> lists;
  for (const Index cells : grid.sizes) {
    if (model.cells == CellRule::centres_in_turn) {
      lists.push_back(cell_centres(cells, -2 * detail::pi, 2 * detail::pi));
    } else if (model.cells == CellRule::centred_planes && !lists.empty()) {
      lists.push_back(centred(cells));
    } else {
      lists.push_back(range(cells));
    }
  }
  return grid_positions(lists);
}

/// The table of a model for tokens at `positions`, in the steps that the model takes.
///
/// Shapes   as make_table; positions have one axis for each of the model's
/// Errors   std::invalid_argument: positions on more or fewer axes than the model has
template <class T = float>
Table<T> model_table(const Model& model, const Positions& positions) {
  return make_table<T>(positions, model_frequencies(model), model.steps);
}

/// The table of a model for every cell of a grid; of a language model: Grid{tokens}.
template <class T = float>
Table<T> model_table(const Model& model, const Grid& grid) {
  return model_table<T>(model, model_positions(model, grid));
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODEL_HPP
