// Calls that must not compile, one for each name; the comment is how the compiler's first message
// must begin. run.sh defines one of the names, or none: then all that is left must compile.
#include <Eigen/Core>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>

#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;

template <class T, int Rank = 4, int Layout = Eigen::RowMajor>
using Map = Eigen::TensorMap<Eigen::Tensor<T, Rank, Layout>>;

const Eigen::DefaultDevice device;

}  // namespace

// With every warning that users may have on: clang++ saw a sign change in a tensor of rank 2.
void sound_calls(Map<float> out, Map<const float> x, Map<Eigen::half, 2> narrow,
                 Eigen::Tensor<float, 2, Eigen::RowMajor>& rank_2,
                 Eigen::Tensor<float, 3, Eigen::RowMajor>& rank_3, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
  rw::apply(device, narrow, narrow, table);
  rw::apply_inplace(device, std::tie(out, narrow), table);
  rw::apply_inplace(device, std::tie(rank_2, rank_3), table);
  rw::apply_strided(device, out, x, table);
  rw::apply_stack_flatten(device, out, x, table);
}

#if defined(INTEGER_SCALAR)
// the scalar of x and out must be float, double, half or bfloat16
void call(Map<int> out, Map<const int> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(INTEGER_SCALAR_IN_PLACE)
// the scalar of x and out must be float, double, half or bfloat16
void call(Map<long> x, const rw::Table<float>& table) { rw::apply_inplace(device, x, table); }
#elif defined(INTEGER_TABLE)
// the scalar of a table must be float, double, half or bfloat16
void call(Map<float> x, const rw::TableView<int>& table) { rw::apply_inplace(device, x, table); }
#elif defined(COLUMN_MAJOR_X)
// x and out must be row-major (Eigen::RowMajor)
void call(Map<float> out, Map<const float, 4, Eigen::ColMajor> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(COLUMN_MAJOR_OUT)
// x and out must be row-major (Eigen::RowMajor)
void call(Map<float, 3, Eigen::ColMajor> out, Map<float, 3> x, const rw::Table<float>& table) {
  rw::apply_stack_flatten(device, out, x, table);
}
#elif defined(CONST_OUT)
// out must not be const
void call(Map<const float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(CONST_OUT_OF_A_READABLE_FORM)
// out must not be const
void call(const Eigen::Tensor<float, 4, Eigen::RowMajor>& out, Map<const float> x,
          const rw::Table<float>& table) {
  rw::apply_strided(device, out, x, table);
}
#elif defined(CONST_IN_PLACE)
// out must not be const
void call(Map<float> q, Map<const float> k, const rw::Table<float>& table) {
  rw::apply_inplace(device, std::tie(q, k), table);
}
#elif defined(RANK_5)
// x and out must have rank 2, 3 or 4
void call(Map<float, 5> out, Map<const float, 5> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(RANK_1)
// x and out must have rank 2, 3 or 4
void call(Map<float, 1> x, const rw::Table<float>& table) { rw::apply_inplace(device, x, table); }
#elif defined(OUT_OF_A_THIRD_TYPE)
// the scalar of out must be that of x or the type that x and the table promote to
void call(Map<Eigen::half> out, Map<Eigen::bfloat16> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(OUT_OF_A_READABLE_FORM_WIDER_THAN_PROMOTED)
// the scalar of out must be that of x or the type that x and the table promote to
void call(Map<double> out, Map<Eigen::half> x, const rw::Table<float>& table) {
  rw::apply_strided(device, out, x, table);
}
#elif defined(FEWER_OUTS_THAN_TENSORS)
// apply needs one out for each x
void call(Map<float> out, Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply(device, std::tie(out), std::tie(q, k), table);
}
#endif
