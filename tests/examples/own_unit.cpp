// One unit of yours, behind a function: this one only declares it and calls it, and compiles no
// kernel. Its definition stands in own_unit_rotate.cpp. Views and tables pass between units, and so
// do errors.
#include <Eigen/Core>
#include <cstdio>
#include <ropewalk/table.hpp>
#include <ropewalk/view.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;

namespace engine {
rw::Table<bf16> llama_table(rw::Index max_seq);
void rotate_llama(const rw::View<bf16>& q, const rw::View<bf16>& k,
                  const rw::TableView<bf16>& rows);
}  // namespace engine

int main() {
  constexpr rw::Index max_seq = 32, heads = 4, kv_heads = 2, head_dim = 128;
  const rw::Table<bf16> table = engine::llama_table(max_seq);

  // Positions 20 and 21 of a decode, at once and one after the other.
  std::vector<bf16> memory(2 * (heads + 2 * kv_heads) * head_dim, bf16(1.5f)), again = memory;
  const auto both = rw::grouped_qkv_view(memory.data(), {1, 2, heads, head_dim}, kv_heads);
  const auto each = rw::grouped_qkv_view(again.data(), both.q.shape(), kv_heads);
  engine::rotate_llama(both.q, both.k, table.view().rows(20, 2));
  for (const rw::Index s : {0, 1}) {
    engine::rotate_llama(each.q.seq(s, 1), each.k.seq(s, 1), table.view().rows(20 + s, 1));
  }
  const bool same = memory == again && memory[0] != bf16(1.5f);

  std::string error;
  try {
    engine::rotate_llama(both.q, both.k, table.view());
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  const std::string wanted =
      "rotate: seq of the table is 32, must be 2: of a longer table pass its rows(position, count)";
  return same && error == wanted ? 0 : 1;
}
