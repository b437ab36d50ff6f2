// A prompt's chunk as an engine with a paged cache takes it, in one call: queries and keys are
// normalised and turned as Qwen3 does, queries where they lie in the packed product, keys and
// values go to the slots that the scheduler gave their tokens, block by block in no order. A slot
// of -1 is padding, of which nothing is written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model qwen = rw::model_named("Qwen3 8B");

int main() {
  constexpr rw::Index tokens = 6, heads = 4, kv_heads = 2, head_dim = qwen.shape.head_dim;
  constexpr rw::Index blocks = 5, block_size = 4, max_seq = 64, row = kv_heads * head_dim;
  const auto filled = [](rw::Index count, int step) {
    std::vector<bf16> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] =
          static_cast<bf16>(static_cast<float>(i * static_cast<std::size_t>(step) % 89) / 44);
    }
    return values;
  };
  std::vector<bf16> packed = filled(tokens * (heads + 2 * kv_heads) * head_dim, 7);
  const std::vector<bf16> q_weight = filled(head_dim, 3), k_weight = filled(head_dim, 5);
  const std::vector<bf16> before = packed;
  // Keys and values of each block side by side: [blocks, 2, block_size, kv_heads, head_dim].
  std::vector<bf16> cache(blocks * 2 * block_size * row);
  const rw::Shape in_blocks{blocks, block_size, kv_heads, head_dim};
  const rw::Strides strides{2 * block_size * row, row, head_dim};
  const rw::View<bf16> keys(cache.data(), in_blocks, strides);
  const rw::View<bf16> values(cache.data() + block_size * row, in_blocks, strides);
  // What the scheduler says of each token: its position, and where it goes.
  const std::vector<std::int64_t> positions{9, 10, 11, 0, 1, 0}, slots{17, 18, 19, 2, 3, -1};

  const rw::Shape shape{1, tokens, heads, head_dim};
  const auto qkv = rw::grouped_qkv_view(packed.data(), shape, kv_heads);
  const auto table = rw::model_table<bf16>(qwen, rw::Grid{max_seq});
  const auto rows = table.view().gather(positions);
  const std::tuple norms{rw::rms_norm(qwen, q_weight.data(), head_dim),
                         rw::rms_norm(qwen, k_weight.data(), head_dim), rw::no_norm};
  constexpr auto options = rw::fixed_model<qwen>.options();
  rw::apply(rw::serial, std::tuple{qkv.q, keys.rows(slots), values.rows(slots)},
            std::tuple{qkv.q, qkv.k, rw::copied(qkv.v)}, norms, rows, options);

  // Keys as the definition makes them of the old memory; other slots stay as they were.
  const auto old = rw::grouped_qkv_view(before.data(), shape, kv_heads);
  std::vector<bf16> wanted(tokens * row);
  const rw::View<bf16> k(wanted.data(), old.k.shape());
  rw::apply_strided(rw::serial, k, old.k, std::get<1>(norms), rows, options);
  std::vector<bf16> filled_cache(cache.size());
  for (std::size_t token = 0; token < slots.size(); ++token) {
    if (slots[token] < 0) continue;
    const auto s = static_cast<rw::Index>(token);
    const rw::Index block = slots[token] / block_size, at = slots[token] % block_size;
    bf16* to = filled_cache.data() + (block * 2 * block_size + at) * row;
    std::copy_n(k.row(0, s, 0), row, to);
    std::copy_n(old.v.row(0, s, 0), row, to + block_size * row);
  }
  if (cache == filled_cache) return 0;
  std::puts("keys must be normalised and turned in their slots, values copied to theirs");
  return 1;
}
