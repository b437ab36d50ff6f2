// What axial_table may be told.
#ifndef ROPEWALK_BUILD_AXIAL_OPTIONS_HPP
#define ROPEWALK_BUILD_AXIAL_OPTIONS_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/frequency_types.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// What axial_table may be told.
struct AxialOptions {
  List<double> first;      ///< position of the first cell on each axis; none: 0
  List<List<double>> ids;  ///< positions of the cells; an empty list counts on
  AngleSteps steps = AngleSteps::f64;
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_AXIAL_OPTIONS_HPP
