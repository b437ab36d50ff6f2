// The kernels for x in half.
#include "instantiate.hpp"

ROPEWALK_COMPILE_ROWS(Eigen::half, Eigen::half, Eigen::half)
ROPEWALK_COMPILE_ROWS(float, Eigen::half, Eigen::half)
ROPEWALK_COMPILE_ROWS(double, Eigen::half, Eigen::half)
ROPEWALK_COMPILE_ROWS(float, float, Eigen::half)
ROPEWALK_COMPILE_ROWS(double, double, Eigen::half)
