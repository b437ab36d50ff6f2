// Tensors of your own: a class with an as_view in its namespace, or what has the members of
// std::mdspan. Every call takes them as they are.
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace engine {

struct Tensor {
  std::size_t tokens, heads, head_dim;
  std::vector<float> values;
};
// The compiler finds these where the class is: nothing else is to be registered.
ropewalk::View<float> as_view(Tensor& tensor) {
  return {tensor.values.data(), {1, tensor.tokens, tensor.heads, tensor.head_dim}};
}
ropewalk::View<const float> as_view(const Tensor& tensor) {
  return {tensor.values.data(), {1, tensor.tokens, tensor.heads, tensor.head_dim}};
}

// All that is asked of an mdspan; of rank 3 it is [seq, heads, head_dim].
struct Span {
  static constexpr std::size_t rank() { return 3; }
  std::size_t extent(std::size_t axis) const { return sizes[axis]; }
  std::size_t stride(std::size_t axis) const { return strides[axis]; }
  float* data_handle() const { return data; }

  float* data;
  std::size_t sizes[3], strides[3];
};

}  // namespace engine

int main() {
  namespace rw = ropewalk;
  const engine::Tensor x{5, 4, 16, std::vector<float>(5 * 4 * 16, 1.0f)};
  const auto table = rw::make_table(rw::sequence_positions(5), rw::frequencies(16, 1e4));
  engine::Tensor wanted = x, out = x, here = x;
  rw::apply_strided(rw::serial, wanted, x, table);

  rw::apply(rw::serial, out, x, table);
  const engine::Span span{here.values.data(), {5, 4, 16}, {64, 16, 1}};
  rw::apply_inplace(rw::serial, span, table);
  if (out.values != wanted.values || here.values != wanted.values) {
    std::puts("not all tensors were turned alike");
    return 1;
  }

  // The features of a head must be one after the other, which a column-major span's are not.
  try {
    rw::apply_inplace(rw::serial, engine::Span{here.values.data(), {5, 4, 16}, {1, 5, 20}}, table);
  } catch (const std::invalid_argument& error) {
    const std::string text = "as_view: innermost stride of the tensor is 20, must be 1";
    return error.what() == text ? 0 : 1;
  }
  return 1;
}
