// Every form for x of f64, compiled once for all tests.
#include "forms.hpp"

namespace ropewalk_test {

template struct Forms<double, double>;
template struct Forms<double, float>;
template struct Forms<double, Eigen::half>;
template struct Forms<double, Eigen::bfloat16>;

}  // namespace ropewalk_test
