// FlashInfer: apply_rope_inplace(q, k, indptr, offsets, rotary_dim, interleave, rope_scale,
// rope_theta): ragged q [nnz, heads, head_dim]; segment i has the tokens from indptr[i] to
// indptr[i + 1], the first of which stands at offsets[i]. It works out cos and sin as it goes.
#include <cmath>

#include "check.hpp"

namespace rw = ropewalk;
using Eigen::half;
constexpr rw::Index heads = 3, head_dim = 64, rotary_dim = 32, pairs = rotary_dim / 2;
constexpr float rope_scale = 4, rope_theta = 1e4f;

struct Rotated {
  std::vector<half> out;
  std::vector<double> bounds;
};

// interleave = False. In float, and rounded once.
static Rotated theirs(const std::vector<half>& q, const std::vector<std::int32_t>& indptr,
                      const std::vector<std::int32_t>& offsets) {
  Rotated rotated{q, std::vector<double>(q.size(), 0)};
  for (std::size_t i = 0; i + 1 < indptr.size(); ++i) {
    for (std::int32_t j = indptr[i]; j < indptr[i + 1]; ++j) {
      const auto position = static_cast<float>(offsets[i] + j - indptr[i]);
      for (rw::Index p = 0; p < heads * pairs; ++p) {
        const rw::Index pair = p % pairs;
        const float power = 2 * static_cast<float>(pair) / static_cast<float>(rotary_dim);
        const float angle = position * (std::pow(1 / rope_theta, power) / rope_scale);
        const float c = std::cos(angle), s = std::sin(angle);
        const auto at = static_cast<std::size_t>((j * heads + p / pairs) * head_dim + pair);
        const auto a = static_cast<float>(q[at]), b = static_cast<float>(q[at + pairs]);
        const float ac = a * c, bs = b * s, bc = b * c, as = a * s;
        rotated.out[at] = half(ac - bs);
        rotated.out[at + pairs] = half(bc + as);
        // The angle, in roundings of 2^-24: 1 / theta, pow by two, the product. Four more of cos,
        // sin and the result, whose last rounding to half may then fall to the other side.
        const double length = std::hypot(double(a), double(b)), step = std::ldexp(1.0, -24);
        const double bound = length * (4 * double(angle) * step + 4 * step + std::ldexp(1.0, -10));
        rotated.bounds[at] = rotated.bounds[at + pairs] = bound;
      }
    }
  }
  return rotated;
}

int main() {
  const std::vector<std::int32_t> indptr = {0, 5, 5, 6, 13}, offsets = {0, 4, 32000, 4000};
  const rw::Index nnz = indptr.back();
  auto q = numbers<half>(nnz * heads * head_dim, 1);
  const Rotated wanted = theirs(q, indptr, offsets);

  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    for (auto j = indptr[i]; j < indptr[i + 1]; ++j) ids.push_back(offsets[i] + j - indptr[i]);
  }
  const auto frequencies = rw::frequencies(rotary_dim, rope_theta, rw::Linear(rope_scale));
  const auto table = rw::make_table(rw::id_positions(ids), frequencies);
  rw::apply_inplace(rw::serial, rw::thd_view(q.data(), nnz, heads, head_dim), table,
                    rw::half_pairs);
  return within(q, wanted.out, wanted.bounds, "ragged queries by angles in float") ? 0 : 1;
}
