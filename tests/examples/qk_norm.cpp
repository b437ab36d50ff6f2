// q/k RMSNorm, rotation and key cache in one call, as Qwen3's attention begins: queries where they
// lie in the packed product, keys from there into the cache, each with its own weight. The preset
// says which norm, pairing and table.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model qwen = rw::model_named("Qwen3 8B");

int main() {
  constexpr rw::Index heads = qwen.shape.heads, kv_heads = qwen.shape.kv_heads;
  constexpr rw::Index head_dim = qwen.shape.head_dim, seq = 5, max_seq = 16, position = 9;
  const auto filled = [](rw::Index count, int step) {
    std::vector<bf16> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] =
          static_cast<bf16>(static_cast<float>(i * static_cast<std::size_t>(step) % 89) / 44);
    }
    return values;
  };
  std::vector<bf16> packed = filled(seq * (heads + 2 * kv_heads) * head_dim, 7);
  const std::vector<bf16> q_weight = filled(head_dim, 3), k_weight = filled(head_dim, 5);
  const std::vector<bf16> before = packed;
  std::vector<bf16> cache(max_seq * kv_heads * head_dim);

  const rw::Shape shape{1, seq, heads, head_dim};
  const auto qkv = rw::grouped_qkv_view(packed.data(), shape, kv_heads);
  const auto slots = rw::bhsd_view(cache.data(), {1, max_seq, kv_heads, head_dim});
  const auto new_slots = slots.seq(position, seq);
  const auto table = rw::model_table<bf16>(qwen, rw::Grid{max_seq});
  const auto rows = table.view().rows(position, seq);
  const std::tuple norms{rw::rms_norm(qwen, q_weight.data(), head_dim),
                         rw::rms_norm(qwen, k_weight.data(), head_dim)};
  constexpr auto options = rw::fixed_model<qwen>.options();
  rw::apply(rw::serial, std::tie(qkv.q, new_slots), std::tie(qkv.q, qkv.k), norms, rows, options);

  // Each as the definition makes it of the old memory; other slots stay as they were.
  const auto old = rw::grouped_qkv_view(before.data(), shape, kv_heads);
  std::vector<bf16> q(seq * heads * head_dim), k(seq * kv_heads * head_dim);
  const rw::View<bf16> q_wanted(q.data(), old.q.shape()), k_wanted(k.data(), old.k.shape());
  rw::apply_strided(rw::serial, q_wanted, old.q, std::get<0>(norms), rows, options);
  rw::apply_strided(rw::serial, k_wanted, old.k, std::get<1>(norms), rows, options);
  const auto same = [](const rw::View<bf16>& a, const rw::View<bf16>& b) {
    for (rw::Index i = 0; i < a.seq() * a.heads(); ++i) {
      const rw::Index h = i % a.heads(), s = i / a.heads();
      if (!std::equal(a.row(0, s, h), a.row(0, s, h) + head_dim, b.row(0, s, h))) return false;
    }
    return true;
  };
  const bool others_stay = std::all_of(slots.row(0, 0, 0), slots.row(0, position, 0),
                                       [](bf16 value) { return value == bf16(0); });
  if (same(qkv.q, q_wanted) && same(new_slots, k_wanted) && others_stay) return 0;
  std::puts("queries and new keys must be normalised and turned, nothing else");
  return 1;
}
