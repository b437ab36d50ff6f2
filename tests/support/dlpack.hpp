// What DLPack's header declares, as far as a view is made of it.
#ifndef ROPEWALK_TESTS_SUPPORT_DLPACK_HPP
#define ROPEWALK_TESTS_SUPPORT_DLPACK_HPP

#include <cstdint>

namespace ropewalk_test::dlpack {

enum DeviceType { cpu = 1, cuda = 2, cuda_host = 3, rocm = 10, rocm_host = 11, cuda_managed = 13 };
struct Device {
  DeviceType device_type;
  std::int32_t device_id;
};
struct DataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DlTensor {
  void* data;
  Device device;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

}  // namespace ropewalk_test::dlpack

#endif  // ROPEWALK_TESTS_SUPPORT_DLPACK_HPP
