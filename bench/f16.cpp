#include "session.hpp"

template void ropewalk_bench::run_dtype<Eigen::half>(Session&, const Preset&);
