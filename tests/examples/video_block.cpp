// An attention block of a video model, as Helios or Wan: text, frames of history and a chunk of new
// frames in one sequence, with small random weights. Frames stand on a grid and turn; text does
// not. A thread pool does the work, and video that comes chunk by chunk has the bits of the whole;
// printed is how many tokens a second each form takes.
#define EIGEN_USE_THREADS  // before the first include of Eigen's tensors
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
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

namespace rw = ropewalk;
using rw::Index;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model helios = rw::model_named("Helios");

// The preset has 40 heads, of which this is a shard: heads are as the tensors have them.
constexpr Index heads = 4, head_dim = helios.shape.head_dim;
constexpr Index text = 12, history = 2, frames = 3, rows = 6, columns = 8;
constexpr Index past = history * rows * columns, chunk = frames * rows * columns;
constexpr Index video = past + chunk, tokens = text + video;
constexpr Index width = 256, inner = heads * head_dim;

template <class T>
using MatrixOf = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Matrix = MatrixOf<float>;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

static bool same_bits(const MatrixOf<bf16>& a, const MatrixOf<bf16>& b) {
  return std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(bf16)) == 0;
}

/// Queries, keys or values of all tokens.
struct Tensor {
  rw::View<bf16> view() { return {memory.data(), {1, tokens, heads, head_dim}}; }
  bool operator==(const Tensor& other) const { return same_bits(memory, other.memory); }

  MatrixOf<bf16> memory;  // [tokens, heads * head_dim]
};

static Matrix random_matrix(Index outputs, Index inputs, std::mt19937& random) {
  const float scale = std::sqrt(3.0f / static_cast<float>(inputs)) / 0x1p31f;
  return Matrix::NullaryExpr(outputs, inputs,
                             [&] { return (static_cast<float>(random()) - 0x1p31f) * scale; });
}

struct Weights {
  explicit Weights(std::mt19937 random)
      : q(random_matrix(inner, width, random)),
        k(random_matrix(inner, width, random)),
        v(random_matrix(inner, width, random)),
        out(random_matrix(width, inner, random)) {}

  Matrix q, k, v, out;
};

static Tensor projected(const Matrix& x, const Matrix& weight) {
  return {(x * weight.transpose()).cast<bf16>()};
}

/// Where `count` frames from `first` on stand: frames x rows x columns, columns fastest.
static rw::Positions cells(Index first, Index count) {
  return rw::grid_positions(
      {rw::range(count, static_cast<double>(first)), rw::range(rows), rw::range(columns)});
}

enum class Form { strided, stack_flatten, fused };

/// Rotates the video of queries and keys; text has the bits that it had. What an engine calls works
/// in place, the other forms from copies.
template <class Device>
void rotate(const Device& device, Form form, Tensor& q, Tensor& k, Tensor& q_copy, Tensor& k_copy,
            const rw::Table<float>& table) {
  const auto q_video = q.view().seq(text, video), k_video = k.view().seq(text, video);
  const auto q_from = q_copy.view().seq(text, video), k_from = k_copy.view().seq(text, video);
  constexpr auto options = rw::fixed_model<helios>.options();
  if (form == Form::fused) {
    rw::rotate(device, std::tie(q_video, k_video), rw::fixed_model<helios>, table);
  } else if (form == Form::strided) {
    rw::apply_strided(device, q_video, q_from, table, options);
    rw::apply_strided(device, k_video, k_from, table, options);
  } else {
    rw::apply_stack_flatten(device, q_video, q_from, table, options);
    rw::apply_stack_flatten(device, k_video, k_from, table, options);
  }
}

/// softmax(q k / sqrt(head_dim)) v: tokens of the chunk look at all.
static Matrix attention(Tensor& q, Tensor& k, Tensor& v) {
  using Rows = Eigen::Map<const MatrixOf<bf16>, 0, Eigen::OuterStride<>>;
  const auto head = [](const rw::View<bf16>& x, Index h) {
    return Rows(x.row(0, 0, h), x.seq(), head_dim, Eigen::OuterStride<>(x.strides().seq));
  };
  Matrix mixed(chunk, inner);
  for (Index h = 0; h < heads; ++h) {
    const Eigen::MatrixXf q_head = head(q.view().seq(text + past, chunk), h).cast<float>(),
                          k_head = head(k.view(), h).cast<float>(),
                          v_head = head(v.view(), h).cast<float>();
    Eigen::MatrixXf share = q_head * k_head.transpose() / std::sqrt(static_cast<float>(head_dim));
    share = (share.colwise() - share.rowwise().maxCoeff()).array().exp().matrix();
    const Eigen::VectorXf sums = share.rowwise().sum();
    mixed.middleCols(h * head_dim, head_dim) = sums.cwiseInverse().asDiagonal() * share * v_head;
  }
  return mixed;
}

/// The block of hidden states x [tokens, width], of which those of the chunk go on.
struct Block {
  template <class Device>
  Block(const Device& device, Form form, const Matrix& x, const Weights& weights,
        const rw::Table<float>& table) {
    const auto begin = Clock::now();
    q = projected(x, weights.q), k = projected(x, weights.k);
    Tensor v = projected(x, weights.v), q_copy = q, k_copy = k;
    const auto before = Clock::now();
    rotate(device, form, q, k, q_copy, k_copy, table);
    rotary = Clock::now() - before;
    out = x.bottomRows(chunk) + attention(q, k, v) * weights.out.transpose();
    whole = Clock::now() - begin;
  }

  Tensor q, k;
  Matrix out;
  Seconds rotary, whole;
};

int main() {
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 2);
  std::mt19937 random(17);
  const Weights weights(random);
  const Matrix x = random_matrix(tokens, width, random) * std::sqrt(static_cast<float>(width));

  // One table for all layers and steps: history first, then the chunk, whose frames go on counting.
  const rw::Table<float> table =
      rw::model_table(helios, rw::concatenate({cells(0, history), cells(history, frames)}));

  // The definition on one thread, then every form on the pool.
  const Block wanted(rw::serial, Form::strided, x, weights, table);
  bool same = wanted.out.allFinite();
  std::puts("tokens per second   rotary part      whole");
  for (const Form form : {Form::strided, Form::stack_flatten, Form::fused}) {
    Seconds rotary(1e9), whole(1e9);  // the shortest of some rounds
    for (int round = 0; round < 5; ++round) {
      const Block block(device, form, x, weights, table);
      same = same && block.q == wanted.q && block.k == wanted.k && block.out == wanted.out;
      rotary = std::min(rotary, block.rotary);
      whole = std::min(whole, block.whole);
    }
    const char* const names[] = {"strided", "stack_flatten", "fused"};
    std::printf("%-20s%11.0f%11.0f\n", names[static_cast<int>(form)],
                double(tokens) / rotary.count(), double(tokens) / whole.count());
  }

  // Text has the bits that it had.
  Tensor q = projected(x, weights.q), k = projected(x, weights.k);
  const bool text_stays = same_bits(q.memory.topRows(text), wanted.q.memory.topRows(text)) &&
                          same_bits(k.memory.topRows(text), wanted.k.memory.topRows(text)) &&
                          !(q == wanted.q) && !(k == wanted.k);

  // Chunk by chunk: history was rotated when it was new, by the rows of its frames; so is the
  // chunk. Their positions are those of one grid.
  const rw::Table<float> grid = rw::model_table(helios, rw::Grid{history + frames, rows, columns});
  for (const auto& [begin, count] : {std::pair{Index{0}, past}, {past, chunk}}) {
    const auto q_part = q.view().seq(text + begin, count),
               k_part = k.view().seq(text + begin, count);
    rw::rotate(device, std::tie(q_part, k_part), rw::fixed_model<helios>,
               grid.view().rows(begin, count));
  }
  const bool in_parts = q == wanted.q && k == wanted.k;

  // A table of the chunk alone does not fit history and chunk.
  std::string error;
  try {
    const auto both = q.view().seq(text, video);
    rw::rotate(device, both, rw::fixed_model<helios>, rw::model_table(helios, cells(0, frames)));
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const bool refused = error == "rotate: seq of the table is 144, must be 240";
  std::printf("%s, %s; %s\n", same && text_stays ? "the definition's bits" : "OTHER BITS",
              in_parts ? "the same in chunks" : "OTHERS IN CHUNKS", error.c_str());
  return same && text_stays && in_parts && refused ? 0 : 1;
}
