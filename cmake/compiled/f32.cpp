// The kernels for x in float.
#include "instantiate.hpp"

ROPEWALK_COMPILE_ROWS(float, float, float)
ROPEWALK_COMPILE_ROWS(double, float, float)
ROPEWALK_COMPILE_ROWS(double, double, float)
