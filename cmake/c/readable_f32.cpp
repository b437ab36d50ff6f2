// The definitions for x in float.
#include "readable-inl.hpp"

template struct ropewalk_c::Readable<float>;
