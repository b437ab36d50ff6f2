// One of the two units; ROPEWALK_ODR_ROTATE and ROPEWALK_ODR_BUILD name its functions.
#include "unit.hpp"

#include <Eigen/Core>
#include <unsupported/Eigen/CXX11/Tensor>

#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;

template <class X, class Tab>
void rotate(Form form, const Call& call) {
  const rw::Index pairs = call.head_dim / 2;
  const rw::Shape shape{1, call.seq, call.heads, call.head_dim};
  const rw::View<const X> x(static_cast<const X*>(call.x), shape);
  const rw::View<X> out(static_cast<X*>(call.out), shape);
  const rw::CoefficientReader<Tab> cos{static_cast<const Tab*>(call.table), 1};
  const rw::CoefficientReader<Tab> sin{cos.data + pairs, 1};
  const rw::TableView<Tab> table({cos, cos, sin, sin}, {1, call.seq, 1, pairs}, 0, 2 * pairs, 0);
  const Eigen::DefaultDevice device;
  switch (form) {
    case Form::strided:
      return rw::apply_strided(device, out, x, table);
    case Form::fused:
      return rw::apply(device, out, x, table);
    case Form::fused_inplace:
      return rw::apply_inplace(device, out, table);
  }
}

template <class T>
void use_all(Use use, const rw::Table<T>& table) {
  for (rw::Index b = 0; b < table.batch(); ++b) {
    for (rw::Index s = 0; s < table.seq(); ++s) {
      for (rw::Index i = 0; i < 2 * table.pairs(); ++i) {
        use(static_cast<double>(table.cos(b, s)[i]));
      }
    }
  }
}

template <class T>
void build_tables(Use use) {
  const rw::Grid grid{3, 5, 7};
  rw::Table<T> table = rw::axial_table<T>(grid, {8, 6, 6});
  use_all(use, rw::average_pool(table, grid, rw::Grid{2, 3, 3}));
  table.append(rw::replicate_pad(table, grid, rw::Grid{2, 3, 3}));
  rw::zero_rows(table, 0, 2, 3);
  use_all(use, table);
  const double ids[] = {3, -0.5, 3, 1, 2};
  const rw::Positions positions =
      rw::select_tokens(rw::concatenate({rw::id_positions(ids, 5), rw::sequence_positions(30)}),
                        rw::token_ids(rw::zigzag_shard(35, 2, 0)));
  for (const rw::Scaling& rule :
       {rw::Scaling{rw::Unscaled{}}, rw::Scaling{rw::Yarn{4, 512}}, rw::Scaling{rw::Llama3{}},
        rw::Scaling{rw::DynamicNtk{2, 512}}, rw::Scaling{rw::LongRope{{1, 1}, {2, 3}, 4, 512}}}) {
    constexpr rw::AngleSteps both[] = {rw::AngleSteps::f32, rw::AngleSteps::f64};
    for (const rw::AngleSteps steps : both) {
      use_all(use, rw::make_table<T>(positions, rw::frequencies(4, 1e4, rule, {9, steps}), steps));
    }
  }
}

}  // namespace

void ROPEWALK_ODR_BUILD(Use use) {
  build_tables<float>(use);
  build_tables<double>(use);
  const rw::Model& model = rw::model_named("LTX-2 audio");
  const rw::Positions centres = rw::grid_positions({rw::cell_centres(5, -1, 1)});
  use_all(use, rw::model_table<Eigen::bfloat16>(model, centres));
}

void ROPEWALK_ODR_ROTATE(Form form, Mix mix, const Call& call) {
  switch (mix) {
    case Mix::f32_f32:
      return rotate<float, float>(form, call);
    case Mix::bf16_f32:
      return rotate<Eigen::bfloat16, float>(form, call);
  }
}
