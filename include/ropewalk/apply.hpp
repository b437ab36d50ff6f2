// The public entry: what an engine calls.
#ifndef ROPEWALK_APPLY_HPP
#define ROPEWALK_APPLY_HPP

#include "ropewalk/forms/stack_flatten.hpp"
#include "ropewalk/forms/strided.hpp"

#endif  // ROPEWALK_APPLY_HPP
