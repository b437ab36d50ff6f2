// PyTorch code that rotates by strided assignment or by stack and flatten: Helios, Wan and others.
// The two forms have the same bits, since they only store in another order.
#include "check.hpp"

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
constexpr rw::Index batch = 2, seq = 5, heads = 3, head_dim = 16;
constexpr rw::Index count = batch * seq * heads * head_dim;

// x1, x2 = x[..., 0::2], x[..., 1::2]
// out[..., 0::2] = x1 * cos - x2 * sin       or   stack((x1 * cos - x2 * sin,
// out[..., 1::2] = x1 * sin + x2 * cos             x1 * sin + x2 * cos), -1).flatten(-2)
// T is the type that PyTorch computes in: the wider one of x and the table.
template <class T, class Cos, class Sin>
std::vector<bf16> theirs(const std::vector<bf16>& x, const Cos& cos, const Sin& sin) {
  std::vector<bf16> out(x.size());
  for (rw::Index token = 0; token < batch * seq; ++token) {
    for (rw::Index i = 0; i < heads * head_dim / 2; ++i) {
      const auto even = static_cast<std::size_t>(token * heads * head_dim + 2 * i), odd = even + 1;
      const rw::Index pair = i % (head_dim / 2);
      const T a = T(x[even]), b = T(x[odd]), c = cos(token, pair), s = sin(token, pair);
      const T ac = a * c, bs = b * s, as = a * s, bc = b * c;  // each rounded to T
      out[even] = bf16(ac - bs);
      out[odd] = bf16(as + bc);
    }
  }
  return out;
}

int main() {
  const std::vector<bf16> before = numbers<bf16>(count, 1);
  bool holds = true;

  // Helios: a float table [batch, seq, 2 * head_dim] = [cos | sin], of which the even entries of
  // cos and the odd ones of sin are read.
  const auto freqs = numbers<float>(batch * seq * 2 * head_dim, 2);
  const auto at = [&](rw::Index entry) { return freqs[static_cast<std::size_t>(entry)]; };
  std::vector<bf16> x = before;
  const rw::View<bf16> q(x.data(), {batch, seq, heads, head_dim});
  const auto packed = rw::packed_table(rw::View(freqs.data(), {batch, seq, 1, 2 * head_dim}));
  rw::apply_inplace(rw::serial, q, packed);
  const auto of_helios = theirs<float>(
      before, [&](rw::Index s, rw::Index i) { return at(s * 2 * head_dim + 2 * i); },
      [&](rw::Index s, rw::Index i) { return at(s * 2 * head_dim + head_dim + 2 * i + 1); });
  holds &= same_bits(x, of_helios, "Helios' packed float table, bit for bit");

  // cos and sin [seq, head_dim / 2] of x's type, shared by all samples: each step rounds to it.
  const auto cos = numbers<bf16>(seq * head_dim / 2, 3), sin = numbers<bf16>(seq * head_dim / 2, 4);
  x = before;
  const rw::Shape one_sample{1, seq, 1, head_dim / 2};
  const auto half =
      rw::half_table(rw::View(cos.data(), one_sample), rw::View(sin.data(), one_sample));
  rw::apply_inplace(rw::serial, q, half);
  const auto entry = [](const std::vector<bf16>& table) {
    return [&table](rw::Index token, rw::Index i) {
      return table[static_cast<std::size_t>(token % seq * head_dim / 2 + i)];
    };
  };
  const auto of_16_bits = theirs<bf16>(before, entry(cos), entry(sin));
  holds &= same_bits(x, of_16_bits, "cos and sin of x's type, bit for bit");
  return holds ? 0 : 1;
}
