// A tensor of another library by DLPack: dlpack_view reads any struct with the members of a
// DLTensor, so that dlpack.h need not be here.
#include <cstdint>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;

// As dlpack.h declares them.
struct DLDevice {
  int device_type, device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t *shape, *strides;
  std::uint64_t byte_offset;
};

int main() {
  // On the CPU (1), of float (2) of 32 bits, [seq, heads, head_dim], without strides: dense. Its
  // owner keeps it until the call is done, and then calls the deleter.
  std::vector<float> values(5 * 4 * 16, 1.0f);
  std::int64_t shape[] = {5, 4, 16};
  const DLTensor tensor{values.data(), {1, 0}, 3, {2, 32, 1}, shape, nullptr, 0};

  const std::vector<float> before = values;
  const auto table = rw::make_table(rw::sequence_positions(5), rw::frequencies(16, 1e4));
  rw::apply_inplace(rw::serial, rw::dlpack_view<float>(tensor), table);

  std::vector<float> wanted(values.size());
  rw::apply_strided(rw::serial, rw::View<float>(wanted.data(), {1, 5, 4, 16}),
                    rw::View<const float>(before.data(), {1, 5, 4, 16}), table);
  if (values != wanted) {
    std::puts("the tensor was not turned as its memory says");
    return 1;
  }

  // Whoever hands over a tensor may mean another type than you expect.
  try {
    rw::dlpack_view<Eigen::bfloat16>(tensor);
  } catch (const std::invalid_argument& error) {
    const std::string text =
        "dlpack_view: dtype of the tensor is code 2 of 32 bits, must be code 4 of 16 bits "
        "(kDLBfloat)";
    return error.what() == text ? 0 : 1;
  }
  return 1;
}
