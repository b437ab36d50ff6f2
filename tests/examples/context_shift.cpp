// Context shift: the cache is full, so tokens behind the prefix are dropped. The keys of those that
// stay are turned to their new positions by one more rotation in place, without their hidden
// states, keys and values are moved down, and decoding goes on.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using rw::Index;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");
constexpr Index tokens = 256, prefix = 4, dropped = 100, head_dim = llama.shape.head_dim;
constexpr Index heads = llama.shape.heads, kv_heads = llama.shape.kv_heads;
constexpr Index first = prefix + dropped, kept = tokens - first, next = prefix + kept;

struct Tensor {
  explicit Tensor(const rw::Shape& of, int seed = 0)
      : shape(of), memory(std::size_t(of.seq * of.heads * head_dim)) {
    for (std::size_t i = 0; i < memory.size(); ++i) {
      memory[i] = float((i * 37 + std::size_t(seed)) % 251) / 64 - 2;
    }
  }
  // [heads, seq, head_dim] in memory, as a cache: the features of a head's tokens in one piece.
  rw::View<float> view() { return rw::bhsd_view(memory.data(), shape); }

  rw::Shape shape;
  std::vector<float> memory;
};

constexpr rw::Shape cached{1, tokens, kv_heads, head_dim};
struct Cache {
  Tensor keys{cached}, values{cached};
};

/// Tokens [from, from + count) of x to [to, to + count) of out; x may be out where they move down.
static void copy(const rw::View<float>& out, Index to, const rw::View<float>& x, Index from,
                 Index count) {
  for (Index h = 0; h < x.heads(); ++h) {
    std::copy_n(x.row(0, from, h), count * head_dim, out.row(0, to, h));
  }
}

static double product(const float* a, const float* b) {
  double sum = 0;
  for (Index i = 0; i < head_dim; ++i) sum += double(a[i]) * b[i];
  return sum / std::sqrt(double(head_dim));
}

/// Decodes the token behind those of the cache: softmax(q k / sqrt(head_dim)) v, all in double but
/// for the rotation. The query is rotated in place.
static std::vector<double> decode(Cache& cache, Tensor& q, Tensor k, Tensor v,
                                  const rw::Table<float>& table) {
  const auto query = q.view(), key = k.view(), slot = cache.keys.view().seq(next, 1);
  rw::rotate(rw::serial, std::tie(query, slot), std::tie(query, key), rw::fixed_model<llama>,
             table.view().rows(next, 1));
  copy(cache.values.view(), next, v.view(), 0, 1);
  std::vector<double> mixed(std::size_t(heads * head_dim));
  for (Index h = 0; h < heads; ++h) {
    const Index of = h / (heads / kv_heads);
    double sum = 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (Index s = 0; s <= next; ++s) {
        const double share = std::exp(product(query.row(0, 0, h), cache.keys.view().row(0, s, of)));
        if (pass == 0) sum += share;
        const float* const value = cache.values.view().row(0, s, of);
        for (Index i = 0; pass == 1 && i < head_dim; ++i) {
          mixed[std::size_t(h * head_dim + i)] += share / sum * value[i];
        }
      }
    }
  }
  return mixed;
}

static bool same(const rw::View<float>& a, const rw::View<float>& b, Index begin, Index count) {
  bool all = true;
  for (Index h = 0; h < a.heads(); ++h) {
    const float* const row = a.row(0, begin, h);
    all = all && std::equal(row, row + count * head_dim, b.row(0, begin, h));
  }
  return all;
}

/// By how much a key may differ that is rotated, so rounded, twice, at the length of each of its
/// pairs. The model computes its angles in float: each of the three (at the old position, of the
/// shift, at the new one) is off by at most 2^-24 of itself, which is at most its position; the
/// roundings of two rotations are less than 8 more.
static double allowed(Index s) {
  return double((s + dropped) + dropped + s + 8) * std::ldexp(1.0, -24);
}

static double pair_length(const float* row, Index i) {
  return std::hypot(row[i], row[(i + head_dim / 2) % head_dim]);
}

int main() {
  const rw::Table<float> table = rw::model_table<float>(llama, rw::Grid{tokens});
  Tensor plain(cached, 1), values(cached, 2);
  Cache cache, anew;
  const auto keys = cache.keys.view(), again = anew.keys.view(), x = plain.view();
  rw::rotate(rw::serial, keys, x, rw::fixed_model<llama>, table);
  copy(cache.values.view(), 0, values.view(), 0, tokens);

  rw::shift(rw::serial, keys.seq(first, kept), rw::fixed_model<llama>, -dropped);
  copy(keys, prefix, keys, first, kept);
  copy(cache.values.view(), prefix, cache.values.view(), first, kept);

  // The shortened context anew: every key rotated once, at its new position.
  for (const auto& [to, from, count] :
       {std::tuple{Index{0}, Index{0}, prefix}, {prefix, first, kept}}) {
    rw::rotate(rw::serial, again.seq(to, count), x.seq(from, count), rw::fixed_model<llama>,
               table.view().rows(to, count));
    copy(anew.values.view(), to, values.view(), from, count);
  }

  const rw::Shape one_query{1, 1, heads, head_dim}, one_key{1, 1, kv_heads, head_dim};
  Tensor q(one_query, 3), q_anew = q;
  const Tensor k(one_key, 4), v(one_key, 5);
  const std::vector<double> mixed = decode(cache, q, k, v, table),
                            wanted = decode(anew, q_anew, k, v, table);

  // Bit for bit: the prefix, all values, the new query and the new key.
  const bool exact = same(keys, again, 0, prefix) && same(keys, again, next, 1) &&
                     same(cache.values.view(), anew.values.view(), 0, next + 1) &&
                     same(q.view(), q_anew.view(), 0, 1);

  // Not bit for bit, but as close as float is: keys that have moved, and what is mixed by them. A
  // score that is off by d changes its share by a factor of at most exp(2 d).
  bool close = true;
  double most = 0;
  for (Index s = prefix; s < next; ++s) {
    for (Index h = 0; h < heads; ++h) {
      const float *moved = keys.row(0, s, h / (heads / kv_heads)),
                  *once = again.row(0, s, h / (heads / kv_heads)), *query = q.view().row(0, 0, h);
      double off = 0;
      for (Index i = 0; i < head_dim; ++i) {
        const double limit = allowed(s) * pair_length(once, i);
        close = close && std::fabs(double(moved[i]) - double(once[i])) <= limit;
        off += std::fabs(double(query[i])) * limit;
      }
      most = std::max(most, off / std::sqrt(double(head_dim)));
    }
  }
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    close = close && std::fabs(mixed[i] - wanted[i]) <= 2 * std::expm1(2 * most);  // values to 2
  }

  // In float bit for bit: what stood at position 0, where nothing is rounded. It turns once.
  rw::rotate(rw::serial, again.seq(0, 1), x.seq(0, 1), rw::fixed_model<llama>,
             table.view().rows(dropped, 1));
  rw::shift(rw::serial, keys.seq(0, 1), rw::fixed_model<llama>, dropped);
  const bool once = same(keys, again, 0, 1);

  std::string error;
  try {
    keys.seq(first, tokens);  // the count of tokens that stay, not of all
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  std::printf("%s, %s; %s\n", close ? "close" : "NOT CLOSE",
              exact && once ? "the same" : "OTHER BITS", error.c_str());
  const bool refused = error == "seq: seq of the view from 104, 256 of them, must be within 256";
  return close && exact && once && refused ? 0 : 1;
}
