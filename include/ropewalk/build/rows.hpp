// Rows of cos and sin: once for every distinct position on an axis where that suffices.
#ifndef ROPEWALK_BUILD_ROWS_HPP
#define ROPEWALK_BUILD_ROWS_HPP

#include <algorithm>
#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/build/axial_options.hpp"
#include "ropewalk/build/frequencies.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/position_types.hpp"
#include "ropewalk/build/positions.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/build/term_rules.hpp"
#include "ropewalk/table.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// The angle with one more term of the rule, in the type in which the steps take it. The sum
/// starts from 0, so that a frequency of 0 gives 0, never -0.
inline double turned(double angle, double position, double frequency, AngleSteps steps) {
  if (steps == AngleSteps::f32) {
    const float term = rounded_product(rounded_to_float(position), rounded_to_float(frequency));
    return rounded_sum(rounded_to_float(angle), term);
  }
  return rounded_sum(angle, rounded_product(position, frequency));
}

/// Writes cos and sin of an angle, times the attention factor.
template <class T>
struct Turn {
  AngleSteps steps;
  double attention_factor;

  void operator()(double angle, T* cos, T* sin) const {
    if (steps != AngleSteps::f64) angle = rounded_to_float(angle);
    *cos = scaled(cosine(angle));
    *sin = scaled(sine(angle));
  }

  T scaled(double value) const {
    if (steps == AngleSteps::f64) return narrow<T>(rounded_product(value, attention_factor));
    const float factor = rounded_to_float(attention_factor);
    return narrow<T>(rounded_product(rounded_to_float(value), factor));
  }
};

/// The frequencies of the pairs that one axis turns, and their rows [cos | sin] at every distinct
/// position.
template <class T>
struct AxisRows {
  List<double> frequencies;
  List<T> rows;
};

/// Pairs that follow one another both in the table and in an axis' rows: one copy.
struct Run {
  std::size_t axis;
  Index from, head, pair, count;
};

/// The one term of each pair, of frequency 0 where it has none; no terms at all if some pair has
/// several.
inline List<Term> term_of_pairs(const Frequencies& frequencies) {
  List<Term> term_of(static_cast<std::size_t>(frequencies.heads * frequencies.pairs),
                     Term{-1, 0, 0});
  for (const Term& term : frequencies.terms) {
    Term& of = term_of[static_cast<std::size_t>(term.pair)];
    if (of.pair != -1) return {};
    of = term;
  }
  return term_of;
}

template <class T>
List<AxisRows<T>> axis_rows(const Positions& positions, const List<Term>& term_of,
                            const Turn<T>& turn) {
  List<AxisRows<T>> all(positions.axes.size());
  for (const Term& term : term_of) {
    all[static_cast<std::size_t>(term.axis)].frequencies.push_back(term.frequency);
  }
  for (std::size_t axis = 0; axis < all.size(); ++axis) {
    const List<double>& frequencies = all[axis].frequencies;
    all[axis].rows.resize(2 * frequencies.size() * positions.axes[axis].values.size());
    T* cos = all[axis].rows.data();
    for (const double position : positions.axes[axis].values) {
      for (std::size_t i = 0; i < frequencies.size(); ++i) {
        turn(turned(0, position, frequencies[i], turn.steps), cos + i,
             cos + frequencies.size() + i);
      }
      cos += 2 * frequencies.size();
    }
  }
  return all;
}

inline List<Run> runs_of(const List<Term>& term_of, Index axes, Index pairs) {
  List<Run> runs;
  List<Index> taken(static_cast<std::size_t>(axes), 0);
  for (std::size_t i = 0; i < term_of.size(); ++i) {
    const auto pair = static_cast<Index>(i);
    const auto axis = static_cast<std::size_t>(term_of[i].axis);
    const bool goes_on = pair % pairs != 0 && runs.back().axis == axis;
    if (!goes_on) runs.push_back({axis, taken[axis], pair / pairs, pair % pairs, 0});
    ++runs.back().count;
    ++taken[axis];
  }
  return runs;
}

/// Every row from the rows of its positions on each axis.
template <class T>
void assemble(const Positions& positions, const List<AxisRows<T>>& axes, const List<Run>& runs,
              Table<T>& table) {
  std::size_t token = 0;
  for (Index b = 0; b < table.batch(); ++b) {
    for (Index s = 0; s < table.seq(); ++s, ++token) {
      T* const row = table.cos(b, s);
      for (const Run& run : runs) {
        const AxisRows<T>& axis = axes[run.axis];
        const auto pairs = static_cast<Index>(axis.frequencies.size());
        const Index position = positions.axes[run.axis].index[token];
        const T* const from = axis.rows.data() + position * 2 * pairs + run.from;
        T* const to = row + run.head * 2 * table.pairs() + run.pair;
        std::copy_n(from, run.count, to);
        std::copy_n(from + pairs, run.count, to + table.pairs());
      }
    }
  }
}

/// The rule as it stands, for pairs that several axes turn (Mochi's learned frequencies).
template <class T>
void fill_by_rule(const Positions& positions, const Frequencies& frequencies, const Turn<T>& turn,
                  Table<T>& table) {
  const Index pairs = table.pairs();
  List<double> token(positions.axes.size());
  List<double> angles(static_cast<std::size_t>(table.heads() * pairs));
  for (Index b = 0; b < table.batch(); ++b) {
    for (Index s = 0; s < table.seq(); ++s) {
      for (std::size_t axis = 0; axis < token.size(); ++axis) {
        token[axis] = positions.at(static_cast<Index>(axis), b, s);
      }
      for (double& angle : angles) angle = 0;  // std::fill of doubles would be shared code
      for (const Term& term : frequencies.terms) {
        double& angle = angles[static_cast<std::size_t>(term.pair)];
        const double position = token[static_cast<std::size_t>(term.axis)];
        angle = turned(angle, position, term.frequency, turn.steps);
      }
      for (Index head = 0; head < table.heads(); ++head) {
        const double* of_head = angles.data() + head * pairs;
        for (Index i = 0; i < pairs; ++i) {
          turn(of_head[i], table.cos(b, s, head) + i, table.sin(b, s, head) + i);
        }
      }
    }
  }
}

/// An option that is given has one entry an axis.
template <class List>
void check_given(const char* argument, const List& list, std::size_t axes) {
  if (list.empty()) return;
  check_equal({"axial_table", argument}, "length", static_cast<Index>(list.size()),
              static_cast<Index>(axes));
}

/// The positions along every axis of the grid: explicit ids where given, else counted from first.
inline List<List<double>> axial_positions(const Grid& grid, const AxialOptions& options) {
  check_given("first", options.first, grid.sizes.size());
  check_given("ids", options.ids, grid.sizes.size());
  cells_of({"axial_table", "the grid"}, grid);
  List<List<double>> lists;
  for (std::size_t axis = 0; axis < grid.sizes.size(); ++axis) {
    const bool given = !options.ids.empty() && !options.ids[axis].empty();
    if (given) {
      const auto length = static_cast<Index>(options.ids[axis].size());
      check_equal({"axial_table", "ids"}, "an axis", length, grid.sizes[axis]);
      lists.push_back(options.ids[axis]);
    } else {
      lists.push_back(range(grid.sizes[axis], options.first.empty() ? 0 : options.first[axis], 1));
    }
  }
  return lists;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class T>
Table<T> make_table(const Positions& positions, const Frequencies& frequencies, AngleSteps steps) {
  detail::check_positions({"make_table", "positions"}, positions);
  detail::check_frequencies({"make_table", "frequencies"}, frequencies);
  detail::check_equal({"make_table", "positions"}, "axes",
                      static_cast<Index>(positions.axes.size()), frequencies.axes);
  if (frequencies.axes == 0) {
    detail::fail({"make_table", "positions"}, "axes", "is 0, must be 1 or more");
  }
  const bool has_pairs = frequencies.heads > 0 && frequencies.pairs > 0;
  detail::check_at_least({"make_table", "frequencies"}, "terms",
                         static_cast<Index>(frequencies.terms.size()), has_pairs ? 1 : 0);
  Table<T> table({positions.batch, positions.seq, frequencies.heads, frequencies.pairs},
                 typename Table<T>::Unset{});
  if (!has_pairs) return table;
  const detail::Turn<T> turn{steps, frequencies.attention_factor};
  const List<Term> term_of = detail::term_of_pairs(frequencies);
  if (term_of.empty()) {
    detail::fill_by_rule(positions, frequencies, turn, table);
  } else {
    const auto axes = detail::axis_rows(positions, term_of, turn);
    const auto runs = detail::runs_of(term_of, frequencies.axes, frequencies.pairs);
    detail::assemble(positions, axes, runs, table);
  }
  return table;
}

template <class T>
Table<T> axial_table(const Grid& grid, const List<Index>& axes, double theta,
                     const AxialOptions& options) {
  detail::check_equal({"axial_table", "axes"}, "length", static_cast<Index>(axes.size()),
                      static_cast<Index>(grid.sizes.size()));
  for (const Index dim : axes) {
    detail::check_not_negative({"axial_table", "axes"}, "an entry", dim);
    detail::check_even({"axial_table", "axes"}, "an entry", dim);
  }
  detail::check_positive({"axial_table", "the table"}, "theta", theta);
  const Positions positions = grid_positions(detail::axial_positions(grid, options));
  return make_table<T>(positions, detail::axial_frequencies(axes, theta, options.steps),
                       options.steps);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_ROWS_HPP
