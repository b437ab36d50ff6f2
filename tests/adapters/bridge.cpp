// What onnx_cases.py and ggml_cases.py call: the adapters, and a fused multiply-add.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>

#include "examples/adapters/ggml.hpp"
#include "examples/adapters/mlas.hpp"
#include "examples/adapters/onnx.hpp"

namespace {

namespace ggml = adapters::ggml;
namespace mlas = adapters::mlas;
namespace onnx = adapters::onnx;

struct Argument {
  std::int32_t type, rank;
  const std::int64_t* dims;
  void* data;
};

onnx::Tensor tensor_of(const Argument& of) {
  return {static_cast<onnx::Type>(of.type), {of.dims, of.dims + of.rank}, of.data};
}

/// As ggml has a tensor in memory (0.13), up to its data.
struct GgmlTensor {
  std::int32_t type;
  void* buffer;
  std::int64_t ne[4];
  std::size_t nb[4];
  std::int32_t op, op_params[16], flags;
  void* src[10];
  void* view_src;
  std::size_t view_offs;
  void* data;
};

ggml::Tensor tensor_of(const GgmlTensor& of) {
  ggml::Tensor tensor{static_cast<ggml::Type>(of.type), {}, {}, {}, {}, of.data};
  std::copy(of.ne, of.ne + 4, tensor.ne);
  std::copy(of.nb, of.nb + 4, tensor.nb);
  return tensor;
}

}  // namespace

extern "C" {

/// Whether it ran; if not, `text` says why.
int bridge_rotary_embedding(const Argument* y, const Argument* x, const Argument* cos,
                            const Argument* sin, const Argument* ids,
                            const onnx::Attributes* attributes, char* text, std::size_t size) {
  try {
    const onnx::Tensor positions = ids == nullptr ? onnx::Tensor{} : tensor_of(*ids);
    onnx::rotary_embedding(ropewalk::serial, tensor_of(*y), tensor_of(*x), tensor_of(*cos),
                           tensor_of(*sin), ids == nullptr ? nullptr : &positions, *attributes);
    return 1;
  } catch (const std::invalid_argument& error) {
    std::snprintf(text, size, "%s", error.what());
    return 0;
  }
}

void bridge_mlas_row(const mlas::Fp16* input, const mlas::Fp16* sin, const mlas::Fp16* cos,
                     std::size_t dim, int interleaved, mlas::Fp16* output) {
  mlas::MlasRotaryEmbedOneRow(input, sin, cos, dim, interleaved != 0, output);
}

/// What ggml_map_custom3 is given.
void bridge_ggml_rope(GgmlTensor* dst, const GgmlTensor* a, const GgmlTensor* b,
                      const GgmlTensor* c, int ith, int nth, void* userdata) {
  ggml::Tensor out = tensor_of(*dst);
  const ggml::Tensor x = tensor_of(*a), positions = tensor_of(*b), factors = tensor_of(*c);
  ggml::rope_custom(&out, &x, &positions, &factors, ith, nth, userdata);
}

/// out[i] = a[i] * b[i] + c[i], rounded once.
void bridge_fused(float* out, const float* a, const float* b, const float* c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = std::fma(a[i], b[i], c[i]);
}
}
