// Positions as data: where every token stands on every axis.
#ifndef ROPEWALK_BUILD_POSITION_TYPES_HPP
#define ROPEWALK_BUILD_POSITION_TYPES_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/base/shape.hpp"  // for Size

ROPEWALK_BEGIN_NAMESPACE

/// Where every token stands: one entry of `axes` an axis, over the tokens [batch, seq].
///
/// Shapes   every axis has batch * seq entries in `index`; batch is 1 where all samples agree
/// Units    whatever the frequencies are radians per
struct Positions {
  /// The positions on one axis, each distinct one once: that of token i is values[index[i]]. Tokens
  /// share few positions, and a table then takes cos and sin of each only once.
  struct Axis {
    List<double> values;
    List<Index> index;
  };

  Index batch = 1;
  Index seq = 0;
  List<Axis> axes;

  /// The position of one token on one axis.
  double at(Index axis, Index b, Index s) const {
    const Axis& along = axes[static_cast<std::size_t>(axis)];
    return along
        .values[static_cast<std::size_t>(along.index[static_cast<std::size_t>(b * seq + s)])];
  }
};

/// Cells along each axis of a grid, the outermost first: Grid{frames, rows, columns}. A text is a
/// grid of one axis, Grid{seq}: positions 0 to seq - 1.
struct Grid {
  List<Index> sizes;  ///< one an axis

  /// Of sizes of any integer types.
  // No std::initializer_list of a type of ours: units of other flags would share its functions.
  template <class... Sizes, class = std::enable_if_t<(detail::is_size<Sizes> && ...)>>
  Grid(Sizes... of) {
    (sizes.push_back(detail::Size(of).value), ...);
  }
  /// Of as many axes as the list has entries.
  explicit Grid(List<Index> list) : sizes(std::move(list)) {}
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_POSITION_TYPES_HPP
