// Rotates by the library, or by the headers alone; ROPEWALK_TURN names the function.
#include <Eigen/Core>

#include "ropewalk/ropewalk.hpp"

namespace rw = ropewalk;

void ROPEWALK_TURN(float* f, Eigen::half* h, Eigen::bfloat16* b, const float* table) {
  const rw::Shape shape{1, 5, 3, 94};
  const rw::CoefficientReader<float> cos{table, 1}, sin{table + 47, 1};
  const rw::TableView<float> rows({cos, cos, sin, sin}, {1, 5, 1, 47}, 0, 94, 0);
  rw::Options options;
  options.pairing = rw::Pairing::half;
  rw::apply_inplace(rw::serial, rw::View<float>(f, shape), rows);
  rw::apply_inplace(rw::serial, rw::View<float>(f, shape), rows.inverse(), options);
  rw::apply_inplace(rw::serial, rw::View<Eigen::half>(h, shape), rows, options);
  rw::apply_inplace(rw::serial, rw::View<Eigen::bfloat16>(b, shape), rows);
}
