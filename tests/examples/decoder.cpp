// A decoder as Llama's, with small random weights: RMSNorm, attention with grouped queries and a KV
// cache, SwiGLU. A prompt in one pass gives the bits of its tokens one by one, and so does every
// form; printed is how many tokens a second each form takes.
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <random>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
using rw::Index;
using bf16 = Eigen::bfloat16;
template <class T>
using MatrixOf = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Matrix = MatrixOf<float>;
using Vector = Eigen::VectorXf;
using Clock = std::chrono::steady_clock;

constexpr Index layer_count = 3, vocabulary = 128, width = 128, inner = 256, max_seq = 192;
constexpr Index heads = 8, kv_heads = 2, head_dim = 32, group = heads / kv_heads;

// The model's rotary embedding. That of a known model is rw::model_named("Llama 3.2 1B").
static constexpr rw::Model llama = rw::Model("a small Llama", {heads, kv_heads, head_dim})
                                       .with_axes(head_dim)  // all features turn, by one position
                                       .with_theta(1e4)
                                       .with_pairing(rw::Pairing::half)
                                       .with_table_type(rw::Model::TableType::like_x);

enum class Form { strided, stack_flatten, fused };

/// Rotates new queries and new keys, the keys into their slots of the cache.
void rotate(Form form, const rw::View<bf16>& q_out, const rw::View<bf16>& slots,
            const rw::QkvViews<bf16>& qkv, const rw::TableView<bf16>& rows) {
  constexpr auto options = rw::fixed_model<llama>.options();
  if (form == Form::fused) {
    // What an engine calls. The outputs std::tie(qkv.q, slots) rotate the queries in place.
    rw::rotate(rw::serial, std::tie(q_out, slots), std::tie(qkv.q, qkv.k), rw::fixed_model<llama>,
               rows);
  } else if (form == Form::strided) {
    rw::apply_strided(rw::serial, q_out, qkv.q, rows, options);
    rw::apply_strided(rw::serial, slots, qkv.k, rows, options);
  } else {
    rw::apply_stack_flatten(rw::serial, q_out, qkv.q, rows, options);
    rw::apply_stack_flatten(rw::serial, slots, qkv.k, rows, options);
  }
}

Matrix random_matrix(Index outputs, Index inputs, std::mt19937& random) {
  const float scale = std::sqrt(3.0f / static_cast<float>(inputs)) / 0x1p31f;
  return Matrix::NullaryExpr(outputs, inputs,
                             [&] { return (static_cast<float>(random()) - 0x1p31f) * scale; });
}

struct Layer {
  explicit Layer(std::mt19937& random)
      : qkv(random_matrix((heads + 2 * kv_heads) * head_dim, width, random)),
        out(random_matrix(width, heads * head_dim, random)),
        gate(random_matrix(inner, width, random)),
        up(random_matrix(inner, width, random)),
        down(random_matrix(width, inner, random)) {}

  Matrix qkv, out, gate, up, down;
  Vector attention_norm = Vector::Ones(width), mlp_norm = Vector::Ones(width);
};

struct Weights {
  explicit Weights(std::mt19937 random) : embedding(random_matrix(vocabulary, width, random)) {
    for (Index i = 0; i < layer_count; ++i) layers.emplace_back(random);
  }

  Matrix embedding;
  std::vector<Layer> layers;
  Vector norm = Vector::Ones(width);
};

Vector rms_norm(const Vector& x, const Vector& weight) {
  return x.cwiseProduct(weight) / std::sqrt(x.squaredNorm() / static_cast<float>(width) + 1e-5f);
}

/// Memory of one layer that outlives a call. The rotated queries are kept to be compared.
struct Cache {
  static constexpr Index size = kv_heads * max_seq * head_dim;
  std::vector<bf16> k = std::vector<bf16>(size), v = k, q = std::vector<bf16>(group * size);

  // [kv_heads, max_seq, head_dim] in memory; a shape is [batch, seq, heads, head_dim] all the same.
  rw::View<bf16> keys() { return rw::bhsd_view(k.data(), {1, max_seq, kv_heads, head_dim}); }
  rw::View<bf16> values() { return rw::bhsd_view(v.data(), {1, max_seq, kv_heads, head_dim}); }
  rw::View<bf16> queries() { return {q.data(), {1, max_seq, heads, head_dim}}; }
  bool operator==(const Cache& other) const {
    return std::memcmp(k.data(), other.k.data(), k.size() * sizeof(bf16)) == 0 &&
           std::memcmp(v.data(), other.v.data(), v.size() * sizeof(bf16)) == 0 &&
           std::memcmp(q.data(), other.q.data(), q.size() * sizeof(bf16)) == 0;
  }
};

class Decoder {
 public:
  Decoder(const Weights& weights, const rw::Table<bf16>& table, Form form)
      : weights_(weights), table_(table), form_(form), caches_(layer_count) {}

  /// Takes tokens behind those that it has; returns the one that follows.
  int take(const std::vector<int>& tokens) {
    const auto begin = Clock::now();
    const Index count = static_cast<Index>(tokens.size());
    Matrix x(count, width);
    for (Index s = 0; s < count; ++s) x.row(s) = weights_.embedding.row(tokens.data()[s]);
    for (std::size_t i = 0; i < caches_.size(); ++i) {
      attend(weights_.layers[i], caches_[i], x);
      for (Index s = 0; s < count; ++s) x.row(s) += feed_forward(weights_.layers[i], x.row(s));
    }
    position_ += count;
    Index next = 0;
    (weights_.embedding * rms_norm(x.row(count - 1), weights_.norm)).maxCoeff(&next);
    whole += Clock::now() - begin;
    return static_cast<int>(next);
  }

  bool same_bits(const Decoder& other) const { return caches_ == other.caches_; }

  std::chrono::duration<double> rotary{}, whole{};

 private:
  void attend(const Layer& layer, Cache& cache, Matrix& x) {
    // Token by token, so that a product rounds alike in a prompt and in a step of decode.
    const Index count = x.rows();
    MatrixOf<bf16> projected(count, layer.qkv.rows());
    for (Index s = 0; s < count; ++s) {
      projected.row(s) = (layer.qkv * rms_norm(x.row(s), layer.attention_norm)).cast<bf16>();
    }
    const auto qkv = rw::grouped_qkv_view(projected.data(), {1, count, heads, head_dim}, kv_heads);
    const rw::View<bf16> q = cache.queries().seq(position_, count);

    const auto begin = Clock::now();
    rotate(form_, q, cache.keys().seq(position_, count), qkv, table_.view().rows(position_, count));
    rotary += Clock::now() - begin;

    const rw::View<bf16> values = cache.values().seq(position_, count);
    for (Index s = 0; s < count; ++s) {
      for (Index h = 0; h < kv_heads; ++h) {
        std::copy_n(qkv.v.row(0, s, h), head_dim, values.row(0, s, h));
      }
      x.row(s) += layer.out * mixed_values(cache, q, s);
    }
  }

  /// softmax(q k / sqrt(head_dim)) v for one token, over all up to it.
  Vector mixed_values(Cache& cache, const rw::View<bf16>& q, Index s) const {
    using Rows = Eigen::Map<const MatrixOf<bf16>>;
    using Row = Eigen::Map<const Eigen::Matrix<bf16, Eigen::Dynamic, 1>>;
    const float scale = 1 / std::sqrt(static_cast<float>(head_dim));
    Vector mixed(heads * head_dim);
    for (Index h = 0; h < heads; ++h) {
      const Index seen = position_ + s + 1;
      const Rows k(cache.keys().row(0, 0, h / group), seen, head_dim);
      const Rows v(cache.values().row(0, 0, h / group), seen, head_dim);
      Vector share = k.cast<float>() * Row(q.row(0, s, h), head_dim).cast<float>() * scale;
      share = (share.array() - share.maxCoeff()).exp();
      mixed.segment(h * head_dim, head_dim) = v.cast<float>().transpose() * (share / share.sum());
    }
    return mixed;
  }

  static Vector feed_forward(const Layer& layer, const Vector& x) {
    const Vector normed = rms_norm(x, layer.mlp_norm), gate = layer.gate * normed;
    const Vector silu = gate.array() / (1 + (-gate.array()).exp());
    return layer.down * silu.cwiseProduct(layer.up * normed);
  }

  const Weights& weights_;
  const rw::Table<bf16>& table_;
  const Form form_;
  std::vector<Cache> caches_;
  Index position_ = 0;
};

int main() {
  const Weights weights(std::mt19937(17));
  // Once, for every position that the cache has room for, and for all layers.
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, rw::Grid{max_seq});

  // A prompt, then a token a step until the cache is full.
  std::vector<int> tokens;
  for (int i = 0; i < 96; ++i) tokens.push_back(i * 37 % static_cast<int>(vocabulary));
  Decoder step_by_step(weights, table, Form::fused);
  int next = step_by_step.take(tokens);
  while (tokens.size() < max_seq) {
    tokens.push_back(next);
    next = step_by_step.take({next});
  }

  // The same tokens as one prompt, by every form: the same token follows, by the same bits.
  bool same = true;
  std::puts("tokens per second   rotary part      whole");
  for (const Form form : {Form::strided, Form::stack_flatten, Form::fused}) {
    double rotary = 1e9, whole = 1e9;  // seconds, the shortest of some rounds
    for (int round = 0; round < 5; ++round) {
      Decoder prompt(weights, table, form);
      same = same && prompt.take(tokens) == next && prompt.same_bits(step_by_step);
      rotary = std::min(rotary, prompt.rotary.count());
      whole = std::min(whole, prompt.whole.count());
    }
    const char* const names[] = {"strided", "stack_flatten", "fused"};
    std::printf("%-20s%11.0f%11.0f\n", names[static_cast<int>(form)], double(max_seq) / rotary,
                double(max_seq) / whole);
  }
  std::puts(same ? "prompt, decode and all forms: the same bits" : "OTHER BITS");

  // The cache is full: there is no room for one more.
  std::string error;
  try {
    step_by_step.take({next});
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  std::puts(error.c_str());
  const bool refused = error == "seq: seq of the view from 192, 1 of them, must be within 192";
  return same && refused ? 0 : 1;
}
