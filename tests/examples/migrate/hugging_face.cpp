// transformers: q [batch, heads, seq, head_dim], k with fewer heads; cos and sin [batch, seq,
// head_dim], whose second half repeats the first, in the type of q; rotate_half.
#include <tuple>

#include "check.hpp"

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
constexpr rw::Index batch = 2, seq = 5, heads = 4, kv_heads = 2, head_dim = 32;

// x * cos + rotate_half(x) * sin, with rotate_half(x) = cat((-x[..., D/2:], x[..., :D/2]), -1)
static std::vector<bf16> theirs(const std::vector<bf16>& x, rw::Index of_heads,
                                const std::vector<bf16>& cos, const std::vector<bf16>& sin) {
  std::vector<bf16> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t feature = i % head_dim, token = i / head_dim % seq;
    const std::size_t sample = i / (head_dim * seq * static_cast<std::size_t>(of_heads));
    const std::size_t entry = (sample * seq + token) * head_dim + feature;
    const bool is_first = feature < head_dim / 2;
    const bf16 turned = is_first ? -x[i + head_dim / 2] : x[i - head_dim / 2];
    const bf16 a = x[i] * cos[entry], b = turned * sin[entry];  // each rounded to bfloat16
    out[i] = a + b;
  }
  return out;
}

int main() {
  // Their rotary module: cos and sin of half the width, twice in a row.
  auto cos = numbers<bf16>(batch * seq * head_dim, 1),
       sin = numbers<bf16>(batch * seq * head_dim, 2);
  for (std::size_t i = 0; i < cos.size(); ++i) {
    if (i % head_dim >= head_dim / 2) {
      cos[i] = cos[i - head_dim / 2];
      sin[i] = sin[i - head_dim / 2];
    }
  }
  auto q = numbers<bf16>(batch * heads * seq * head_dim, 3);
  auto k = numbers<bf16>(batch * kv_heads * seq * head_dim, 4);
  const auto q_wanted = theirs(q, heads, cos, sin), k_wanted = theirs(k, kv_heads, cos, sin);

  const rw::Shape rows{batch, seq, 1, head_dim};
  const auto table = rw::duplicated_table(rw::View(cos.data(), rows), rw::View(sin.data(), rows));
  const auto queries = rw::bhsd_view(q.data(), {batch, seq, heads, head_dim});
  const auto keys = rw::bhsd_view(k.data(), {batch, seq, kv_heads, head_dim});
  rw::apply_inplace(rw::serial, std::tie(queries, keys), table, rw::half_pairs);

  const bool q_same = same_bits(q, q_wanted, "queries, bit for bit");
  const bool k_same = same_bits(k, k_wanted, "keys, bit for bit");
  return q_same && k_same ? 0 : 1;
}
