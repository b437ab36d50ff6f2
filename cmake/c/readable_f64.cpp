// The definitions for x in double.
#include "readable-inl.hpp"

template struct ropewalk_c::Readable<double>;
