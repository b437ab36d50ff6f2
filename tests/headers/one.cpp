// One of two translation units that include every header.
#include "everything.hpp"

#if defined(EIGEN_CXX11_TENSOR_TENSOR_H) || defined(EIGEN_CXX11_TENSOR_TENSOR_BASE_H)
#error "a header of the library includes <unsupported/Eigen/CXX11/Tensor>"
#endif

int answer_of_two();

int main() { return answer_of_two(); }
