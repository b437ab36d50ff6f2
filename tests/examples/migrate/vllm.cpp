// vLLM: rotary_embedding(positions, query, key, head_size, cos_sin_cache, is_neox), in place, with
// query [tokens, heads * head_size] and cos_sin_cache [max_position, rotary_dim] = [cos | sin].
#include <tuple>

#include "check.hpp"

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
constexpr rw::Index tokens = 6, heads = 4, kv_heads = 2, head_size = 32, rotary_dim = 16;
constexpr rw::Index max_position = 40;

// The first rotary_dim features of every head; T is the type in which a step is rounded.
template <class T>
std::vector<bf16> theirs(std::vector<bf16> x, const std::vector<bf16>& cache,
                         const std::vector<std::int64_t>& positions, bool is_neox) {
  const std::size_t pairs = rotary_dim / 2, rows = x.size() / head_size;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto position = static_cast<std::size_t>(positions[row / (rows / tokens)]);
    for (std::size_t i = 0; i < pairs; ++i) {
      bf16& first = x[row * head_size + (is_neox ? i : 2 * i)];
      bf16& second = x[row * head_size + (is_neox ? i + pairs : 2 * i + 1)];
      const T cos = T(cache[position * rotary_dim + i]);
      const T sin = T(cache[position * rotary_dim + pairs + i]);
      const T a = T(first), b = T(second), ac = a * cos, bs = b * sin, bc = b * cos, as = a * sin;
      first = bf16(ac - bs);
      second = bf16(bc + as);
    }
  }
  return x;
}

int main() {
  const std::vector<std::int64_t> positions = {7, 0, 39, 8, 8, 21};
  const auto cos_sin_cache = numbers<bf16>(max_position * rotary_dim, 1);  // of the model's type
  const auto query = numbers<bf16>(tokens * heads * head_size, 2);
  const auto key = numbers<bf16>(tokens * kv_heads * head_size, 3);
  auto q = query, k = key;
  const auto qs = rw::thd_view(q.data(), tokens, heads, head_size);
  const auto ks = rw::thd_view(k.data(), tokens, kv_heads, head_size);
  const auto cache =
      rw::packed_cos_sin_table(rw::View(cos_sin_cache.data(), {1, max_position, 1, rotary_dim}));
  const auto table = cache.gather(positions);

  // forward_native, PyTorch code: each step rounds to the type of the query.
  rw::apply_inplace(rw::serial, std::tie(qs, ks), table, rw::half_pairs);
  bool holds = same_bits(q, theirs<bf16>(query, cos_sin_cache, positions, true), "neox, queries");
  holds &= same_bits(k, theirs<bf16>(key, cos_sin_cache, positions, true), "neox, keys");
  q = query;
  rw::apply_inplace(rw::serial, qs, table);
  holds &= same_bits(q, theirs<bf16>(query, cos_sin_cache, positions, false), "not neox");

  // The CUDA kernel: in float, rounded once. That nvcc may fuse there is not written below.
  constexpr rw::FixedOptions<rw::Pairing::half, rw::Compute::wide> in_float;
  q = query;
  rw::apply_inplace(rw::serial, qs, table, in_float);
  holds &= same_bits(q, theirs<float>(query, cos_sin_cache, positions, true), "neox, in float");
  return holds ? 0 : 1;
}
