// Errors that CUDA reports.
#ifndef ROPEWALK_CUDA_ERROR_CUH
#define ROPEWALK_CUDA_ERROR_CUH

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(cuda)

/// What CUDA said when a kernel could not be launched; what() carries its own text.
class Error : public std::runtime_error {
 public:
  Error(const std::string& text, cudaError_t code) : std::runtime_error(text), code_(code) {}
  cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// Raises cuda::Error; without exceptions, as the library's other errors do.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_cuda(const char* function,
                                                             const char* action, cudaError_t code) {
  const std::string what = std::string(action) + " failed: " + cudaGetErrorString(code) + " (" +
                           cudaGetErrorName(code) + ")";
#if ROPEWALK_EXCEPTIONS
  throw cuda::Error(std::string(function) + ": " + what, code);
#else
  fail(function, what);
#endif
}

/// Raises what `code` says, if it says anything, and takes it out of CUDA's record of the last
/// error, which is the caller's.
inline void check_cuda(const char* function, const char* action, cudaError_t code) {
  if (code == cudaSuccess) return;
  cudaGetLastError();
  fail_cuda(function, action, code);
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_ERROR_CUH
