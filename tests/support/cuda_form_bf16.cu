// The CUDA form with x in bf16.
#include "cuda_form.cuh"

template void ropewalk_test::run_tables<Eigen::bfloat16>(const ropewalk_test::CudaCall&);
