// Context shift: the cache is full, so tokens behind the prefix are dropped and the keys of those
// that stay move back, without their hidden states, by one more rotation in place.
#include <cmath>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");
constexpr rw::Index tokens = 256, prefix = 4, dropped = 100, head_dim = llama.shape.head_dim;

int main() {
  // A cache [kv_heads, tokens, head_dim], as rotate has filled it.
  const rw::Shape shape{1, tokens, llama.shape.kv_heads, head_dim};
  const std::size_t size(shape.seq * shape.heads * head_dim);
  std::vector<float> plain, cache(size), anew(size);
  for (std::size_t i = 0; i < size; ++i) plain.push_back(float(i % 251) / 64 - 2);
  const auto keys = rw::bhsd_view(cache.data(), shape), again = rw::bhsd_view(anew.data(), shape);
  const auto x = rw::bhsd_view<const float>(plain.data(), shape);
  const rw::Table<float> table = rw::model_table<float>(llama, rw::Grid{tokens});
  rw::rotate(rw::serial, keys, x, rw::fixed_model<llama>, table);

  const rw::Index first = prefix + dropped, kept = tokens - first;
  rw::shift(rw::serial, keys.seq(first, kept), rw::fixed_model<llama>, -dropped);
  rw::rotate(rw::serial, again.seq(first, kept), x.seq(first, kept), rw::fixed_model<llama>,
             table.view().rows(prefix, kept));

  // A key that moves is rotated, so rounded, twice. The model computes its angles in float: each of
  // the three (at the old position, of the shift, at the new one) is off by at most 2^-24 of
  // itself, which is at most its position; the roundings of two rotations are less than 8 more.
  // All of it at the length of the pair.
  bool close = true;
  for (rw::Index s = first; s < tokens; ++s) {
    const double ulps = double(s + dropped + (s - dropped) + 8) * std::ldexp(1.0, -24);
    for (rw::Index h = 0; h < shape.heads; ++h) {
      const float *moved = keys.row(0, s, h), *wanted = again.row(0, s, h);
      for (rw::Index i = 0; i < head_dim; ++i) {
        const rw::Index partner = (i + head_dim / 2) % head_dim;
        const double length = std::hypot(wanted[i], wanted[partner]);
        close = close && std::fabs(double(moved[i]) - double(wanted[i])) <= ulps * length;
      }
    }
  }

  // In float bit for bit: what stood at position 0, where nothing is rounded. It turns once.
  rw::rotate(rw::serial, again.seq(0, 1), x.seq(0, 1), rw::fixed_model<llama>,
             table.view().rows(dropped, 1));
  rw::shift(rw::serial, keys.seq(0, 1), rw::fixed_model<llama>, dropped);
  bool same = true;
  for (rw::Index h = 0; h < shape.heads; ++h) {
    for (rw::Index i = 0; i < head_dim; ++i)
      same = same && keys.row(0, 0, h)[i] == again.row(0, 0, h)[i];
  }

  std::string error;
  try {
    keys.seq(first, tokens);  // the count of tokens that stay, not of all
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  std::printf("%s, %s; %s\n", close ? "close" : "NOT CLOSE", same ? "the same" : "OTHER BITS",
              error.c_str());
  const bool refused = error == "seq: seq of the view from 104, 256 of them, must be within 256";
  return close && same && refused ? 0 : 1;
}
