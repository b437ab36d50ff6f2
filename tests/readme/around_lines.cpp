// What the lines in the table of the page of presets stand in: names for what an engine has at
// hand. Each row is a block, and `model` is the preset that it names in quotes.
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

namespace rw = ropewalk;

namespace {

constexpr rw::Index frames = 2, rows = 3, columns = 4, seq = frames * rows * columns, prefix = 5;

/// Queries, keys and an output of a model.
struct Engine {
  explicit Engine(const rw::Model& model)
      : shape{1, seq, model.shape.heads, model.shape.head_dim},
        memory(static_cast<std::size_t>(3 * seq * model.shape.heads * model.shape.head_dim)) {}

  rw::View<Eigen::bfloat16> tensor(rw::Index which) {
    return {memory.data() + which * seq * shape.heads * shape.head_dim, shape};
  }

  rw::Shape shape;
  std::vector<Eigen::bfloat16> memory;
};

}  // namespace

int main() {
  const Eigen::DefaultDevice device;
  const std::vector<double> t = rw::range(frames, 0, 0.016), h = rw::range(rows, 0, 0.015),
                            w = rw::range(columns, 0, 0.015);
  const auto zero = rw::id_positions(std::vector<int>(12, 0));
  const auto text_positions = rw::zip_axes({zero, zero, zero});
  constexpr double text_tokens = 12;
  const auto counted_text = rw::zip_axes({rw::sequence_positions(12), zero, zero});
  const auto t_ids = rw::sequence_positions(seq), h_ids = t_ids, w_ids = t_ids;
  Eigen::Tensor<float, 2, Eigen::RowMajor> cos_and_sin(seq, 256);
  cos_and_sin.setZero();
#define ROW(name)                                                  \
  [[maybe_unused]] const rw::Model& model = rw::model_named(name); \
  Engine engine(model);                                            \
  [[maybe_unused]] const auto q = engine.tensor(0), k = engine.tensor(1), out = engine.tensor(2)
#include "lines.inc"
}
