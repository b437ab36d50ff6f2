// The definitions for x in half.
#include "readable-inl.hpp"

template struct ropewalk_c::Readable<Eigen::half>;
