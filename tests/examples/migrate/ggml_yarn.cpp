// ggml with YaRN, ext_factor 1: what n_ctx_orig, freq_scale, attn_factor, beta_fast and beta_slow
// of ggml_rope_ext say. Its cos and sin are compared with the table's; ggml.cpp has the rotation.
#include <algorithm>
#include <cmath>

#include "check.hpp"

namespace rw = ropewalk;
using Floats = std::vector<float>;
using Ids = std::vector<std::int32_t>;
constexpr rw::Index n_dims = 64, n_ctx_orig = 4096;
constexpr float freq_base = 1e4f, freq_scale = 0.25f, attn_factor = 1.25f;
constexpr float beta_fast = 32, beta_slow = 1;

// The pair that makes so many turns over the original length, in float.
static float pair_of(float turns) {
  const float length = float(n_ctx_orig) / (turns * 2 * 3.14159265f);
  return float(n_dims) * std::log(length) / (2 * std::log(freq_base));
}

// Of each token all cos, then all sin. `bounds` gets how far angles in float may take each.
static Floats theirs(const Ids& positions, std::vector<double>& bounds) {
  const float low = std::max(0.0f, std::floor(pair_of(beta_fast)));
  const float high = std::min(n_dims - 1.0f, std::ceil(pair_of(beta_slow)));
  const float theta_scale = std::pow(freq_base, -2.0f / n_dims);
  const float scale = attn_factor * (1 + 0.1f * std::log(1 / freq_scale));
  Floats cos_and_sin, sin;
  for (const std::int32_t position : positions) {
    auto theta = float(position);
    sin.clear();
    for (rw::Index i = 0; i < n_dims / 2; ++i, theta *= theta_scale) {
      const float ramp = (float(i) - low) / std::max(0.001f, high - low);
      const float kept = 1 - std::min(1.0f, std::max(0.0f, ramp));
      const float angle = freq_scale * theta * (1 - kept) + theta * kept;
      cos_and_sin.push_back(std::cos(angle) * scale);
      sin.push_back(std::sin(angle) * scale);
      // As in ggml.cpp, and four more roundings of the angle's two parts.
      const double roundings = double(theta) * (3 * double(i) + 8) + 4;
      bounds.push_back(std::ldexp(double(scale) * roundings, -24));
    }
    cos_and_sin.insert(cos_and_sin.end(), sin.begin(), sin.end());
    bounds.insert(bounds.end(), bounds.end() - n_dims / 2, bounds.end());
  }
  return cos_and_sin;
}

int main() {
  const Ids positions = {0, 1, 2, 700, 3, 16383};
  const rw::Yarn yarn(1 / freq_scale, n_ctx_orig, /*truncates=*/true, beta_fast, beta_slow);
  rw::Frequencies rule = rw::frequencies(n_dims, freq_base, yarn);
  rule.attention_factor *= attn_factor;
  const auto table = rw::make_table(rw::id_positions(positions), rule);

  Floats ours;
  for (std::size_t token = 0; token < positions.size(); ++token) {
    const float* cos = table.cos(0, rw::Index(token));
    const float* sin = table.sin(0, rw::Index(token));
    ours.insert(ours.end(), cos, cos + n_dims / 2);
    ours.insert(ours.end(), sin, sin + n_dims / 2);
  }
  std::vector<double> bounds;
  const Floats wanted = theirs(positions, bounds);
  return within(ours, wanted, bounds, "cos and sin of YaRN") ? 0 : 1;
}
