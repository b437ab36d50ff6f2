// Speculative decode: the keys of draft tokens are rotated into the cache, queries in place, by one
// call. Of a rejected token nothing is undone: the next call writes the same slots anew.
#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");
constexpr rw::Index draft = 4, max_seq = 32, head_dim = llama.shape.head_dim;
constexpr rw::Index heads = llama.shape.heads, kv_heads = llama.shape.kv_heads;

/// What the projections give for the token that is said to stand at a position; drafts differ.
static std::vector<bf16> projected(rw::Index position, rw::Index count, rw::Index of, int variant) {
  std::vector<bf16> values;
  for (rw::Index i = position * of * head_dim; i < (position + count) * of * head_dim; ++i) {
    values.push_back(bf16(float((i + variant) % 251) / 64 - 2));
  }
  return values;
}

struct Cache {
  std::vector<bf16> memory = std::vector<bf16>(std::size_t(kv_heads * max_seq * head_dim));
  rw::View<bf16> keys() { return rw::bhsd_view(memory.data(), {1, max_seq, kv_heads, head_dim}); }

  /// Rotates `count` tokens from `position` on: keys into their slots, queries where they are.
  void take(rw::Index position, rw::Index count, int variant, const rw::Table<bf16>& table) {
    std::vector<bf16> q_memory = projected(position, count, heads, variant);
    std::vector<bf16> k_memory = projected(position, count, kv_heads, variant);
    const rw::View<bf16> q(q_memory.data(), {1, count, heads, head_dim});
    const rw::View<bf16> k(k_memory.data(), {1, count, kv_heads, head_dim});
    const auto slots = keys().seq(position, count);
    rw::rotate(rw::serial, std::tie(q, slots), std::tie(q, k), rw::fixed_model<llama>,
               table.view().rows(position, count));
  }
};

int main() {
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, rw::Grid{max_seq});
  Cache cache, token_by_token;
  cache.take(0, 10, 0, table);      // the prompt
  cache.take(10, draft, 7, table);  // four drafts, of which the model takes none ...
  cache.take(10, draft, 0, table);  // ... and four of which it takes two, so that it goes on at 12
  cache.take(12, draft, 0, table);

  // The cache of a decode that has never guessed.
  for (rw::Index position = 0; position < 16; ++position)
    token_by_token.take(position, 1, 0, table);
  const std::size_t bytes = cache.memory.size() * sizeof(bf16);
  const bool same = std::memcmp(cache.memory.data(), token_by_token.memory.data(), bytes) == 0;

  // Drafts that reach beyond the cache, though the token before them does not.
  std::string error;
  try {
    cache.take(max_seq - 2, draft, 0, table);
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  return same && error == "seq: seq of the view from 30, 4 of them, must be within 32" ? 0 : 1;
}
