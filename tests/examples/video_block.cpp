// An attention block of a video model, as Helios or Wan: text, frames of history and a chunk of new
// frames in one sequence. Frames stand on a grid and turn; text does not. A thread pool does the
// work, and video that comes chunk by chunk has the bits of the whole.
#define EIGEN_USE_THREADS  // before the first include of Eigen's tensors
#include <Eigen/Core>
#include <cmath>
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

struct Tensor {
  explicit Tensor(unsigned seed) : memory(tokens * heads * head_dim) {
    std::mt19937 random(seed);
    for (bf16& value : memory) value = bf16(static_cast<float>(random() % 4096) / 1024 - 2);
  }
  rw::View<bf16> view() { return {memory.data(), {1, tokens, heads, head_dim}}; }
  bool operator==(const Tensor& other) const {
    return std::memcmp(memory.data(), other.memory.data(), memory.size() * sizeof(bf16)) == 0;
  }

  std::vector<bf16> memory;
};

/// Where `count` frames from `first` on stand: frames x rows x columns, columns fastest.
static rw::Positions cells(Index first, Index count) {
  return rw::grid_positions(
      {rw::range(count, static_cast<double>(first)), rw::range(rows), rw::range(columns)});
}

/// softmax(q k / sqrt(head_dim)) v: tokens of the chunk look at all.
static Eigen::MatrixXf attention(Tensor& q, Tensor& k, Tensor& v) {
  using Rows =
      Eigen::Map<const Eigen::Matrix<bf16, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0,
                 Eigen::OuterStride<>>;
  const auto head = [](const rw::View<bf16>& x, Index h) {
    return Rows(x.row(0, 0, h), x.seq(), head_dim, Eigen::OuterStride<>(x.strides().seq));
  };
  Eigen::MatrixXf out(chunk, heads * head_dim);
  for (Index h = 0; h < heads; ++h) {
    const Eigen::MatrixXf q_head = head(q.view().seq(text + past, chunk), h).cast<float>(),
                          k_head = head(k.view(), h).cast<float>(),
                          v_head = head(v.view(), h).cast<float>();
    Eigen::MatrixXf share = q_head * k_head.transpose() / std::sqrt(static_cast<float>(head_dim));
    share = (share.colwise() - share.rowwise().maxCoeff()).array().exp().matrix();
    const Eigen::VectorXf sums = share.rowwise().sum();
    out.middleCols(h * head_dim, head_dim) = sums.cwiseInverse().asDiagonal() * share * v_head;
  }
  return out;
}

int main() {
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 2);
  const Tensor q_old(1), k_old(2);
  Tensor q = q_old, k = k_old, v(3);

  // One table for all layers and steps: history first, then the chunk, whose frames go on counting.
  const rw::Table<float> table =
      rw::model_table(helios, rw::concatenate({cells(0, history), cells(history, frames)}));
  rw::rotate(device, std::tuple{q.view().seq(text, video), k.view().seq(text, video)},
             rw::fixed_model<helios>, table);

  // The definition, one thread: what turns is the video; text has the bits that it had.
  Tensor q_from = q_old, k_from = k_old, q_wanted = q_old, k_wanted = k_old;
  constexpr auto options = rw::fixed_model<helios>.options();
  rw::apply_strided(rw::serial, q_wanted.view().seq(text, video), q_from.view().seq(text, video),
                    table, options);
  rw::apply_strided(rw::serial, k_wanted.view().seq(text, video), k_from.view().seq(text, video),
                    table, options);
  const bool as_defined = q == q_wanted && k == k_wanted;

  // Chunk by chunk: history was rotated when it was new, by the rows of its frames; so is the
  // chunk. Their positions are those of one grid.
  const rw::Table<float> whole = rw::model_table(helios, rw::Grid{history + frames, rows, columns});
  Tensor q_parts = q_old, k_parts = k_old;
  for (const auto& [begin, count] : {std::pair{Index{0}, past}, {past, chunk}}) {
    const auto q_part = q_parts.view().seq(text + begin, count),
               k_part = k_parts.view().seq(text + begin, count);
    rw::rotate(device, std::tie(q_part, k_part), rw::fixed_model<helios>,
               whole.view().rows(begin, count));
  }
  const bool in_parts = q == q_parts && k == k_parts;

  const Eigen::MatrixXf out = attention(q, k, v);
  const bool sound = out.allFinite() && out == attention(q_parts, k_parts, v);

  // A table of the chunk alone does not fit history and chunk.
  std::string error;
  try {
    const auto both = q.view().seq(text, video);
    rw::rotate(device, both, rw::fixed_model<helios>, rw::model_table(helios, cells(0, frames)));
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const bool refused = error == "rotate: seq of the table is 144, must be 240";
  std::printf("%s, %s; %s\n", as_defined ? "the definition's bits" : "OTHER BITS",
              in_parts && sound ? "the same in chunks" : "OTHERS IN CHUNKS", error.c_str());
  return as_defined && in_parts && sound && refused ? 0 : 1;
}
