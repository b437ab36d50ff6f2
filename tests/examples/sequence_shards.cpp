// Sequence and head parallelism: each rank has some tokens, or some heads of all tokens, and turns
// them as they stand in the whole sequence. An engine has MPI or NCCL where a loop is here.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");
constexpr rw::Index heads = llama.shape.kv_heads, head_dim = llama.shape.head_dim;
constexpr rw::Index token = heads * head_dim;

int main() {
  // Packed sequences, whose positions a rank cannot count by itself.
  const std::vector<std::int32_t> cu_seqlens = {0, 300, 301, 1000};
  const rw::Index seq = cu_seqlens.back(), ranks = 3;
  const rw::Positions positions = rw::packed_positions(cu_seqlens);
  std::vector<bf16> projected;
  for (rw::Index i = 0; i < seq * token; ++i) projected.push_back(bf16(float(i % 251) / 64 - 2));
  const auto view = [](std::vector<bf16>& x) {
    return rw::View<bf16>(x.data(), {1, rw::Index(x.size()) / token, heads, head_dim});
  };
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, positions);
  std::vector<bf16> whole = projected;
  rw::rotate(rw::serial, view(whole), rw::fixed_model<llama>, table);

  // Contiguous shards: in place, by a part of the table.
  std::vector<bf16> in_chunks = projected;
  for (rw::Index rank = 0; rank < ranks; ++rank) {
    const auto [begin, count] = rw::contiguous_shard(seq, ranks, rank);
    rw::rotate(rw::serial, view(in_chunks).seq(begin, count), rw::fixed_model<llama>,
               table.view().rows(begin, count));
  }

  // Zigzag shards, for ring attention under a causal mask: two chunks each, by a table that has the
  // rank's rows alone. table.view().gather(tokens) would take them from the table of the whole.
  std::vector<bf16> in_zigzag(projected.size());
  for (rw::Index rank = 0; rank < ranks; ++rank) {
    const rw::Shard shard = rw::zigzag_shard(seq, ranks, rank);
    const rw::List<rw::Index> tokens = rw::token_ids(shard);
    const auto own = rw::model_table<bf16>(llama, rw::select_tokens(positions, tokens));
    std::vector<bf16> x;  // as the rank has them: the tokens of both chunks
    for (const rw::Index id : tokens) {
      const bf16* from = projected.data() + id * token;
      x.insert(x.end(), from, from + token);
    }
    rw::rotate(rw::serial, view(x), rw::fixed_model<llama>, own);
    const bf16* from = x.data();
    for (const rw::Index id : tokens) {
      std::copy_n(from, token, in_zigzag.data() + id * token);
      from += token;
    }
  }

  // Ulysses, between its two exchanges: all tokens of some heads, by the table of the whole. More
  // ranks than heads are no error; those that have none do nothing.
  std::vector<bf16> by_heads = projected;
  for (rw::Index rank = 0; rank < 11; ++rank) {
    const auto [begin, count] = rw::contiguous_shard(heads, 11, rank);
    rw::rotate(rw::serial, view(by_heads).heads(begin, count), rw::fixed_model<llama>, table);
  }

  const std::size_t bytes = whole.size() * sizeof(bf16);
  const bool same = std::memcmp(in_chunks.data(), whole.data(), bytes) == 0 &&
                    std::memcmp(in_zigzag.data(), whole.data(), bytes) == 0 &&
                    std::memcmp(by_heads.data(), whole.data(), bytes) == 0;

  // Ranks counted from 1.
  std::string error;
  try {
    rw::zigzag_shard(seq, ranks, 3);
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const std::string wanted =
      "zigzag_shard: rank of the sequence is 3, must be 0 or more and less than 3";
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  return same && error == wanted ? 0 : 1;
}
