// The kernels for x in bfloat16.
#include "instantiate.hpp"

ROPEWALK_COMPILE_ROWS(Eigen::bfloat16, Eigen::bfloat16, Eigen::bfloat16)
ROPEWALK_COMPILE_ROWS(float, Eigen::bfloat16, Eigen::bfloat16)
ROPEWALK_COMPILE_ROWS(double, Eigen::bfloat16, Eigen::bfloat16)
ROPEWALK_COMPILE_ROWS(float, float, Eigen::bfloat16)
ROPEWALK_COMPILE_ROWS(double, double, Eigen::bfloat16)
