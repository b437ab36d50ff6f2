// The frequencies, positions and table that follow from a Model.
#ifndef ROPEWALK_MODEL_HPP
#define ROPEWALK_MODEL_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build.hpp"
#include "ropewalk/build/model_types.hpp"  // for Model
#include "ropewalk/frequencies.hpp"
#include "ropewalk/positions.hpp"
#include "ropewalk/table.hpp"

ROPEWALK_BEGIN_NESTED(detail)

inline List<Index> used_axes(const Model& model) {
  const Place place{"model_frequencies", "the model"};
  List<Index> axes;
  for (const Index features : model.axes) {
    if (features != 0) axes.push_back(features);
  }
  if (axes.empty()) fail(place, "axes", "is 0, must be 1 or more");
  if (model.increasing) {
    check_even(place, "axis", axes.front());
    for (const Index features : axes) check_equal(place, "axis", features, axes.front());
  }
  return axes;
}

inline AngleSteps frequency_steps(const Model& model) {
  return model.double_powers ? AngleSteps::f64 : model.steps;
}

inline Frequencies list_of_width(const Model& model, Index features) {
  return frequencies(features, model.theta, model.scaling, {0, frequency_steps(model)});
}

/// The axes' own lists, or the one that they share where their pairs are in sections.
inline Frequencies decreasing_frequencies(const Model& model, const List<Index>& axes) {
  List<Frequencies> lists;
  if (model.terms == TermRule::axis_after_axis || model.terms == TermRule::alternating) {
    for (const Index features : axes) lists.push_back(list_of_width(model, features));
    return arrange(lists, model.terms);
  }
  return arrange({list_of_width(model, 2 * sum_of(axes))}, model.terms, axes);
}

/// Over all heads together, identity pairs in front.
inline Frequencies increasing_over_heads(const Model& model, const List<Index>& axes) {
  const Frequencies list =
      increasing_frequencies(axes.front() / 2, model.theta, frequency_steps(model));
  const Frequencies turning = arrange(List<Frequencies>(axes.size(), list), model.terms);
  const Index pairs = model.shape.heads * model.shape.head_dim / 2;
  return split_heads(model.shape.heads, with_identity_pairs(pairs - turning.pairs, turning));
}

/// A number as the steps hold it.
inline double in_steps(double value, AngleSteps steps) {
  return steps == AngleSteps::f32 ? rounded_to_float(value) : value;
}

/// The middles of the cells from -2 pi to 2 pi: (i + 0.5) / cells, times 2, minus 1, times 2 pi.
inline List<double> centres_in_turn(Index cells, AngleSteps steps) {
  const double turn = in_steps(2 * pi, steps);
  List<double> centres = range(cells, 0.5);
  for (double& centre : centres) {
    centre = in_steps(rounded_quotient(centre, as_double(cells)), steps);
    centre = in_steps(rounded_difference(rounded_product(2.0, centre), 1.0), steps);
    centre = in_steps(rounded_product(turn, centre), steps);
  }
  return centres;
}

/// 2 * fraction - 1.
inline Positions from_fractions(Positions positions, AngleSteps steps) {
  for (Positions::Axis& axis : positions.axes) {
    for (double& value : axis.values) {
      const double twice = rounded_product(2.0, in_steps(value, steps));
      value = in_steps(rounded_difference(twice, 1.0), steps);
    }
  }
  return positions;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The frequencies of a model.
///
/// Shapes   [axes, 1, pairs]; [axes, heads, pairs] where they increase
/// Errors   std::invalid_argument: no axes, more pairs than the head has room for, axes that differ
///          where they increase
inline Frequencies model_frequencies(const Model& model) {
  const List<Index> axes = detail::used_axes(model);
  Frequencies of = model.increasing ? detail::increasing_over_heads(model, axes)
                                    : detail::decreasing_frequencies(model, axes);
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
  if (model.cells == Model::Cells::fractions || model.cells == Model::Cells::by_caller) {
    detail::fail("model_positions",
                 "a grid does not give the positions of %s, which depend on more than the cells; "
                 "pass Positions",
                 model.name);
  }
  List<List<double>> lists;
  for (const Index cells : grid.sizes) {
    if (model.cells == Model::Cells::centres_in_turn) {
      lists.push_back(detail::centres_in_turn(cells, model.steps));
    } else if (model.cells == Model::Cells::centred_planes && !lists.empty()) {
      lists.push_back(centred(cells));
    } else {
      lists.push_back(range(cells));
    }
  }
  return grid_positions(lists);
}

/// The table of a model for tokens at `positions`, in the steps that the model takes. T is the type
/// in which its code holds it: model.table_type.
///
/// Shapes   as make_table; positions have one axis for each of the model's
/// Errors   std::invalid_argument: positions on more or fewer axes than the model has
template <class T = float>
Table<T> model_table(const Model& model, const Positions& positions) {
  const Frequencies list = model_frequencies(model);
  detail::check_equal({"model_table", "positions"}, "axes",
                      static_cast<Index>(positions.axes.size()), list.axes);
  if (model.cells != Model::Cells::fractions) return make_table<T>(positions, list, model.steps);
  return make_table<T>(detail::from_fractions(positions, model.steps), list, model.steps);
}

/// The table of a model for every cell of a grid; of a language model: Grid{tokens}.
template <class T = float>
Table<T> model_table(const Model& model, const Grid& grid) {
  return model_table<T>(model, model_positions(model, grid));
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODEL_HPP
