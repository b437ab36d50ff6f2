// The definitions for x in bfloat16.
#include "readable-inl.hpp"

template struct ropewalk_c::Readable<Eigen::bfloat16>;
