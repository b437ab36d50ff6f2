// The CUDA form with x in f16.
#include "cuda_form.cuh"

template void ropewalk_test::run_tables<Eigen::half>(const ropewalk_test::CudaCall&);
