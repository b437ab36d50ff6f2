// Packed sequences: samples of any length one after the other, without padding, as varlen attention
// takes them; positions begin at 0 in each.
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
constexpr rw::Index heads = llama.shape.heads, head_dim = llama.shape.head_dim;

int main() {
  const std::vector<std::int32_t> cu_seqlens = {0, 5, 6, 23};  // sequences of 5, 1 and 17 tokens
  const rw::Index tokens = cu_seqlens.back();
  std::vector<bf16> by_table;
  for (rw::Index i = 0; i < tokens * heads * head_dim; ++i) {
    by_table.push_back(bf16(float(i % 251) / 64 - 2));
  }
  std::vector<bf16> by_ids = by_table, alone = by_table;
  const auto packed = [&](std::vector<bf16>& memory) {
    return rw::thd_view(memory.data(), tokens, heads, head_dim);
  };

  // A table of this batch, for all layers of one step ...
  const auto positions = rw::packed_positions(cu_seqlens);
  const rw::Table<bf16> of_batch = rw::model_table<bf16>(llama, positions);
  rw::rotate(rw::serial, packed(by_table), rw::fixed_model<llama>, of_batch);

  // ... or the rows that ids name, of a table that is made once for all batches.
  const rw::Table<bf16> of_all = rw::model_table<bf16>(llama, rw::Grid{4096});
  std::vector<std::int32_t> ids;
  for (std::size_t i = 1; i < cu_seqlens.size(); ++i) {
    for (std::int32_t id = 0; id < cu_seqlens[i] - cu_seqlens[i - 1]; ++id) ids.push_back(id);
  }
  rw::rotate(rw::serial, packed(by_ids), rw::fixed_model<llama>, of_all.view().gather(ids));

  // Each sequence in a call of its own.
  for (std::size_t i = 1; i < cu_seqlens.size(); ++i) {
    const rw::Index begin = cu_seqlens[i - 1], count = cu_seqlens[i] - begin;
    rw::rotate(rw::serial, packed(alone).seq(begin, count), rw::fixed_model<llama>,
               of_all.view().rows(0, count));
  }
  const std::size_t bytes = alone.size() * sizeof(bf16);
  const bool same = std::memcmp(by_table.data(), alone.data(), bytes) == 0 &&
                    std::memcmp(by_ids.data(), alone.data(), bytes) == 0;

  // Ids of the batch before, which had a token less.
  ids.pop_back();
  std::string error;
  try {
    rw::rotate(rw::serial, packed(by_ids), rw::fixed_model<llama>, of_all.view().gather(ids));
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const std::string wanted =
      "rotate: seq of the table is 22, must be 23, an id for each token; starts of samples are for "
      "rows_of_each";
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  return same && error == wanted ? 0 : 1;
}
