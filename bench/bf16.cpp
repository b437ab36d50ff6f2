#include "session.hpp"

template void ropewalk_bench::run_dtype<Eigen::bfloat16>(Session&, const Preset&);
