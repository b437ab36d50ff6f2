// Every form for x of f16, compiled once for all tests.
#include "forms.hpp"

namespace ropewalk_test {

template struct Forms<Eigen::half, double>;
template struct Forms<Eigen::half, float>;
template struct Forms<Eigen::half, Eigen::half>;
template struct Forms<Eigen::half, Eigen::bfloat16>;

}  // namespace ropewalk_test
