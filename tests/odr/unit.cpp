// One of the two units; ROPEWALK_ODR_ROTATE names its function.
#include "unit.hpp"

#include <Eigen/Core>

#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;

template <class X, class Tab>
void rotate(Form form, const Call& call) {
  const rw::Index pairs = call.head_dim / 2;
  const rw::Shape shape{1, call.seq, call.heads, call.head_dim};
  const rw::View<const X> x(static_cast<const X*>(call.x), shape);
  const rw::View<X> out(static_cast<X*>(call.out), shape);
  const rw::Lanes<Tab> cos{static_cast<const Tab*>(call.table), 1};
  const rw::Lanes<Tab> sin{cos.data + pairs, 1};
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

}  // namespace

void ROPEWALK_ODR_ROTATE(Form form, Mix mix, const Call& call) {
  switch (mix) {
    case Mix::f32_f32:
      return rotate<float, float>(form, call);
    case Mix::bf16_f32:
      return rotate<Eigen::bfloat16, float>(form, call);
  }
}
