// The unit that calls the library.
#include "calls.hpp"

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;
using Rows = std::vector<float>;

constexpr rw::Shape shape{1, 3, 2, 94};
const Eigen::DefaultDevice device;

rw::View<float> view_of(Rows& rows, const rw::Shape& of_shape = shape) {
  return {rows.data(), of_shape};
}

/// From -1 to 1; the tests' own support throws.
void fill(float* values, std::size_t count, std::uint32_t state) {
  for (std::size_t i = 0; i < count; ++i) {
    state = 1664525 * state + 1013904223;
    values[i] = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f;
  }
}

Rows random_rows(std::uint32_t seed) {
  Rows rows(std::size_t{3} * 2 * 94);
  fill(rows.data(), rows.size(), seed);
  return rows;
}

rw::Table<float> random_table() {
  rw::Table<float> table({1, 3, 1, 47});
  fill(table.cos(0, 0), std::size_t{3} * 94, 7);
  return table;
}

unsigned long long hash_of(const Rows& rows, unsigned long long hash) {
  for (const float value : rows) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    hash = (hash ^ bits) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace

void call_wrongly(int error) {
  constexpr rw::Index most = std::numeric_limits<rw::Index>::max();
  Rows x = random_rows(1), out = random_rows(2);
  const rw::Table<float> table = random_table();
  Eigen::Tensor<std::int64_t, 1, Eigen::RowMajor> ids(3);
  ids.setValues({0, 3, 1});
  switch (error) {
    case 0:
      rw::apply(device, view_of(out, {1, 3, 2, 93}), view_of(x, {1, 3, 2, 93}), table);
      break;
    case 1:
      rw::apply_inplace(device, rw::View<float>(nullptr, shape), table);
      break;
    case 2:
      rw::apply_strided(device, view_of(out, {1, 2, 2, 94}), view_of(x), table);
      break;
    case 3:
      rw::apply_stack_flatten(device, view_of(x), view_of(x), table);
      break;
    case 4:
      rw::apply(device, view_of(out), view_of(x), table.view().gather(ids));
      break;
    case 5:
      rw::apply_inplace(device, view_of(x, {most, 3, 2, 94}), table);
      break;
    case 6:
      rw::isa_from_name("mmx");
      break;
    case 7:
      rw::frequencies(63, 1e4);
      break;
  }
  std::abort();
}

unsigned long long hash_of_sound_calls() {
  const rw::Table<float> table = random_table();
  Rows x = random_rows(1), out(x.size());
  rw::apply_strided(device, view_of(out), view_of(x), table);
  unsigned long long hash = hash_of(out, 0);
  rw::apply_stack_flatten(device, view_of(out), view_of(x), table);
  hash = hash_of(out, hash);
  rw::apply(device, view_of(out), view_of(x), table);
  hash = hash_of(out, hash);
  rw::apply_inplace(device, view_of(x), table);
  return hash_of(x, hash);
}
