// ggml: ggml_rope_ext(ctx, a, b, c, n_dims, mode, n_ctx_orig, freq_base, freq_scale, ext_factor,
// attn_factor, beta_fast, beta_slow) of a [tokens, heads, head_dim], with int32 positions b and
// factors c of the frequencies. ext_factor is 0 here, so that the betas say nothing: ggml_yarn.cpp.
#include <cmath>

#include "check.hpp"

namespace rw = ropewalk;
using Floats = std::vector<float>;
using Ids = std::vector<std::int32_t>;
constexpr rw::Index tokens = 6, heads = 3, head_dim = 80, n_dims = 64;
constexpr float freq_base = 1e4f, freq_scale = 0.25f, attn_factor = 1.25f;

// cos and sin of each pair side by side, in float; theta is multiplied on from pair to pair.
static Floats cache_of(const Ids& b, const Floats& c) {
  Floats cache;
  const float theta_scale = std::pow(freq_base, -2.0f / n_dims);
  for (const std::int32_t position : b) {
    auto theta = float(position);
    for (const float factor : c) {
      const float angle = freq_scale * (theta / factor);
      cache.push_back(std::cos(angle) * attn_factor);
      cache.push_back(std::sin(angle) * attn_factor);
      theta *= theta_scale;
    }
  }
  return cache;
}

// Features from n_dims on stay. `bounds` gets how far angles in float may take each result.
static Floats theirs(Floats x, const Floats& cache, bool is_neox, const Ids& b,
                     std::vector<double>& bounds) {
  bounds.assign(x.size(), 0);
  for (std::size_t at = 0; at < tokens * heads * n_dims / 2; ++at) {
    const std::size_t i = at % (n_dims / 2), row = at / (n_dims / 2), token = row / heads;
    const std::size_t one = row * head_dim + (is_neox ? i : 2 * i);
    const std::size_t two = one + (is_neox ? n_dims / 2 : 1), entry = token * n_dims + 2 * i;
    const float x0 = x[one], x1 = x[two], cos = cache[entry], sin = cache[entry + 1];
    const float x0c = x0 * cos, x1s = x1 * sin, x0s = x0 * sin, x1c = x1 * cos;
    x[one] = x0c - x1s;
    x[two] = x0s + x1c;
    // Roundings of 2^-24: of theta one a pair, and two of what multiplies it; four more of the
    // angle and four of cos, sin and the result.
    const double theta = b[token] * std::pow(double(freq_base), -2 * double(i) / n_dims);
    const double length = std::hypot(x0, x1) * double(attn_factor);
    bounds[one] = bounds[two] = std::ldexp(length * (theta * (3 * double(i) + 4) + 4), -24);
  }
  return x;
}

int main() {
  const Ids b = {0, 1, 2, 700, 3, 4095};
  Floats c(n_dims / 2, 1.0f);  // as of a Llama 3.1: slow frequencies are divided
  for (std::size_t i = c.size() / 2; i < c.size(); ++i) c[i] = 8;
  const Floats cache = cache_of(b, c), a = numbers<float>(tokens * heads * head_dim, 1);
  std::vector<double> bounds;

  rw::Frequencies rule = rw::frequencies(n_dims, freq_base, rw::Linear(1 / freq_scale));
  rule.attention_factor *= attn_factor;
  for (rw::Term& term : rule.terms) term.frequency /= c[std::size_t(term.pair)];
  const auto table = rw::make_table(rw::id_positions(b), rule);
  const auto own = rw::complex_table(rw::View(cache.data(), {1, tokens, 1, n_dims}));

  bool holds = true;
  for (const bool is_neox : {false, true}) {
    const Floats wanted = theirs(a, cache, is_neox, b, bounds);
    const rw::Options mode(is_neox ? rw::Pairing::half : rw::Pairing::interleaved);
    Floats x = a, y = a;
    rw::apply_inplace(rw::serial, rw::thd_view(x.data(), tokens, heads, head_dim), table, mode);
    holds &= within(x, wanted, bounds, is_neox ? "NeoX mode" : "normal mode");
    rw::apply_inplace(rw::serial, rw::thd_view(y.data(), tokens, heads, head_dim), own, mode);
    holds &= same_bits(y, wanted, "by ggml's own cos and sin, bit for bit");
  }
  return holds ? 0 : 1;
}
