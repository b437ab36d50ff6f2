// What a block of the page on CUDA (include/ropewalk/cuda/README.md) stands in: HEADER is the one
// that the page names before it, and the names are what an engine has at hand. Compiled, not run.
#include HEADER

#include <tuple>

namespace rw = ropewalk;

void call(cudaStream_t stream, __nv_bfloat16* queries, __nv_bfloat16* keys, __nv_bfloat16* result,
          const rw::TableView<float>& table) {
  constexpr rw::Index count = 3, heads = 32, kv_heads = 8, head_dim = 128;
  const rw::Shape shape{1, count, heads, head_dim};
  const auto q = rw::cuda::view(queries, shape);
  [[maybe_unused]] const auto k = rw::cuda::view(keys, {1, count, kv_heads, head_dim});
  [[maybe_unused]] const auto out = rw::bhsd_view(rw::cuda::as_eigen(result), shape);
#ifdef ROPEWALK_CUDA_NORM_CUH
  const auto q_norm = rw::rms_norm_hf(rw::cuda::as_eigen(queries), head_dim), k_norm = q_norm;
#endif
#include BLOCK
}
