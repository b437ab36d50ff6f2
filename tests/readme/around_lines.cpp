// What the lines of the README's table of models stand in: names for what an engine has at hand.
#include <cstdint>
#include <ropewalk/ropewalk.hpp>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

namespace rw = ropewalk;

int main() {
  const Eigen::DefaultDevice device;
  const rw::Index frames = 2, rows = 3, columns = 4, seq = frames * rows * columns, prefix = 5;
  // As many heads as the model with a table for each has, and wider than any.
  const rw::Shape shape{1, seq, 32, 256};
  std::vector<Eigen::bfloat16> data[3];
  for (auto& of : data) of.resize(static_cast<std::size_t>(seq) * 32 * 256);
  const rw::View<Eigen::bfloat16> q(data[0].data(), shape), k(data[1].data(), shape),
      out(data[2].data(), shape);
  const auto q_token = q.seq(0, 1), k_token = k.seq(0, 1);
  const std::vector<double> t = rw::range(frames, -1, 0.032), h = rw::range(rows, -1, 0.03),
                            w = rw::range(columns, -1, 0.03);
  const auto zero = rw::id_positions(std::vector<int>(12, 0));
  const auto text_positions = rw::zip_axes({zero, zero, zero});
  const auto t_ids = rw::sequence_positions(seq), h_ids = t_ids, w_ids = t_ids;
  const auto& model = rw::model_named("Llama 2 7B");
  const auto table_of_all = rw::model_table(model, rw::Grid{100});
  const rw::Index position = 7;
  Eigen::Tensor<std::int32_t, 1, Eigen::RowMajor> ids(seq);
  ids.setConstant(99);
  Eigen::Tensor<float, 2, Eigen::RowMajor> cos_and_sin(seq, 256);
  cos_and_sin.setZero();
#include "lines.inc"
}
