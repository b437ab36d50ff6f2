// What cases.py calls: the adapters of ONNX and MLAS, and a fused multiply-add.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>

#include "examples/adapters/mlas.hpp"
#include "examples/adapters/onnx.hpp"

namespace {

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

/// out[i] = a[i] * b[i] + c[i], rounded once.
void bridge_fused(float* out, const float* a, const float* b, const float* c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = std::fma(a[i], b[i], c[i]);
}
}
