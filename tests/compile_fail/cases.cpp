// Calls that must not compile, one for each name; the comment is how the compiler's first message
// must begin. run.sh defines one of the names, or none: what is left then must compile.
#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "../support/dlpack.hpp"
#include "ropewalk/ropewalk.hpp"

// A user's own tensors and tables, which know nothing of the library but how it looks for them.
namespace engine {

struct Tensor {
  float* data;
  std::size_t tokens, heads, head_dim;
};

ropewalk::View<float> as_view(const Tensor& tensor) {
  return {tensor.data, {1, tensor.tokens, tensor.heads, tensor.head_dim}};
}

// Like Eigen::ThreadPool, which Eigen declares for EIGEN_USE_THREADS alone.
struct Pool {
  void Schedule(void (*)());
};

// Its own as_view comes before that of Eigen's tensors, which would refuse its layout.
struct Derived : Eigen::Tensor<float, 3> {};

ropewalk::View<float> as_view(Derived& tensor) { return {tensor.data(), {1, 2, 3, 4}}; }

// Without one, but with the members of Eigen's tensors.
template <class T, int Rank, int Order = Eigen::RowMajor>
struct Dense {
  using Scalar = T;
  enum { NumIndices = Rank, Layout = Order };
  std::size_t dimension(int axis) const { return sizes[axis]; }
  const T* data() const { return values; }
  T* data() { return values; }
  std::size_t sizes[Rank];
  T values[24];
};

// Like std::mdspan.
template <class T, std::size_t Rank>
struct Span {
  static constexpr std::size_t rank() { return Rank; }
  std::size_t extent(std::size_t axis) const { return sizes[axis]; }
  std::size_t stride(std::size_t axis) const { return strides[axis]; }
  T* data_handle() const { return data; }
  T* data;
  std::size_t sizes[Rank], strides[Rank];
};

struct Constants {
  std::vector<float> cos, sin;
};

// An engine's own functions of the same names, called by argument-dependent look-up.
struct Layer {};
struct Attention : Layer {};
void apply(const Layer&, ropewalk::View<float>, const ropewalk::Table<float>&) {}
void apply_inplace(ropewalk::View<const float>, const ropewalk::Table<float>&) {}

ropewalk::TableView<float> as_table(const Constants& table) {
  const ropewalk::Shape shape{1, table.cos.size(), 1, 1};
  return ropewalk::half_table(ropewalk::View<const float>(table.cos.data(), shape),
                              ropewalk::View<const float>(table.sin.data(), shape));
}

}  // namespace engine

namespace {

namespace rw = ropewalk;

template <class T, int Rank = 4, int Layout = Eigen::RowMajor>
using Map = Eigen::TensorMap<Eigen::Tensor<T, Rank, Layout>>;

const Eigen::DefaultDevice device;
[[maybe_unused]] const std::array<Eigen::Index, 3> starts{};
[[maybe_unused]] const std::array<Eigen::Index, 3> sizes{1, 1, 2};

}  // namespace

#if defined(INTEGER_SCALAR)
// the scalar of x and out must be float, double, half or bfloat16
void call(Map<int> out, Map<const int> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(INTEGER_SCALAR_IN_PLACE)
// the scalar of x and out must be float, double, half or bfloat16
void call(Map<long> x, const rw::Table<float>& table) { rw::apply_inplace(device, x, table); }
#elif defined(BITS_FOR_A_VIEW_OF_A_CACHE)
// the scalar of x and out must be float, double, half or bfloat16; of std::uint16_t pass
// as_bfloat16
auto call(std::uint16_t* cache) { return rw::bhsd_view(cache, {1, 2, 3, 4}); }
#elif defined(BITS_FOR_A_VIEW_OF_A_PRODUCT)
// the scalar of x and out must be float, double, half or bfloat16; of std::uint16_t pass
// as_bfloat16
auto call(std::uint16_t* projected) { return rw::grouped_qkv_view(projected, {1, 2, 3, 4}, 1); }
#elif defined(BITS_IN_A_TENSOR)
// the scalar of x and out must be float, double, half or bfloat16; of std::uint16_t pass
// as_bfloat16
void call(Map<std::uint16_t> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table);
}
#elif defined(NORM_OF_DOUBLE)
// x of a norm must be float, half or bfloat16, not double
void call(Map<double> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, rw::rms_norm_without_weight(1e-6), table);
}
#elif defined(NORM_INTO_ANOTHER_TYPE)
// out of a norm must have the type of x
void call(Map<float> out, Map<Eigen::half> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, rw::rms_norm_without_weight(1e-6), table);
}
#elif defined(NORM_BY_ANOTHER_WEIGHT)
// the weight of a norm must be float or of x's type
void call(Map<float> x, const Eigen::half* weight, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, rw::rms_norm_torch(weight, 64), table);
}
#elif defined(NORMS_FEWER_THAN_TENSORS)
// one norm for each x is needed, no_norm where there is none
void call(Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply_inplace(device, std::tie(q, k), std::tuple{rw::no_norm}, table);
}
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
#elif defined(COLUMN_MAJOR_OF_AN_ENGINE)
// x and out must be row-major (Eigen::RowMajor)
void call(Map<float> out, const engine::Dense<float, 3, Eigen::ColMajor>& x,
          const rw::Table<float>& table) {
  rw::apply(rw::serial, out, x, table);
}
#elif defined(RANK_5_IN_PLACE)
// x and out must have rank 2, 3 or 4
void call(Eigen::Tensor<float, 5, Eigen::RowMajor>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(INTEGERS_OF_AN_ENGINE)
// the scalar of x and out must be float, double, half or bfloat16
void call(engine::Dense<int, 3>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(MDSPAN_OF_RANK_5)
// x and out must have rank 2, 3 or 4
void call(const engine::Span<float, 5>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(MDSPAN_OF_INTEGERS)
// the scalar of x and out must be float, double, half or bfloat16
void call(const engine::Span<int, 3>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(MDSPAN_OF_CONST_IN_PLACE)
// x must not be const, since it is written
void call(const engine::Span<const float, 3>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(CONST_OF_AN_ENGINE_IN_PLACE)
// x must not be const, since it is written
void call(const engine::Dense<float, 3>& x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::serial, x, table);
}
#elif defined(OWN_VIEW_THAT_DOES_NOT_TAKE_IT)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(Map<float, 3> out, const engine::Derived& x, const rw::Table<float>& table) {
  rw::apply(rw::serial, out, x, table);
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
// x must not be const
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
// one out for each x is needed
void call(Map<float> out, Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply(device, std::tie(out), std::tie(q, k), table);
}
#elif defined(NO_TENSORS)
// std::tie() holds no tensor
void call(const rw::Table<float>& table) { rw::apply_inplace(device, std::tie(), table); }
#elif defined(INTEGER_TABLE_THAT_OWNS)
// the scalar of a table must be float, double, half or bfloat16
void call(Map<float> x, const rw::Table<int>& table) { rw::apply_inplace(device, x, table); }

// In the place of a tensor: something else.
#elif defined(SLICE_FOR_X)
// x is an Eigen expression (a slice, a chip)
void call(Map<float, 3> out, Map<const float, 3> x, const rw::Table<float>& table) {
  rw::apply(device, out, x.slice(starts, sizes), table);
}
#elif defined(CHIP_FOR_X)
// x is an Eigen expression (a slice, a chip)
void call(Map<float, 3> out, Map<const float, 4> x, const rw::Table<float>& table) {
  rw::apply_strided(device, out, x.chip(0, 0), table);
}
#elif defined(SUM_FOR_X)
// x is an Eigen expression (a slice, a chip)
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply_stack_flatten(device, out, x + x, table);
}
#elif defined(SLICE_FOR_OUT)
// out is an Eigen expression (a slice, a chip)
void call(Map<float, 3> out, Map<const float, 3> x, const rw::Table<float>& table) {
  rw::apply(device, out.slice(starts, sizes), x, table);
}
#elif defined(CHIP_IN_PLACE)
// x is an Eigen expression (a slice, a chip)
void call(Eigen::Tensor<float, 4, Eigen::RowMajor>& x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x.chip(0, 0), table);
}
#elif defined(SLICE_AMONG_SEVERAL)
// x is an Eigen expression (a slice, a chip)
void call(Map<float, 3> q, Map<float, 3> k, const rw::Table<float>& table) {
  auto slice = k.slice(starts, sizes);
  rw::apply_inplace(device, std::tie(q, slice), table);
}
#elif defined(SLICE_AMONG_SEVERAL_OUTS)
// out is an Eigen expression (a slice, a chip)
void call(Map<float, 3> q, Map<float, 3> k, const rw::Table<float>& table) {
  auto slice = k.slice(starts, sizes);
  rw::apply(device, std::tie(q, slice), std::tie(q, k), table);
}
#elif defined(MATRIX_FOR_X)
// x is an Eigen Matrix, Array or Map
void call(Map<float> out, const Eigen::MatrixXf& x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(ARRAY_MAP_IN_PLACE)
// x is an Eigen Matrix, Array or Map
void call(Eigen::Map<Eigen::ArrayXXf> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table);
}
#elif defined(BLOCK_FOR_OUT)
// out is an Eigen Matrix, Array or Map
void call(Eigen::MatrixXf& out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply_strided(device, out.topRows(2), x, table);
}
#elif defined(POINTER_FOR_X)
// x is a pointer, must be View(pointer, shape)
void call(Map<float> out, const float* x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(C_ARRAY_FOR_OUT)
// out is a pointer, must be View(pointer, shape)
void call(float (&out)[8], Map<const float> x, const rw::Table<float>& table) {
  rw::apply_stack_flatten(device, out, x, table);
}
#elif defined(VECTOR_IN_PLACE)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(std::vector<float>& x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table);
}
#elif defined(VECTOR_FOR_OUT)
// out must be a View, a row-major Eigen TensorMap or Tensor
void call(std::vector<float>& out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}
#elif defined(TUPLE_WITH_COPIES_OF_TENSORS)
// x must not be const, since it is written; std::tuple{q, k} of tensors holds copies
void call(Eigen::Tensor<float, 3, Eigen::RowMajor>& q, Map<float, 3> k,
          const rw::Table<float>& table) {
  rw::apply_inplace(device, std::tuple{k, q}, table);
}
#elif defined(TUPLE_WITH_COPIES_OF_OUTS)
// out must not be const, since it is written; std::tuple{q, k} of tensors holds copies
void call(Eigen::Tensor<float, 3, Eigen::RowMajor>& q, Map<float, 3> k,
          const rw::Table<float>& table) {
  rw::apply(device, std::tuple{k, q}, std::tuple{k, q}, table);
}
#elif defined(TUPLE_WITH_COPIES_FOR_A_MODEL)
// x must not be const, since it is written; std::tuple{q, k} of tensors holds copies
void call(Eigen::Tensor<float, 3, Eigen::RowMajor>& q, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, std::tuple{q, q}, model, table);
}
#elif defined(TUPLE_FOR_X_ALONE)
// x is a tuple
void call(rw::View<float> out, rw::View<float> q, const rw::Table<float>& table) {
  rw::apply(device, out, std::tuple{q, q}, table);
}
#elif defined(TUPLE_FOR_OUT_ALONE)
// out is a tuple
void call(rw::View<float> out, rw::View<float> q, const rw::Table<float>& table) {
  rw::apply(device, std::tuple{out, out}, q, table);
}
#elif defined(TUPLE_FOR_A_READABLE_FORM)
// out is a tuple
void call(Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply_strided(device, std::tie(q, k), std::tie(q, k), table);
}
#elif defined(AS_VIEW_OF_SOMETHING_ELSE)
// x must be a View, a row-major Eigen TensorMap or Tensor
namespace engine {
struct Other {};
float* as_view(const Other&);
}  // namespace engine
void call(Map<float> out, const engine::Other& x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table);
}

// In the wrong order.
#elif defined(TABLE_AND_X_SWAPPED)
// x is a table, must be a tensor
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(device, out, table, x);
}
#elif defined(TABLE_AND_X_SWAPPED_IN_PLACE)
// x is a table, must be a tensor
void call(Map<float> x, const rw::Table<float>& table) { rw::apply_inplace(device, table, x); }
#elif defined(TABLE_FIRST)
// out is a table, must be a tensor
void call(Map<float> out, Map<const float> x, const rw::TableView<float>& table) {
  rw::apply_strided(device, table, out, x);
}
#elif defined(NO_DEVICE_BUT_OPTIONS)
// the device is a tensor, table, options or number
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(out, x, table, rw::Options());
}
#elif defined(NO_DEVICE_IN_PLACE_BUT_OPTIONS)
// the device is a tensor, table, options or number
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(x, table, rw::Options());
}
#elif defined(DEVICE_AFTER_OUT)
// the device is a tensor, table, options or number, must be rw::serial or an Eigen device
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(out, device, x, table);
}
#elif defined(OPTIONS_FOR_A_DEVICE)
// the device is a tensor, table, options or number
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(rw::half_pairs, x, table);
}
#elif defined(NUMBER_FOR_A_DEVICE)
// the device is a tensor, table, options or number
void call(Map<float> x, const rw::Table<float>& table) { rw::apply_inplace(8, x, table); }
#elif defined(BARE_POOL_FOR_A_DEVICE)
// the device is a bare pool, must be an Eigen::ThreadPoolDevice of it
void call(engine::Pool& pool, Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(pool, x, table);
}
#elif defined(OPTIONS_FOR_A_MODEL)
// the model must be a Model or fixed_model<of a constant>
void call(Map<float> x, const rw::Table<float>& table) {
  rw::rotate(device, x, rw::Options(), table);
}
#elif defined(TENSOR_FOR_A_MODELS_TABLE)
// the table is a tensor, must be a Table or TableView
void call(Map<float> x, const rw::Model& model) { rw::rotate(device, x, model, x); }
#elif defined(MODEL_AND_TABLE_SWAPPED)
// the model must be a Model or fixed_model<of a constant>
void call(Map<float> x, const rw::Table<float>& table, const rw::Model& model) {
  rw::rotate(device, x, table, model);
}
#elif defined(IN_PLACE_BY_A_PAIRING_THAT_MOVES)
// the pairing interleaved_to_half moves features: pass an out apart from x
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table, rw::interleaved_to_half_pairs);
}
#elif defined(IN_PLACE_BY_A_MODEL_THAT_MOVES)
// the pairing interleaved_to_half moves features: pass an out apart from x
constexpr rw::Model moving = rw::model_named("DeepSeek-V3");
void call(Map<float> x, const rw::Table<float>& table) {
  rw::rotate(device, x, rw::fixed_model<moving>, table);
}
#elif defined(TABLE_BUT_NO_MODEL)
// the model must be a Model or fixed_model<of a constant>
void call(Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::rotate(device, std::tie(q, k), table, rw::CpuOptions());
}
#elif defined(ONE_OUT_FOR_A_TUPLE_OF_A_MODEL)
// outs must be a tuple where xs is one, and one tensor otherwise
void call(Map<float> out, Map<float> q, const rw::Model& model, const rw::Table<float>& table) {
  rw::rotate(device, out, std::tie(q), model, table);
}
#elif defined(OUT_OF_A_MODEL_OF_ANOTHER_TYPE)
// the scalar of out must be that of x or the type that x and the table promote to
void call(Map<float> out, Map<Eigen::bfloat16> x, const rw::Model& model,
          const rw::Table<Eigen::bfloat16>& table) {
  rw::rotate(device, out, x, model, table);
}
#elif defined(VECTOR_FOR_X_OF_A_MODEL)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(Map<float> out, const std::vector<float>& x, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, out, x, model, table);
}
#elif defined(POINTER_FOR_X_OF_A_MODEL)
// x is a pointer, must be View(pointer, shape)
void call(Map<float> out, const float* x, const rw::Model& model, const rw::Table<float>& table) {
  rw::rotate(device, out, x, model, table);
}
#elif defined(OWN_CLASS_FOR_X_OF_A_MODEL)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(Map<float> out, const engine::Layer& x, const rw::Model& model) {
  rw::rotate(device, out, x, model, rw::Grid{4});
}
#elif defined(VECTOR_FOR_OUT_OF_A_MODEL)
// out must be a View, a row-major Eigen TensorMap or Tensor
void call(std::vector<float>& out, const std::vector<float>& x, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, out, x, model, table);
}
#elif defined(VECTORS_AMONG_SEVERAL_OF_A_MODEL)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(Map<float> out, std::vector<float>& q, Map<float> k, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, std::tie(out, out), std::tie(q, k), model, table);
}
#elif defined(POINTERS_AMONG_SEVERAL_OF_A_MODEL)
// x is a pointer, must be View(pointer, shape)
void call(Map<float> out, float* q, Map<float> k, const rw::Model& model) {
  rw::rotate(device, std::tie(out, out), std::tie(q, k), model, rw::Grid{4});
}
#elif defined(OWN_CLASS_AMONG_SEVERAL_OF_A_MODEL)
// x must be a View, a row-major Eigen TensorMap or Tensor
void call(Map<float> out, engine::Layer& q, Map<float> k, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, std::tie(out, out), std::tie(q, k), model, table);
}
#elif defined(NO_TENSORS_OF_A_MODEL)
// std::tie() holds no tensor
void call(const rw::Model& model) {
  rw::rotate(device, std::tie(), std::tie(), model, rw::Grid{4});
}
#elif defined(FEWER_OUTS_THAN_TENSORS_OF_A_MODEL)
// one out for each x is needed
void call(Map<float> out, Map<float> q, Map<float> k, const rw::Model& model,
          const rw::Table<float>& table) {
  rw::rotate(device, std::tie(out), std::tie(q, k), model, table);
}
#elif defined(MODEL_WITHOUT_A_PAIRING)
// the pairing of the model was never said, must be: with_pairing
constexpr rw::Model mine = rw::Model("mine", {4, 2, 16}).with_axes(16);
void call(Map<float> x, const rw::Table<float>& table) {
  rw::rotate(device, x, rw::fixed_model<mine>, table);
}
#elif defined(OPTIONS_OF_A_MODEL_WITHOUT_A_PAIRING)
// the pairing of the model was never said, must be: with_pairing
constexpr rw::Model mine = rw::Model("mine", {4, 2, 16}).with_axes(16);
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table, rw::fixed_model<mine>.options());
}
#elif defined(TABLE_FOR_A_MODEL_OF_A_SHIFT)
// the model must be a Model or fixed_model<of a constant>
void call(Map<float> x, const rw::Table<float>& table) { rw::shift(device, x, table, 1); }
#elif defined(CONST_X_OF_A_MODEL)
// x must not be const, since it is written
void call(Map<const float> x, const rw::Table<float>& table, const rw::Model& model) {
  rw::rotate(device, x, model, table);
}
#elif defined(TENSOR_FOR_A_TABLE)
// the table is a tensor, must be a Table or TableView
void call(Map<float> x, Map<const float> cos_and_sin) { rw::apply_inplace(device, x, cos_and_sin); }
#elif defined(OPTIONS_FOR_A_TABLE)
// the table is missing: options stand in its place
void call(Map<float> out, Map<const float> x) { rw::apply(device, out, x, rw::Options()); }
#elif defined(A_PAIRING_FOR_OPTIONS)
// options must be Options or a constant
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, table, rw::Pairing::half);
}
#elif defined(OPTIONS_OF_THE_CPU_FOR_OPTIONS)
// options must be Options or a constant
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, table, rw::CpuOptions());
}
#elif defined(OPTIONS_OF_THE_CPU_BEHIND_A_NORM)
// options must be Options or a constant
void call(Map<float> out, Map<float> x, const rw::Table<float>& table) {
  rw::apply(device, out, x, rw::rms_norm_without_weight(1e-6), table, rw::CpuOptions());
}
#elif defined(OPTIONS_OF_THE_CPU_BEHIND_A_NORM_IN_PLACE)
// options must be Options or a constant
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, x, rw::rms_norm_without_weight(1e-6), table, rw::CpuOptions());
}
#elif defined(OPTIONS_OF_THE_CPU_BEHIND_NORMS)
// options must be Options or a constant
void call(Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply(device, std::tie(q, k), std::tie(q, k), std::tuple{rw::no_norm, rw::no_norm}, table,
            rw::CpuOptions());
}
#elif defined(OPTIONS_OF_THE_CPU_BEHIND_NORMS_IN_PLACE)
// options must be Options or a constant
void call(Map<float> q, Map<float> k, const rw::Table<float>& table) {
  rw::apply_inplace(device, std::tie(q, k), std::tuple{rw::no_norm, rw::no_norm}, table,
                    rw::CpuOptions());
}
#elif defined(NORM_WITHOUT_A_TABLE)
// the table must be a Table, a TableView
void call(Map<float> x) { rw::apply_inplace(device, x, rw::rms_norm_without_weight(1e-6)); }
#elif defined(NORM_WITH_OPTIONS_FOR_A_TABLE)
// the table is missing: options stand in its place
void call(Map<float> x) {
  rw::apply_inplace(device, x, rw::rms_norm_without_weight(1e-6), rw::half_pairs);
}
#elif defined(POINTER_FOR_A_TABLE)
// the table is a pointer, must be a Table or TableView
void call(Map<float> x, const float* table) { rw::apply_inplace(device, x, table); }
#elif defined(VECTOR_FOR_A_TABLE)
// the table must be a Table, a TableView
void call(Map<float> out, Map<const float> x, const std::vector<float>& table) {
  rw::apply_strided(device, out, x, table);
}
#elif defined(MATRIX_FOR_A_TABLE)
// the table must be a Table, a TableView
void call(Map<float> out, Map<const float> x, const Eigen::MatrixXf& table) {
  rw::apply_stack_flatten(device, out, x, table);
}
#elif defined(TENSOR_FOR_A_TABLE_OF_SEVERAL)
// the table is a tensor, must be a Table or TableView
void call(Map<float> q, Map<float> k, Map<const float> table) {
  rw::apply(device, std::tie(q, k), std::tie(q, k), table);
}

// What tables are made of.
#elif defined(TABLE_OF_VECTORS)
// a table is made of a View, a row-major Eigen TensorMap or Tensor
rw::TableView<float> call(const std::vector<float>& cos, const std::vector<float>& sin) {
  const auto table = rw::half_table(cos, sin);
  return table.rows(0, 1);
}
#elif defined(TABLE_OF_A_POINTER)
// a table is made of a View, a row-major Eigen TensorMap or Tensor
auto call(const float* packed) { return rw::packed_table(packed); }
#elif defined(TABLE_OF_A_SLICE)
// a table is made of a View, a row-major Eigen TensorMap or Tensor
auto call(Map<const float, 3> matrices) { return rw::matrix_table(matrices.slice(starts, sizes)); }
#elif defined(TABLE_OF_A_MATRIX)
// a table is made of a View, a row-major Eigen TensorMap or Tensor
auto call(Map<float> cos, const Eigen::MatrixXf& sin) {
  return rw::per_feature_table(cos, sin, rw::Pairing::half);
}
#elif defined(TABLE_OF_TWO_TYPES)
// cos and sin must have one scalar type
auto call(Map<const float> cos, Map<const double> sin) { return rw::repeated_table(cos, sin); }
#elif defined(TABLE_OF_INTEGERS)
// the scalar of a table must be float, double, half or bfloat16
auto call(Map<const int> parts) { return rw::complex_table(parts); }
#elif defined(TABLE_OF_RANK_5)
// a table must be [seq, .], [batch, seq, .] or [batch, seq, heads, .]
auto call(Map<const float, 5> parts) { return rw::complex_table(parts); }
#elif defined(TABLE_OF_AN_MDSPAN_OF_RANK_1)
// a table must be [seq, .], [batch, seq, .] or [batch, seq, heads, .]
auto call(engine::Span<const float, 1> parts) { return rw::complex_table(parts); }

// Storage.
#elif defined(HALF_OF_INTEGERS)
// 16-bit numbers must be given by a pointer to std::uint16_t, or to the type that is named
auto call(const std::int16_t* samples) { return rw::half_view(samples, {1, 2, 3, 4}); }
#elif defined(BFLOAT16_OF_HALF)
// 16-bit numbers must be given by a pointer to std::uint16_t, or to the type that is named
auto call(Eigen::half* data) { return rw::bfloat16_view(data, {1, 2, 3, 4}, {24, 12, 4}); }
#elif defined(HALF_OF_A_VECTOR)
// 16-bit numbers must be given by a pointer to std::uint16_t, or to the type that is named
auto call(const std::vector<std::uint16_t>& weights) {
  return rw::half_view(weights, {1, 2, 3, 4});
}
#elif defined(DLPACK_OF_A_POINTER)
// dlpack_view and dlpack_coefficients take a DLTensor
auto call(const engine::Tensor* tensor) { return rw::dlpack_view<float>(tensor); }
#elif defined(DLPACK_AS_INTEGERS)
// the scalar of x and out must be float, double, half or bfloat16
auto call(const ropewalk_test::dlpack::DlTensor& tensor) { return rw::dlpack_view<int>(tensor); }
#elif defined(COLUMN_MAJOR_TABLE)
// a table must be row-major (Eigen::RowMajor)
auto call(Map<const float, 3, Eigen::ColMajor> parts) { return rw::complex_table(parts); }

// Position ids.
#elif defined(POINTER_TO_IDS)
// position ids and slots must be a std::vector or another container with data() and size(), an
// Eigen
auto call(const rw::Table<float>& table, const std::int32_t* ids) {
  return table.view().gather(ids);
}
#elif defined(SLICE_OF_IDS)
// position ids and slots must be a std::vector or another container with data() and size(), an
// Eigen
auto call(const rw::Table<float>& table, Map<const std::int32_t, 3> ids) {
  return table.view().gather(ids.chip(0, 0));
}
#elif defined(MATRIX_OF_IDS)
// position ids and slots must be a std::vector or another container with data() and size(), an
// Eigen
auto call(const rw::Table<float>& table, const Eigen::VectorXi& ids) {
  return table.view().gather(ids);
}
#elif defined(TEMPORARY_IDS)
// position ids and slots are read by the call, must not be a temporary
auto call(const rw::Table<float>& table) {
  return table.view().gather(std::vector<std::int64_t>{1, 2});
}
#elif defined(TEMPORARY_ARRAY_OF_CONST_IDS)
// position ids and slots are read by the call, must not be a temporary
auto call(const rw::Table<float>& table) {
  return table.view().gather(std::array<const std::int32_t, 3>{1, 2, 3});
}
#elif defined(TEMPORARY_TENSOR_OF_IDS)
// position ids and slots are read by the call, must not be a temporary
auto call(const rw::Table<float>& table) {
  return table.view().gather(Eigen::Tensor<std::int64_t, 1, Eigen::RowMajor>(3));
}
#elif defined(TEMPORARY_STARTS)
// position ids and slots are read by the call, must not be a temporary
auto call(const rw::Table<float>& table) {
  return table.view().rows_of_each(std::vector<std::int32_t>(3), 1);
}
#elif defined(SIZE_OF_A_VECTOR_OF_IDS)
// position ids and slots that come with sizes must be a pointer
auto call(const rw::Table<float>& table, const std::vector<std::int64_t>& ids) {
  return table.view().gather(ids, 1);
}
#elif defined(POINTER_TO_IDS_OF_16_BITS)
// position ids and slots must be int32_t or int64_t (int, long or long long)
auto call(const rw::Table<float>& table, const std::int16_t* ids) {
  return table.view().gather(ids, 1);
}
#elif defined(STARTS_OF_RANK_2)
// starts must be [batch], a position of each sample
auto call(const rw::Table<float>& table, Map<const std::int32_t, 2> at) {
  return table.view().rows_of_each(at, 1);
}
#elif defined(POINTER_TO_STARTS_WITHOUT_BATCH)
// position ids and slots must be a std::vector or another container with data() and size(), an
// Eigen
auto call(const rw::Table<float>& table, const std::int32_t* at) {
  return table.view().rows_of_each(at, 1);
}
#elif defined(IDS_OF_16_BITS)
// position ids and slots must be int32_t or int64_t (int, long or long long)
auto call(const rw::Table<float>& table, Map<const std::int16_t, 1> ids) {
  return table.view().gather(ids);
}
#elif defined(IDS_OF_RANK_3)
// position ids and slots must be [seq] or [batch, seq]
auto call(const rw::Table<float>& table, Map<const std::int32_t, 3> ids) {
  return table.view().gather(ids);
}
#elif defined(COLUMN_MAJOR_IDS)
// position ids and slots must be row-major (Eigen::RowMajor)
auto call(const rw::Table<float>& table, Map<std::int64_t, 2, Eigen::ColMajor> ids) {
  return table.view().gather(ids);
}

// Slots of a cache, and values that are copied.
#elif defined(SLOTS_IN_PLACE)
// x is rows of slots, must be a tensor: outs alone go to slots
void call(rw::View<float> cache, const std::vector<int>& slots, const rw::Table<float>& table) {
  rw::apply_inplace(device, cache.rows(slots), table);
}
#elif defined(SLOTS_AS_X)
// x is rows of slots, must be a tensor: outs alone go to slots
void call(Map<float> out, rw::View<float> cache, const std::vector<int>& slots,
          const rw::Table<float>& table) {
  rw::apply(device, out, cache.rows(slots), table);
}
#elif defined(SLOTS_OF_A_FORM)
// out is rows of slots, must be a tensor: apply and rotate alone write to slots
void call(rw::View<float> cache, Map<const float> x, const std::vector<int>& slots,
          const rw::Table<float>& table) {
  rw::apply_strided(device, cache.rows(slots), x, table);
}
#elif defined(COPIED_BY_A_FORM)
// x is copied, must be a tensor: apply and rotate alone copy
void call(Map<float> out, Map<const float> x, const rw::Table<float>& table) {
  rw::apply_stack_flatten(device, out, rw::copied(x), table);
}
#elif defined(COPIED_POINTER)
// what is copied must be a View, a row-major Eigen TensorMap or Tensor, or of a type
void call(Map<float> out, const float* x, const rw::Table<float>& table) {
  rw::apply(device, out, rw::copied(x), table);
}
#elif defined(COPIED_IN_PLACE)
// x must not be const, since it is written
void call(Map<float> x, const rw::Table<float>& table) {
  rw::apply_inplace(device, rw::copied(x), table);
}
#elif defined(SLOTS_OF_A_CONST_CACHE)
// out must not be const, since it is written
void call(rw::View<const float> cache, Map<const float> x, const std::vector<int>& slots,
          const rw::Table<float>& table) {
  rw::apply(device, cache.rows(slots), x, table);
}
#elif defined(TEMPORARY_SLOTS)
// position ids and slots are read by the call, must not be a temporary
auto call(rw::View<float> cache) { return cache.rows(std::vector<std::int64_t>{1, 2}); }
#elif defined(POINTER_TO_SLOTS)
// position ids and slots must be a std::vector or another container with data() and size(), an
// Eigen
auto call(rw::View<float> cache, const std::int64_t* slots) { return cache.rows(slots); }

// None of them: what is sound compiles.
#else
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

void calls_of_functions_of_its_own(ropewalk::View<float> x, const rw::Table<float>& table,
                                   engine::Derived& derived, engine::Dense<float, 3>& dense) {
  apply(engine::Attention(), x, table);
  using engine::apply_inplace;
  apply_inplace(x, table);
  rw::apply_inplace(device, derived, table);
  rw::apply(rw::serial, dense, std::as_const(dense), table);
  rw::apply_inplace(rw::serial, std::tie(dense, derived), table);
}

void calls_of_an_engine(engine::Tensor out, const engine::Tensor& x, Map<float> mapped,
                        const engine::Constants& table) {
  rw::apply(device, out, x, table);
  rw::apply(device, engine::Tensor(out), x, table, rw::Options());
  rw::apply(device, std::tie(out, mapped), std::tie(x, mapped), table);
  rw::apply(device, std::tuple{engine::Tensor(out), mapped}, std::tie(x, mapped), table);
  rw::apply_inplace(device, out, table);
  rw::apply_inplace(device, std::tie(out, mapped), table);
  rw::apply_strided(device, out, x, table);
  rw::apply_stack_flatten(device, out, x, table);
  rw::apply(device, mapped, x, rw::half_table(x, x));
  rw::apply(device, mapped, x, rw::per_feature_table(x, x, rw::Pairing::half));
  rw::apply(device, mapped, x, rw::packed_table(x));
  rw::apply(device, mapped, x, rw::matrix_table(x));
}

// Maps and spans may be temporaries: their memory is another's.
void calls_with_ids(const rw::TableView<float>& table, const std::vector<std::int32_t>& list,
                    const std::array<std::int64_t, 3>& fixed, std::vector<std::int64_t>& changing,
                    const Eigen::Tensor<std::int32_t, 2, Eigen::RowMajor>& tensor,
                    engine::Dense<std::int64_t, 1>& dense) {
  table.gather(list), table.gather(fixed), table.gather(changing), table.gather(tensor);
  table.gather(list.data(), list.size()), table.gather(changing.data(), 3u, 1);
  table.gather(Map<const std::int32_t, 1>(list.data(), 3));
  table.gather(Map<std::int64_t, 2>(changing.data(), 1, 3)).first_position(-2).leaving(-3);
  table.rows_of_each(fixed, 1), table.rows_of_each(Map<std::int64_t, 1>(changing.data(), 3), 1);
  table.gather(dense), table.rows_of_each(dense, 1);
  table.rows_of_each(list.data(), list.size(), 4).leaving(-1);
}
#endif
