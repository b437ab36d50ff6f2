// ggml's rotary embedding by Ropewalk: as a custom operator, and by the name of its own kernel.
#ifndef ADAPTERS_GGML_HPP
#define ADAPTERS_GGML_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>

namespace adapters::ggml {

namespace rw = ropewalk;

// In an engine these are ggml_type, ggml_tensor and ggml_compute_params: what is read of them.
enum Type { f32 = 0, f16 = 1, i32 = 26 };

/// Axes from the innermost: head_dim, heads, seq, batch. ne counts entries, nb bytes.
struct Tensor {
  Type type;
  std::int64_t ne[4];
  std::size_t nb[4];
  std::int32_t op_params[16];
  Tensor* src[3];
  void* data;
};

struct ComputeParams {
  int ith, nth;
};

/// What ggml_rope_ext is told. mode: 0, pairs of features 2i and 2i + 1; 2, i and i + n_dims / 2.
struct Rope {
  int n_dims = 0, mode = 0, n_ctx_orig = 0;
  float freq_base = 10000, freq_scale = 1;
  float ext_factor = 0, attn_factor = 1, beta_fast = 32, beta_slow = 1;  ///< YaRN; 0: without
};

namespace detail {

template <class Got, class Wanted>
void check_equal(const std::string& what, Got got, Wanted wanted) {
  if (static_cast<std::int64_t>(got) == static_cast<std::int64_t>(wanted)) return;
  throw std::invalid_argument("rope: " + what + " is " + std::to_string(got) + ", must be " +
                              std::to_string(wanted));
}

/// `at` gives the memory of entries as what the library reads.
template <class At>
auto view_of(const std::string& name, const Tensor& of, std::size_t bytes, const At& at) {
  check_equal("nb[0] of " + name, of.nb[0], bytes);
  for (const std::size_t stride : of.nb) check_equal("rest of nb of " + name, stride % bytes, 0);
  return rw::View(at(of.data), {of.ne[3], of.ne[2], of.ne[1], of.ne[0]},
                  {of.nb[3] / bytes, of.nb[2] / bytes, of.nb[1] / bytes});
}

/// Radians per position of each pair, and what cos and sin are multiplied by.
inline rw::Frequencies frequencies(const Rope& rope, const Tensor* c) {
  rw::Frequencies list = rw::frequencies(rope.n_dims, rope.freq_base);
  list.attention_factor = rope.attn_factor;
  double low = 0, high = 0;  // YaRN keeps pairs up to low and scales those from high on
  if (rope.ext_factor != 0) {
    const auto pair_of = [&](double turns) {
      const double wavelength = rope.n_ctx_orig / (turns * 2 * std::acos(-1.0));
      return rope.n_dims * std::log(wavelength) / (2 * std::log(double{rope.freq_base}));
    };
    low = std::max(0.0, std::floor(pair_of(rope.beta_fast)));
    high = std::min(rope.n_dims - 1.0, std::ceil(pair_of(rope.beta_slow)));
    list.attention_factor *= 1 + 0.1 * std::log(1 / double{rope.freq_scale});
  }
  for (rw::Term& term : list.terms) {
    const double beyond = (static_cast<double>(term.pair) - low) / std::max(0.001, high - low);
    const double kept = (1 - std::clamp(beyond, 0.0, 1.0)) * rope.ext_factor;
    term.frequency *= rope.freq_scale * (1 - kept) + kept;
    if (c != nullptr) term.frequency /= static_cast<const float*>(c->data)[term.pair];
  }
  return list;
}

template <class At>
void rotate(const Tensor& dst, const Tensor& a, const Tensor& b, const Tensor* c, int ith, int nth,
            const Rope& rope, std::size_t bytes, const At& at) {
  const int pairs = rope.n_dims / 2;
  const auto x = view_of("a", a, bytes, at), out = view_of("dst", dst, bytes, at);
  check_equal("type of dst", dst.type, a.type);
  check_equal("type of b", b.type, i32);
  check_equal("ne[0] of b", b.ne[0], x.seq());
  check_equal("nb[0] of b", b.nb[0], sizeof(std::int32_t));
  if (c != nullptr) check_equal("type of c", c->type, f32);
  if (c != nullptr && c->ne[0] < pairs) check_equal("ne[0] of c", c->ne[0], pairs);
  if (rope.mode != 0) check_equal("mode, which is not 0,", rope.mode, 2);

  // A thread takes tokens, or heads where there are more threads than tokens.
  const bool by_tokens = x.seq() >= nth;
  const rw::Index all = by_tokens ? x.seq() : x.heads();
  const rw::Index begin = all * ith / nth, count = all * (ith + 1) / nth - begin;
  if (count == 0) return;
  const auto part = [&](const auto& of) {
    return by_tokens ? of.seq(begin, count) : of.heads(begin, count);
  };
  const auto* ids = static_cast<const std::int32_t*>(b.data) + (by_tokens ? begin : 0);
  const auto table = rw::make_table(rw::id_positions(ids, part(x).seq()), frequencies(rope, c));
  const rw::Options options(rope.mode == 0 ? rw::Pairing::interleaved : rw::Pairing::half);
  rw::apply(rw::serial, part(out), part(x), table, options);
}

}  // namespace detail

/// A ggml_custom3_op_t for ggml_map_custom3 and ggml_map_custom3_inplace: dst is a, rotated.
///
/// Shapes   a, dst [head_dim, heads, seq, batch] in ggml's order, any strides but of head_dim;
///          b [seq]: positions; c: null, or [n_dims / 2]: what each frequency is divided by
/// Threads  ith of nth takes its part of the tokens or heads; the bits are those of one thread
/// Alias    dst may be a; any other overlap is an error
/// Types    a, dst: f32 or f16; b: i32; c: f32; userdata: a Rope
/// Errors   std::invalid_argument before this thread writes anything; where ggml itself aborts
/// Bits     cos and sin by steps in double, rounded once to float; products and sum in float, each
///          rounded. ggml's theta is a product of floats from pair to pair: at position 4095 nearly
///          all its cos and sin are others, by up to 5e-4 (theta 1e4); and it fuses a product
/// Allocates cos and sin of its tokens in each call. What rotates many layers makes them once.
inline void rope_custom(Tensor* dst, const Tensor* a, const Tensor* b, const Tensor* c, int ith,
                        int nth, void* userdata) {
  const Rope& rope = *static_cast<const Rope*>(userdata);
  if (a->type == f16) {
    const auto at = [](void* data) { return rw::as_half(static_cast<std::uint16_t*>(data)); };
    detail::rotate(*dst, *a, *b, c, ith, nth, rope, 2, at);
  } else {
    detail::check_equal("type of a, which is not f16,", a->type, f32);
    const auto at = [](void* data) { return static_cast<float*>(data); };
    detail::rotate(*dst, *a, *b, c, ith, nth, rope, 4, at);
  }
}

/// The same as ggml_compute_forward_rope: sources and parameters are those of dst.
inline void compute_forward_rope(const ComputeParams* params, Tensor* dst) {
  const std::int32_t* words = dst->op_params;
  Rope rope;
  rope.n_dims = words[1], rope.mode = words[2], rope.n_ctx_orig = words[4];
  float* const fields[] = {&rope.freq_base,   &rope.freq_scale, &rope.ext_factor,
                           &rope.attn_factor, &rope.beta_fast,  &rope.beta_slow};
  for (int i = 0; i < 6; ++i) std::memcpy(fields[i], words + 5 + i, sizeof(float));
  rope_custom(dst, dst->src[0], dst->src[1], dst->src[2], params->ith, params->nth, &rope);
}

}  // namespace adapters::ggml

#endif  // ADAPTERS_GGML_HPP
