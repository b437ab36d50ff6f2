// What the block and the lines of the page for engines (tests/examples/README.md) stand in: names
// for what an engine has at hand. Each row is a block of its own, for the example that it names.
// Without exceptions the handler that a row sets gets the text of a wrong call.
#define EIGEN_USE_THREADS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/dlpack.hpp"

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;

namespace engine {
struct Tensor;
}

namespace {

constexpr rw::Model llama = rw::model_named("Llama 3.1 8B"), helios = rw::model_named("Helios");
constexpr rw::Index heads = llama.shape.heads, kv_heads = llama.shape.kv_heads, head_dim = 128;
constexpr rw::Index max_seq = 10, position = 4, count = 3, begin = 0, tokens = count, accepted = 5;
constexpr rw::Index blocks = 5, block_size = 2;
constexpr rw::Index prefix = 1, dropped = 2, kept = 7, text = 1, video = 2, threads = 2;

struct Managed {
  ropewalk_test::dlpack::DlTensor dl_tensor;
};

}  // namespace

int main() {
  std::vector<bf16> memory(5 * max_seq * heads * head_dim), cached(max_seq * kv_heads * head_dim);
  std::vector<bf16> cached_values(cached.size());
  std::vector<std::uint16_t> numbers(memory.size());
  const std::vector<bf16> weights(heads * head_dim);
  const bf16 *const q_weight = weights.data(), *const k_weight = weights.data();
  bf16 *const data = memory.data(), *const projected = data, *const cache = cached.data();
  bf16* const value_cache = cached_values.data();
  std::uint16_t *const bits = numbers.data();
  const auto keys = rw::bhsd_view(cache, {1, max_seq, kv_heads, head_dim});
  std::int64_t sizes[] = {1, head_dim};
  Managed tensor{{data, {ropewalk_test::dlpack::cpu, 0}, 2, {4, 16, 1}, sizes, nullptr, 0}},
      *const managed = &tensor;
  const std::vector<std::int32_t> positions = {7, -1}, ids = {9, 0, 9}, slots = {7, -1, 2};
  const rw::Positions history = rw::grid_positions(rw::Grid{1, 1, 1}), chunk = history;
  const auto model = rw::fixed_model<llama>;
  const auto video_model = rw::fixed_model<helios>;
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, rw::Grid{max_seq});
  const Eigen::DefaultDevice device;
  Eigen::ThreadPool pool(threads);
#define ROW(example)                                                                           \
  const bool is_batched = std::string_view(#example) == "batched_decode";                      \
  const rw::Index batch = is_batched ? 2 : 1, seq = is_batched ? 1 : count;                    \
  const rw::View<bf16> q(data, {batch, seq, heads, head_dim});                                 \
  const rw::View<bf16> k(data + max_seq * heads * head_dim, {batch, seq, kv_heads, head_dim}); \
  const rw::View<bf16> v = k;                                                                  \
  const auto x = q;                                                                            \
  const auto [batch_stride, seq_stride, heads_stride] = q.strides()
#if ROPEWALK_EXCEPTIONS
#include "engine.inc"
#else
#include "handler.inc"
  rw::apply_inplace(device, rw::View<bf16>(data, {1, 1, 1, 63}), table);
#endif
}
