// The CUDA form with x in f32.
#include "cuda_form.cuh"

template void ropewalk_test::run_tables<float>(const ropewalk_test::CudaCall&);
