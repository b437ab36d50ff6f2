// How Wan2.2's self-attention begins, in one call: queries and keys are slices of one product, each
// token's 40 heads are normalised together, then turn. Queries stay where they are, keys go head by
// head into the tensor that attention reads. The preset says which norm, pairing and table.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model wan = rw::model_named("Wan2.2 A14B");

int main() {
  constexpr rw::Index heads = wan.shape.heads, head_dim = wan.shape.head_dim;
  constexpr rw::Index frames = 2, rows = 2, columns = 3, seq = frames * rows * columns;
  constexpr rw::Index inner = heads * head_dim;
  const auto filled = [](rw::Index count, int step) {
    std::vector<bf16> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] =
          static_cast<bf16>(static_cast<float>(i * static_cast<std::size_t>(step) % 89) / 44);
    }
    return values;
  };
  std::vector<bf16> packed = filled(seq * 3 * inner, 7), memory(seq * inner);
  const std::vector<bf16> q_weight = filled(inner, 3), k_weight = filled(inner, 5), before = packed;

  const auto qkv = rw::grouped_qkv_view(packed.data(), {1, seq, heads, head_dim}, heads);
  const auto keys = rw::bhsd_view(memory.data(), {1, seq, heads, head_dim});
  const auto table = rw::model_table(wan, rw::Grid{frames, rows, columns});
  const std::tuple norms{rw::rms_norm(wan, q_weight.data(), inner),
                         rw::rms_norm(wan, k_weight.data(), inner)};
  constexpr auto options = rw::fixed_model<wan>.options();
  rw::apply(rw::serial, std::tie(qkv.q, keys), std::tie(qkv.q, qkv.k), norms, table, options);

  // Each as the definition makes it of the old memory.
  const auto old = rw::grouped_qkv_view(before.data(), {1, seq, heads, head_dim}, heads);
  std::vector<bf16> wanted(seq * inner);
  const rw::View<bf16> wanted_view(wanted.data(), {1, seq, heads, head_dim});
  const auto is_wanted = [&](const rw::View<bf16>& got, const rw::View<const bf16>& x,
                             const rw::RmsNorm<bf16>& norm) {
    rw::apply_strided(rw::serial, wanted_view, x, norm, table, options);
    for (rw::Index i = 0; i < seq * heads; ++i) {
      const bf16* row = got.row(0, i / heads, i % heads);
      if (!std::equal(row, row + head_dim, &wanted[static_cast<std::size_t>(i * head_dim)])) {
        return false;
      }
    }
    return true;
  };
  if (is_wanted(qkv.q, old.q, std::get<0>(norms)) && is_wanted(keys, old.k, std::get<1>(norms))) {
    return 0;
  }
  std::puts("queries and keys must be normalised over all heads and turned");
  return 1;
}
