// Every form for x of f32, compiled once for all tests.
#include "forms.hpp"

namespace ropewalk_test {

template struct Forms<float, double>;
template struct Forms<float, float>;
template struct Forms<float, Eigen::half>;
template struct Forms<float, Eigen::bfloat16>;

}  // namespace ropewalk_test
