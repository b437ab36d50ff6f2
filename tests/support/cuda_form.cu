// The CUDA form's call by x's type.
#include "cuda_form.cuh"

namespace ropewalk_test {

void run_on_cuda(const CudaCall& call) {
  switch (call.x.dtype) {
    case Dtype::f64:
      return run_tables<double>(call);
    case Dtype::f32:
      return run_tables<float>(call);
    case Dtype::f16:
      return run_tables<Eigen::half>(call);
    case Dtype::bf16:
      return run_tables<Eigen::bfloat16>(call);
  }
}

}  // namespace ropewalk_test
