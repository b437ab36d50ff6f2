// Batched decode: one token of each sample, each sample at a position of its own. Keys go to the
// slots of a paged cache. One sample has finished and waits for the others: nothing of it is
// written.
#include <algorithm>
#include <cstdint>
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
constexpr rw::Index batch = 3, max_seq = 4096, head_dim = llama.shape.head_dim;
constexpr rw::Shape q_shape{batch, 1, llama.shape.heads, head_dim};
constexpr rw::Shape k_shape{batch, 1, llama.shape.kv_heads, head_dim};

static std::vector<bf16> numbers(const rw::Shape& shape) {
  std::vector<bf16> values;
  const rw::Index count = shape.batch * shape.seq * shape.heads * shape.head_dim;
  for (rw::Index i = 0; i < count; ++i) values.push_back(bf16(float(i % 251) / 64 - 2));
  return values;
}

int main() {
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, rw::Grid{max_seq});  // once, for all
  std::vector<bf16> q_memory = numbers(q_shape), k_memory = numbers(k_shape);
  const rw::View<bf16> q(q_memory.data(), q_shape), k(k_memory.data(), k_shape);
  // A paged cache [blocks, block_size, kv_heads, head_dim], and the slot of each sample's next key.
  std::vector<bf16> cache_memory(4 * 16 * k_memory.size() / batch, bf16(9));
  const rw::View<bf16> cache(cache_memory.data(), {4, 16, k_shape.heads, head_dim});
  const std::vector<std::int64_t> slots = {23, -1, 48};

  // Where each sample stands; the engine has chosen -1 to mean "finished". The positions are read
  // by each call, so that these rows serve every step while the engine counts them up.
  std::vector<std::int32_t> positions = {7, -1, 2048};
  const auto rows = table.view().rows_of_each(positions, 1).leaving(-1);
  const auto key_slots = cache.rows(slots.data(), batch, 1);
  rw::rotate(rw::serial, std::tie(q, key_slots), std::tie(q, k), rw::fixed_model<llama>, rows);

  // Each sample has the bits of a call of its own, the finished one those that were there.
  std::vector<bf16> q_alone = numbers(q_shape), cache_alone(cache_memory.size(), bf16(9));
  for (const rw::Index b : {0, 2}) {
    const rw::View<bf16> q_one(q_alone.data() + b * q.strides().batch, {1, 1, q.heads(), head_dim});
    const rw::View<bf16> k_one(cache_alone.data() + slots[std::size_t(b)] * k.strides().batch,
                               {1, 1, k.heads(), head_dim});
    std::copy_n(k.row(b, 0, 0), k.strides().batch, k_one.data());
    const auto row = table.view().rows(positions[std::size_t(b)], 1);
    rw::rotate(rw::serial, std::tie(q_one, k_one), rw::fixed_model<llama>, row);
  }
  const bool same = std::memcmp(q_alone.data(), q_memory.data(), 2 * q_memory.size()) == 0 &&
                    cache_alone == cache_memory;

  // gather's list is the ids of the tokens of one sequence, whatever its length: that of three
  // tokens does not fit three samples of one token.
  std::string error;
  try {
    rw::rotate(rw::serial, std::tie(q, k), rw::fixed_model<llama>, table.view().gather(positions));
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const std::string wanted =
      "rotate: seq of the table is 3, must be 1, an id for each token; starts of samples are for "
      "rows_of_each";
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  return same && error == wanted ? 0 : 1;
}
