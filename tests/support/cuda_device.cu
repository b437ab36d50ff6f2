// Whether there is a device.
#include <cuda_runtime.h>

#include "cuda_form.hpp"

bool ropewalk_test::has_cuda_device() {
  static const bool has = [] {
    int devices = 0;
    const bool found = cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
    cudaGetLastError();  // of the question
    return found;
  }();
  return has;
}
