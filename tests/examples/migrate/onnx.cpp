// ONNX' RotaryEmbedding (opset 23) and ONNX Runtime's (com.microsoft), with rotary_embedding_dim:
// cos_cache, sin_cache [max_position, rotary_dim / 2]; position_ids [batch, seq] of int64.
#include <cmath>

#include "check.hpp"

namespace rw = ropewalk;
constexpr rw::Index batch = 2, seq = 3, heads = 2, head_dim = 48, rotary_dim = 32;
constexpr rw::Index pairs = rotary_dim / 2, max_position = 20;
constexpr rw::Shape shape{batch, seq, heads, head_dim}, rows{1, max_position, 1, pairs};
using Floats = std::vector<float>;
using Ids = std::vector<std::int64_t>;

// X [batch, seq, heads * head_dim]. Fused as ONNX Runtime's AVX2 kernel does it: the first product
// of a sum is not rounded. `bounds` gets how much that may change.
static Floats theirs(Floats x, const Floats& cos_cache, const Floats& sin_cache, const Ids& ids,
                     bool interleaved, bool fuses, std::vector<double>& bounds) {
  bounds.assign(x.size(), 0);
  for (rw::Index at = 0; at < batch * seq * heads * pairs; ++at) {
    const rw::Index i = at % pairs, row = at / pairs;
    const auto entry = std::size_t(ids[std::size_t(row / heads)] * pairs + i);
    const auto real = std::size_t(row * head_dim + (interleaved ? 2 * i : i));
    const auto imag = real + (interleaved ? 1 : pairs);
    const float a = x[real], b = x[imag], c = cos_cache[entry], s = sin_cache[entry];
    const float ac = a * c, bs = b * s, as = a * s, bc = b * c;
    x[real] = fuses ? std::fma(a, c, -bs) : ac - bs;
    x[imag] = fuses ? std::fma(a, s, bc) : as + bc;
    // A product and two sums round by 2^-24 of their size, which for sums is that of both products.
    const auto bound = [](float one, float two) {
      return std::ldexp(3 * std::fabs(double(one)) + 2 * std::fabs(double(two)), -24);
    };
    bounds[real] = bound(ac, bs);
    bounds[imag] = bound(as, bc);
  }
  return x;
}

int main() {
  const Floats cos_cache = numbers<float>(max_position * pairs, 1);
  const Floats sin_cache = numbers<float>(max_position * pairs, 2);
  const Floats before = numbers<float>(batch * seq * heads * head_dim, 3);
  const Ids position_ids = {4, 5, 6, 0, 19, 1};
  std::vector<double> bounds;
  bool holds = true;
  const auto cache =
      rw::half_table(rw::View(cos_cache.data(), rows), rw::View(sin_cache.data(), rows));
  const auto table = cache.gather(position_ids.data(), batch, seq);
  for (const bool interleaved : {false, true}) {
    const auto turned = [&](const Ids& ids, bool fuses) {
      return theirs(before, cos_cache, sin_cache, ids, interleaved, fuses, bounds);
    };
    const rw::Options options(interleaved ? rw::Pairing::interleaved : rw::Pairing::half);
    Floats x = before;
    rw::apply_inplace(rw::serial, rw::View(x.data(), shape), table, options);
    holds &= same_bits(x, turned(position_ids, false), "ONNX, bit for bit");
    holds &= within(x, turned(position_ids, true), bounds, "ONNX Runtime, fused");

    // position_ids [1] of ONNX Runtime: the position of the first token of every sample.
    x = before;
    rw::apply_inplace(rw::serial, rw::View(x.data(), shape), cache.rows(7, seq), options);
    holds &= same_bits(x, turned({7, 8, 9, 7, 8, 9}, false), "one first position, bit for bit");
  }

  // Without position_ids: caches [batch, seq, rotary_dim / 2], and X [batch, heads, seq, head_dim].
  const rw::Shape of_tokens{batch, seq, 1, pairs};
  const auto direct =
      rw::half_table(rw::View(cos_cache.data(), of_tokens), rw::View(sin_cache.data(), of_tokens));
  Floats x(before.size()),
      wanted = theirs(before, cos_cache, sin_cache, {0, 1, 2, 3, 4, 5}, false, false, bounds);
  const auto transposed = rw::bhsd_view(x.data(), shape);
  for (rw::Index i = 0; i < batch * seq * heads * head_dim; ++i) {
    const rw::Index f = i % head_dim, h = i / head_dim % heads, t = i / head_dim / heads;
    transposed.row(t / seq, t % seq, h)[f] = before[std::size_t(i)];
  }
  Floats out(before.size());
  rw::apply(rw::serial, rw::View(out.data(), shape), transposed, direct, rw::half_pairs);
  holds &= same_bits(out, wanted, "4-D and no ids, bit for bit");
  return holds ? 0 : 1;
}
