// A KV cache [kv_heads, max_seq, head_dim]: keys are turned on their way into it, queries where
// they are, in one call; first a prompt, then a token.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace rw = ropewalk;

int main() {
  constexpr rw::Index max_seq = 8, heads = 4, kv_heads = 2, head_dim = 32, prompt = 6;
  // A shape is [batch, seq, heads, head_dim]; bhsd_view says that heads come before seq in memory.
  std::vector<float> cached(kv_heads * max_seq * head_dim);
  const rw::View<float> cache = rw::bhsd_view(cached.data(), {1, max_seq, kv_heads, head_dim});
  // One table for every position that the cache has room for.
  const auto table =
      rw::make_table(rw::sequence_positions(max_seq), rw::frequencies(head_dim, 1e4));

  std::vector<float> q((prompt + 1) * heads * head_dim), k((prompt + 1) * kv_heads * head_dim);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = static_cast<float>(i % 83) - 41;
  for (std::size_t i = 0; i < k.size(); ++i) k[i] = static_cast<float>(i % 79) - 39;
  const std::vector<float> q_before = q;
  const rw::View<float> queries(q.data(), {1, prompt + 1, heads, head_dim});
  const rw::View<float> keys(k.data(), {1, prompt + 1, kv_heads, head_dim});
  const auto step = [&](rw::Index position, rw::Index count) {
    const auto q_new = queries.seq(position, count), k_new = keys.seq(position, count);
    rw::apply(rw::serial, std::tuple{q_new, cache.seq(position, count)}, std::tuple{q_new, k_new},
              table.view().rows(position, count), rw::half_pairs);
  };
  step(0, prompt);
  step(prompt, 1);

  // All tokens at once by the definition: the same bits.
  std::vector<float> q_out(q.size()), k_out(k.size());
  const rw::View<float> q_wanted(q_out.data(), queries.shape()),
      k_wanted(k_out.data(), keys.shape());
  const auto rows = table.view().rows(0, prompt + 1);
  rw::apply_strided(rw::serial, q_wanted, rw::View<const float>(q_before.data(), queries.shape()),
                    rows, rw::half_pairs);
  rw::apply_strided(rw::serial, k_wanted, keys, rows, rw::half_pairs);
  bool same = q == q_out;
  for (rw::Index i = 0; i < (prompt + 1) * kv_heads; ++i) {
    const float* row = cache.row(0, i / kv_heads, i % kv_heads);
    same = same && std::equal(row, row + head_dim, k_wanted.row(0, i / kv_heads, i % kv_heads));
  }
  if (!same) {
    std::puts("prefill and decode differ from the definition");
    return 1;
  }

  // A cache that is full.
  try {
    cache.seq(prompt + 1, 2);
  } catch (const std::invalid_argument& error) {
    const std::string text = "seq: seq of the view from 7, 2 of them, must be within 8";
    return error.what() == text ? 0 : 1;
  }
  return 1;
}
