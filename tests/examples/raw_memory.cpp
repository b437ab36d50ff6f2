// Raw memory: a pointer, sizes and strides are all that a call needs. No class of tensors, no
// header of Eigen's tensors.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;

int main() {
  // A projection has written 5 tokens into rows of 320 floats, whose first 256 are the queries: 4
  // heads of 64. Strides count elements, of batch, seq and heads; that of features is always 1.
  constexpr rw::Index seq = 5, heads = 4, head_dim = 64, row = 320;
  std::vector<float> memory(seq * row);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i % 97) - 48;
  const std::vector<float> before = memory;
  const rw::View<float> queries(memory.data(), {1, seq, heads, head_dim}, {0, row, head_dim});

  // Rotated in place, as Llama does: features i and i + 32 are a pair.
  const auto table = rw::make_table(rw::sequence_positions(seq), rw::frequencies(head_dim, 1e4));
  rw::apply_inplace(rw::serial, queries, table, rw::half_pairs);

  // The same by the definition, which reads the old queries and writes dense ones.
  const rw::View<const float> old(before.data(), queries.shape(), queries.strides());
  std::vector<float> dense(seq * heads * head_dim);
  rw::apply_strided(rw::serial, rw::View<float>(dense.data(), old.shape()), old, table,
                    rw::half_pairs);
  for (rw::Index s = 0; s < seq; ++s) {
    const float* token = memory.data() + s * row;
    const float* rest = token + heads * head_dim;  // keys and values: nobody touches them
    if (!std::equal(token, rest, dense.data() + s * heads * head_dim) ||
        !std::equal(rest, token + row, before.data() + s * row + heads * head_dim)) {
      std::printf("token %d is not what it should be\n", static_cast<int>(s));
      return 1;
    }
  }

  // One row for all tokens, which stand at position 2. Without repeated it is that of one token.
  const rw::TableView<float> at_2 = table.view().rows(2, 1);
  std::vector<float> all = before, one = before;
  const rw::View<float> turned(all.data(), queries.shape(), queries.strides());
  const rw::View<float> alone(one.data(), queries.shape(), queries.strides());
  rw::apply_inplace(rw::serial, turned, at_2.repeated(seq), rw::half_pairs);
  rw::apply_inplace(rw::serial, alone.seq(4, 1), at_2, rw::half_pairs);
  const bool same = std::equal(all.begin() + 4 * row, all.end(), one.begin() + 4 * row);
  const auto error_of = [](const rw::View<float>& x, const rw::TableView<float>& rows) {
    try {
      rw::apply_inplace(rw::serial, x, rows, rw::half_pairs);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const bool refused = error_of(turned, at_2) ==
                       "apply_inplace: seq of the table is 1, must be 5: of one row for all tokens "
                       "pass its repeated(count)";

  // A shape names [batch, seq, heads, head_dim], whatever the order in memory.
  const rw::View<float> swapped(memory.data(), {1, heads, seq, head_dim}, {0, head_dim, row});
  const bool names_axes = error_of(swapped, table.view()) ==
                          "apply_inplace: seq of the table is 5, must be 4: of a longer table pass "
                          "its rows(position, count)";
  return same && refused && names_axes ? 0 : 1;
}
