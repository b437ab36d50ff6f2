// How Helios' self-attention begins, in one call: queries and keys of a chunk of new frames are
// slices of one product, each token's 40 heads are normalised together, then turn. Queries go into
// a tensor of their own, keys behind those of the history in a cache. The preset says which norm,
// pairing and table.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model helios = rw::model_named("Helios");

int main() {
  constexpr rw::Index heads = helios.shape.heads, head_dim = helios.shape.head_dim;
  constexpr rw::Index history = 1, frames = 2, rows = 2, columns = 3, cells = rows * columns;
  constexpr rw::Index past = history * cells, chunk = frames * cells, inner = heads * head_dim;
  const auto filled = [](rw::Index count, int step) {
    std::vector<bf16> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] =
          static_cast<bf16>(static_cast<float>(i * static_cast<std::size_t>(step) % 89) / 44);
    }
    return values;
  };
  const std::vector<bf16> packed = filled(chunk * 3 * inner, 7);
  const std::vector<bf16> q_weight = filled(inner, 3), k_weight = filled(inner, 5);
  std::vector<bf16> queries(chunk * inner), cache((past + chunk) * inner);

  const rw::Shape shape{1, chunk, heads, head_dim};
  const auto qkv = rw::grouped_qkv_view(packed.data(), shape, heads);
  const rw::View<bf16> q(queries.data(), shape);
  const auto slots = rw::bhsd_view(cache.data(), {1, past + chunk, heads, head_dim});
  const auto new_slots = slots.seq(past, chunk);
  // Of all frames, once for all layers and steps; the chunk's rows of it.
  const auto table = rw::model_table(helios, rw::Grid{history + frames, rows, columns});
  const auto chunk_rows = table.view().rows(past, chunk);
  const std::tuple norms{rw::rms_norm(helios, q_weight.data(), inner),
                         rw::rms_norm(helios, k_weight.data(), inner)};
  constexpr auto options = rw::fixed_model<helios>.options();
  rw::apply(rw::serial, std::tie(q, new_slots), std::tie(qkv.q, qkv.k), norms, chunk_rows, options);

  // Each as the definition makes it; the history's slots stay as they were.
  std::vector<bf16> wanted(chunk * inner);
  const rw::View<bf16> wanted_view(wanted.data(), shape);
  const auto is_wanted = [&](const rw::View<bf16>& got, const rw::View<const bf16>& x,
                             const rw::RmsNorm<bf16>& norm) {
    rw::apply_strided(rw::serial, wanted_view, x, norm, chunk_rows, options);
    for (rw::Index i = 0; i < chunk * heads; ++i) {
      const bf16* row = got.row(0, i / heads, i % heads);
      if (!std::equal(row, row + head_dim, &wanted[static_cast<std::size_t>(i * head_dim)])) {
        return false;
      }
    }
    return true;
  };
  const bool history_stays = std::all_of(slots.row(0, 0, 0), slots.row(0, past, 0),
                                         [](bf16 value) { return value == bf16(0); });
  if (is_wanted(q, qkv.q, std::get<0>(norms)) && is_wanted(new_slots, qkv.k, std::get<1>(norms)) &&
      history_stays) {
    return 0;
  }
  std::puts("queries and new keys must be normalised over all heads and turned, nothing else");
  return 1;
}
