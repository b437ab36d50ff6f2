// What a consumer writes first: one call, with nothing but the library's target linked.
#include <ropewalk/ropewalk.hpp>
#if defined(WANTS_COMPILED) != defined(ROPEWALK_COMPILED)
#error "the target brings ROPEWALK_COMPILED where it should not, or does not where it should"
#endif
#include <unsupported/Eigen/CXX11/Tensor>

int main() {
  float x_data[2] = {1, 2};
  float out_data[2] = {0, 0};
  float cos_data[1] = {0};
  float sin_data[1] = {1};
  using Map = Eigen::TensorMap<Eigen::Tensor<float, 2, Eigen::RowMajor>>;
  const Map cos(cos_data, 1, 1);
  const Map sin(sin_data, 1, 1);
  Map out(out_data, 1, 2);
  ropewalk::apply_strided(Eigen::DefaultDevice(), out, Map(x_data, 1, 2),
                          ropewalk::half_table(cos, sin));
  const bool turned = out(0, 0) == -2 && out(0, 1) == 1;
  ropewalk::apply_inplace(ropewalk::serial, out, ropewalk::half_table(cos, sin));
  return turned && out(0, 0) == -1 && out(0, 1) == -2 ? 0 : 1;
}
