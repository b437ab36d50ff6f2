#include "session.hpp"

template void ropewalk_bench::run_dtype<float>(Session&, const Preset&);
