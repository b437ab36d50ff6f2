// Tables from positions and frequencies, and the steps that some models take on tables.
#ifndef ROPEWALK_BUILD_HPP
#define ROPEWALK_BUILD_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/axial_options.hpp"
#include "ropewalk/frequencies.hpp"
#include "ropewalk/positions.hpp"
#include "ropewalk/table.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// cos and sin of angle[s, pair] = sum over the terms of pair: position[s, axis] * frequency, times
/// the attention factor. The one rule that makes every table.
///
/// Shapes   the table is [batch of the positions, seq, heads of the frequencies, pairs]
/// Units    angles in radians
/// Errors   std::invalid_argument: axes that differ; pairs without any term; a term of a pair or an
///          axis that there is not, or that is not finite
/// Source   the steps: see AngleSteps; the rule: Su et al. 2021, arXiv:2104.09864
/// Where every pair has one term, cos and sin are taken once for every distinct position on it.
template <class T = float>
Table<T> make_table(const Positions& positions, const Frequencies& frequencies,
                    AngleSteps steps = AngleSteps::f64);

/// The table of a grid whose axes each have their own features: image and video models.
///
/// Shapes   grid: cells along each axis; axes: rotary features along each; the table is
///          [1, product of the sizes, 1, sum of the features / 2], tokens row-major over the grid
/// Errors   std::invalid_argument: grid, axes, first and ids of different lengths; odd features;
///          sizes that overflow
/// Source   Helios {44, 42, 42} and theta 1e4; Wan2.2 the same
template <class T = float>
Table<T> axial_table(const Grid& grid, const List<Index>& axes, double theta = 1e4,
                     const AxialOptions& options = {});

/// Zeroes the rows of `count` tokens of one sample: padding that comes out as 0 (Lumina2, Z-Image).
///
/// Errors   std::invalid_argument: tokens or a sample that the table does not have
template <class T>
void zero_rows(Table<T>& table, Index batch, Index first, Index count);

/// The table on a grid filled up to multiples of `window`, by repeating the last cell of each axis.
///
/// Shapes   seq is the product of the grid's sizes, and then that of the padded sizes
/// Errors   std::invalid_argument: a seq that is not the grid's, a window that does not fit it
template <class T>
Table<T> replicate_pad(const Table<T>& table, const Grid& grid, const Grid& window);

/// The mean of cos and of sin over every window of the grid: rows that are shorter than 1, for
/// history at lower resolution. What the windows lack at the end of an axis repeats its last cell.
///
/// Shapes   seq: the product of the grid's sizes, then of those divided by the window, rounded up
/// Errors   std::invalid_argument: a seq that is not the grid's, a window that does not fit it
/// Source   center_down_sample_3d in Helios, and HunyuanVideo-FramePack
template <class T>
Table<T> average_pool(const Table<T>& table, const Grid& grid, const Grid& window);

ROPEWALK_END_NAMESPACE

#include "ropewalk/build/pooling.hpp"  // for the definitions of the steps on tables
#include "ropewalk/build/rows.hpp"     // for the definitions of make_table and axial_table

#endif  // ROPEWALK_BUILD_HPP
