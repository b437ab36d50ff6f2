// Packed queries, keys and values: one matrix product gives [batch, seq, (heads + 2 * kv_heads) *
// head_dim], and grouped-query attention has fewer keys than queries. Both are turned where they
// are.
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
  constexpr rw::Index batch = 2, seq = 6, heads = 8, kv_heads = 2, head_dim = 32;
  std::vector<float> packed(batch * seq * (heads + 2 * kv_heads) * head_dim);
  for (std::size_t i = 0; i < packed.size(); ++i) packed[i] = static_cast<float>(i % 89) - 44;
  const std::vector<float> before = packed;

  // Three views of one memory; the shape is that of the queries.
  const rw::Shape shape{batch, seq, heads, head_dim};
  const auto qkv = rw::grouped_qkv_view(packed.data(), shape, kv_heads);
  const auto table = rw::make_table(rw::sequence_positions(seq), rw::frequencies(head_dim, 1e4));
  rw::apply_inplace(rw::serial, std::tie(qkv.q, qkv.k), table, rw::half_pairs);

  // Each as the definition turns it from the old memory; values stay.
  const auto old = rw::grouped_qkv_view(before.data(), shape, kv_heads);
  std::vector<float> q(batch * seq * heads * head_dim), k(batch * seq * kv_heads * head_dim);
  const rw::View<float> q_wanted(q.data(), old.q.shape()), k_wanted(k.data(), old.k.shape());
  rw::apply_strided(rw::serial, q_wanted, old.q, table, rw::half_pairs);
  rw::apply_strided(rw::serial, k_wanted, old.k, table, rw::half_pairs);
  const auto same = [](const rw::View<float>& a, const rw::View<const float>& b) {
    for (rw::Index i = 0; i < a.batch() * a.seq() * a.heads(); ++i) {
      const rw::Index h = i % a.heads(), s = i / a.heads() % a.seq(), n = i / a.heads() / a.seq();
      if (!std::equal(a.row(n, s, h), a.row(n, s, h) + head_dim, b.row(n, s, h))) return false;
    }
    return true;
  };
  if (!same(qkv.q, q_wanted) || !same(qkv.k, k_wanted) || !same(qkv.v, old.v)) {
    std::puts("queries and keys must be turned, values must not");
    return 1;
  }

  // Heads of queries and of keys in each other's place.
  try {
    rw::grouped_qkv_view(packed.data(), {batch, seq, kv_heads, head_dim}, heads);
  } catch (const std::invalid_argument& error) {
    const std::string text =
        "grouped_qkv_view: heads of the queries is 2, must be a multiple of the 8 of the keys";
    return error.what() == text ? 0 : 1;
  }
  return 1;
}
