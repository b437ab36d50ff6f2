// The CUDA form with x in f64.
#include "cuda_form.cuh"

template void ropewalk_test::run_tables<double>(const ropewalk_test::CudaCall&);
