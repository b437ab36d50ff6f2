// Models by handle.
#ifndef ROPEWALK_CMAKE_C_MODELS_HPP
#define ROPEWALK_CMAKE_C_MODELS_HPP

#include "arguments.hpp"

namespace ropewalk_c {

/// The model of a handle, which must be one of ropewalk_model_find.
const rw::Model& model_of(const char* function, const ropewalk_model* model);

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_MODELS_HPP
