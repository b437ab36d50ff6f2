// Every form for x of bf16, compiled once for all tests.
#include "forms.hpp"

namespace ropewalk_test {

template struct Forms<Eigen::bfloat16, double>;
template struct Forms<Eigen::bfloat16, float>;
template struct Forms<Eigen::bfloat16, Eigen::half>;
template struct Forms<Eigen::bfloat16, Eigen::bfloat16>;

}  // namespace ropewalk_test
