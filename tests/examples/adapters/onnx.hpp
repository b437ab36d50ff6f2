// ONNX' operator RotaryEmbedding (opset 23) by Ropewalk: tensors and attributes as a node has them.
#ifndef ADAPTERS_ONNX_HPP
#define ADAPTERS_ONNX_HPP

#include <cstddef>
#include <cstdint>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace adapters::onnx {

namespace rw = ropewalk;

/// TensorProto's numbers of the types that are taken.
enum class Type { float32 = 1, int64 = 7, float16 = 10, bfloat16 = 16 };

/// In an engine this is its own: dense and row-major, 16-bit floats as their bits.
struct Tensor {
  Type type;
  std::vector<std::int64_t> dims;
  void* data;
};

struct Attributes {
  std::int64_t interleaved = 0;
  std::int64_t num_heads = 0;             ///< needed where X is [batch, seq, hidden]
  std::int64_t rotary_embedding_dim = 0;  ///< 0: all features of a head
};

namespace detail {

inline void check(bool holds, const std::string& text) {
  if (!holds) throw std::invalid_argument("RotaryEmbedding: " + text);
}

inline std::string shape_of(const std::vector<std::int64_t>& dims) {
  std::string text;
  for (const std::int64_t dim : dims) text += (text.empty() ? "" : ", ") + std::to_string(dim);
  return "[" + text + "]";
}

inline void check_tensor(const std::string& name, const Tensor& tensor, Type type,
                         const std::vector<std::int64_t>& dims) {
  check(tensor.type == type, "type of " + name + " is " +
                                 std::to_string(static_cast<int>(tensor.type)) + ", must be " +
                                 std::to_string(static_cast<int>(type)));
  check(tensor.dims == dims,
        "shape of " + name + " is " + shape_of(tensor.dims) + ", must be " + shape_of(dims));
}

/// [batch, seq, heads, head_dim] of X, whatever its rank.
inline rw::Shape logical_shape(const std::vector<std::int64_t>& dims, std::int64_t heads) {
  check(dims.size() == 3 || dims.size() == 4,
        "rank of X is " + std::to_string(dims.size()) + ", must be 3 or 4");
  if (dims.size() == 4) {
    check(heads == 0 || heads == dims[1], "num_heads is " + std::to_string(heads) +
                                              ", must be 0 or the " + std::to_string(dims[1]) +
                                              " of X");
    return {dims[0], dims[2], dims[1], dims[3]};
  }
  check(heads > 0 && dims[2] % heads == 0, "num_heads is " + std::to_string(heads) +
                                               ", must divide the " + std::to_string(dims[2]) +
                                               " of X [batch, seq, hidden]");
  return {dims[0], dims[1], heads, dims[2] / heads};
}

/// `at` gives the memory of a tensor as what the library reads.
template <class Device, class At>
void rotary_embedding(const Device& device, const Tensor& y, const Tensor& x, const Tensor& cos,
                      const Tensor& sin, const Tensor* position_ids, const Attributes& attributes,
                      const At& at) {
  const rw::Shape shape = logical_shape(x.dims, attributes.num_heads);
  const std::int64_t rotary_dim = attributes.rotary_embedding_dim;
  check(rotary_dim >= 0 && rotary_dim <= shape.head_dim && rotary_dim % 2 == 0,
        "rotary_embedding_dim is " + std::to_string(rotary_dim) + ", must be even, of the " +
            std::to_string(shape.head_dim) + " of a head");
  const std::int64_t pairs = (rotary_dim == 0 ? shape.head_dim : rotary_dim) / 2;

  const bool has_ids = position_ids != nullptr;
  check(!has_ids || cos.dims.size() == 2,
        "rank of cos_cache is " + std::to_string(cos.dims.size()) + ", must be 2 beside ids");
  const std::int64_t rows = has_ids ? cos.dims[0] : shape.seq;
  const auto cache_dims = has_ids ? std::vector<std::int64_t>{rows, pairs}
                                  : std::vector<std::int64_t>{shape.batch, rows, pairs};
  check_tensor("cos_cache", cos, x.type, cache_dims);
  check_tensor("sin_cache", sin, x.type, cache_dims);
  check_tensor("Y", y, x.type, x.dims);
  const rw::Shape cache{has_ids ? 1 : shape.batch, rows, 1, pairs};
  auto table = rw::half_table(rw::View(at(cos.data), cache), rw::View(at(sin.data), cache));
  if (has_ids) {
    check_tensor("position_ids", *position_ids, Type::int64, {shape.batch, shape.seq});
    const auto* ids = static_cast<const std::int64_t*>(position_ids->data);
    table = table.gather(ids, shape.batch, shape.seq);
  }

  const auto view = [&](void* data) {
    return x.dims.size() == 4 ? rw::bhsd_view(at(data), shape) : rw::View(at(data), shape);
  };
  if (attributes.interleaved != 0) {
    rw::apply(device, view(y.data), view(x.data), table, rw::interleaved_pairs);
  } else {
    rw::apply(device, view(y.data), view(x.data), table, rw::half_pairs);
  }
}

}  // namespace detail

/// Computes Y of a node RotaryEmbedding; parameters after `device` and `y` as the operator has
/// them.
///
/// Shapes   x, y [batch, heads, seq, head_size], or [batch, seq, hidden] with num_heads; cos_cache,
///          sin_cache [max_positions, pairs] with position_ids [batch, seq], else [batch, seq,
///          pairs]
/// Device   rw::serial, or an Eigen device
/// Alias    y may be x; any other overlap is an error
/// Types    x, y, caches: one of float32, float16, bfloat16; position_ids: int64
/// Errors   std::invalid_argument before anything is written: types, shapes or attributes that do
///          not fit, null data, overlap, a position id outside the caches
/// Bits     those of ONNX' reference implementation: every product and sum rounded to x's type;
///          ONNX Runtime computes float16 in float, and fuses one product into the sum
template <class Device>
void rotary_embedding(const Device& device, const Tensor& y, const Tensor& x,
                      const Tensor& cos_cache, const Tensor& sin_cache, const Tensor* position_ids,
                      const Attributes& attributes = {}) {
  const auto run = [&](const auto& at) {
    detail::rotary_embedding(device, y, x, cos_cache, sin_cache, position_ids, attributes, at);
  };
  const auto bits = [](void* data) { return static_cast<std::uint16_t*>(data); };
  switch (x.type) {
    case Type::float32:
      return run([](void* data) { return static_cast<float*>(data); });
    case Type::float16:
      return run([&](void* data) { return rw::as_half(bits(data)); });
    case Type::bfloat16:
      return run([&](void* data) { return rw::as_bfloat16(bits(data)); });
    case Type::int64:
      break;
  }
  detail::check(false, "type of X is " + std::to_string(static_cast<int>(x.type)) +
                           ", must be 1 (float), 10 (float16) or 16 (bfloat16)");
}

}  // namespace adapters::onnx

#endif  // ADAPTERS_ONNX_HPP
