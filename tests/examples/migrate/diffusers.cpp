// diffusers: apply_rotary_emb(x, (cos, sin), use_real=True, use_real_unbind_dim, sequence_dim) with
// float cos and sin [seq, head_dim], each value twice: side by side for -1 (Flux, CogVideoX,
// HunyuanVideo), half a head apart for -2 (Stable Audio, CogView4).
#include "check.hpp"

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
constexpr rw::Index batch = 2, seq = 5, heads = 3, head_dim = 32;
constexpr rw::Shape shape{batch, seq, heads, head_dim};

// (x.float() * cos + x_rotated.float() * sin).to(x.dtype) of x [batch, heads, seq, head_dim], which
// is sequence_dim = 2; x_rotated has (-b, a) in the place of every pair (a, b).
static std::vector<bf16> theirs(const std::vector<bf16>& x, const std::vector<float>& cos,
                                const std::vector<float>& sin, int unbind_dim) {
  std::vector<bf16> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t feature = i % head_dim, entry = i % (seq * head_dim);
    const std::size_t apart = unbind_dim == -1 ? 1 : head_dim / 2;
    const bool is_first = feature / apart % 2 == 0;
    const auto turned = static_cast<float>(is_first ? -x[i + apart] : x[i - apart]);
    const float a = static_cast<float>(x[i]) * cos[entry], b = turned * sin[entry];
    out[i] = bf16(a + b);  // rounded once
  }
  return out;
}

// Every value twice, `apart` entries from each other.
static std::vector<float> twice(std::vector<float> values, std::size_t apart) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % head_dim / apart % 2 == 1) values[i] = values[i - apart];
  }
  return values;
}

int main() {
  const auto before = numbers<bf16>(batch * heads * seq * head_dim, 1);
  const auto cos_numbers = numbers<float>(seq * head_dim, 2);
  const auto sin_numbers = numbers<float>(seq * head_dim, 3);
  const rw::Shape rows{1, seq, 1, head_dim};

  // -1. Of sequence_dim = 1, [batch, seq, heads, head_dim], the view is rw::View(data, shape).
  auto cos = twice(cos_numbers, 1), sin = twice(sin_numbers, 1);
  auto x = before;
  const auto side_by_side =
      rw::repeated_table(rw::View(cos.data(), rows), rw::View(sin.data(), rows));
  rw::apply_inplace(rw::serial, rw::bhsd_view(x.data(), shape), side_by_side);
  bool holds = same_bits(x, theirs(before, cos, sin, -1), "unbind_dim -1, bit for bit");

  // -2
  cos = twice(cos_numbers, head_dim / 2), sin = twice(sin_numbers, head_dim / 2);
  x = before;
  const auto halves = rw::duplicated_table(rw::View(cos.data(), rows), rw::View(sin.data(), rows));
  rw::apply_inplace(rw::serial, rw::bhsd_view(x.data(), shape), halves, rw::half_pairs);
  holds &= same_bits(x, theirs(before, cos, sin, -2), "unbind_dim -2, bit for bit");
  return holds ? 0 : 1;
}
