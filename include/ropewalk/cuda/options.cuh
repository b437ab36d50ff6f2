// How a call runs on CUDA.
#ifndef ROPEWALK_CUDA_OPTIONS_CUH
#define ROPEWALK_CUDA_OPTIONS_CUH

#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_TYPES
namespace cuda {

/// How a call runs on a device; the bits are the same whatever it says.
struct CudaOptions {
  /// Asks the driver whether data is memory that it knows, which takes time.
  bool check_pointers = false;
};

}  // namespace cuda
ROPEWALK_END_TYPES

#endif  // ROPEWALK_CUDA_OPTIONS_CUH
