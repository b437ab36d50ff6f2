// The kernels for x in double, and what widens tables for those of every type.
#include "instantiate.hpp"

ROPEWALK_COMPILE_ROWS(double, double, double)

ROPEWALK_COMPILE_ENTRIES(float, float)
ROPEWALK_COMPILE_ENTRIES(float, Eigen::half)
ROPEWALK_COMPILE_ENTRIES(float, Eigen::bfloat16)
ROPEWALK_COMPILE_ENTRIES(double, double)
ROPEWALK_COMPILE_ENTRIES(double, float)
ROPEWALK_COMPILE_ENTRIES(double, Eigen::half)
ROPEWALK_COMPILE_ENTRIES(double, Eigen::bfloat16)
