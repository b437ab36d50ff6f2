// One of the units; ROPEWALK_CROSSING_UNIT names it.
#include <Eigen/Core>

#include "ropewalk/ropewalk.hpp"
#include "units.hpp"

namespace rw = ropewalk;

namespace {

rw::Model model() {
  // Each as a caller may make it: none may leave a constructor behind.
  rw::Linear linear;
  rw::StaticNtk ntk;
  rw::DynamicNtk dynamic;
  rw::Yarn yarn;
  rw::Llama3 llama;
  rw::Proportional proportional;
  rw::Model::Shape shape;
  rw::Model made;
  made = made.with_scaling(linear).with_scaling(ntk).with_scaling(dynamic).with_scaling(yarn);
  made = made.with_scaling(llama).with_scaling(proportional);
  made.shape = shape;
  if (made.shape.heads != 1) return made;
  return rw::Model("crossing", {4, 2, 24})
      .with_axes(24)
      .with_scaling(rw::Yarn{4, 64}.with_mscales(1, 1))
      .with_pairing(rw::Pairing::half);
}

rw::Table<float> table(const rw::Model& of, rw::Index seq) {
  rw::Chunk chunk;
  rw::Shard shard;
  chunk = rw::contiguous_shard(seq - 1, 1, 0);
  shard = chunk;
  rw::Table<float> rows = rw::model_table(of, rw::sequence_positions(shard.seq()));
  rows.append(rw::model_table(of, rw::sequence_positions(1, seq - 1)));
  rw::Table<float> copy(rows);
  copy = rows;
  return copy;
}

rw::TableView<float> rows(const rw::TableView<float>& of, rw::Index from) {
  return of.rows(from, of.seq() - from).inverse().gradient().heads(0, 1).pairs(0, of.pairs());
}

void rotate(const rw::View<float>& x, const rw::TableView<float>& by, const rw::Options& options,
            const rw::CpuOptions& cpu) {
  const auto part = x.seq(1, x.seq() - 1).heads(0, 4).features(0, 24);
  rw::apply_inplace(rw::serial, part, by, options, cpu);
  // To a cache of its own, and from there back.
  static float memory[8 * 4 * 24];
  static constexpr int slots[] = {5, 2, 7, 0, 1, 6, 4, 3};
  const rw::View<float> cache(memory, {2, 4, 4, 24});
  rw::RmsNorm<float> norm;
  norm = norm.over_token().in_order(rw::NormOrder::cpu);
  rw::apply(rw::serial, cache.rows(slots, 1, 8), part, norm, by, options, cpu);
  const rw::View<const float> values(memory, part.shape());
  rw::apply(rw::serial, part, rw::copied(values), by, options, cpu);
}

}  // namespace

const Unit ROPEWALK_CROSSING_UNIT = {"" ROPEWALK_CROSSING_NAME, model, table, rows, rotate};
