// A program without code for the device: compiled for sm_80 alone, which devices of another major
// version cannot run.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/table_layouts.hpp"
#include "support/cuda_memory.cuh"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

TEST(CudaArchitecture, ADeviceWithoutCodeIsAClearError) {
  int device = 0, major = 0;
  check(cudaGetDevice(&device));
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  if (major == 8) GTEST_SKIP() << "this device runs code for sm_80";
  const std::vector<float> values(64, 1.0f);
  const DeviceMemory memory(values), table_memory(values);
  const rw::View<float> x(memory.as<float>(), {1, 4, 2, 8});
  const rw::View<const float> rows(table_memory.as<float>(), {1, 4, 1, 4});
  // The first call of a kernel asks the device about it; the second must not take that for
  // answered.
  for (int call = 0; call < 2; ++call) {
    cudaError_t code = cudaSuccess;
    std::string text;
    try {
      rw::cuda::apply_inplace(nullptr, x, rw::half_table(rows, rows));
    } catch (const rw::cuda::Error& error) {
      code = error.code();
      text = error.what();
    }
    EXPECT_TRUE(code == cudaErrorNoKernelImageForDevice || code == cudaErrorInvalidDeviceFunction)
        << text;
    EXPECT_EQ(text, std::string("cuda::apply_inplace: the launch failed: ") +
                        cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")");
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left behind";
  }
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(memory.values<float>(), values);
}

}  // namespace
}  // namespace ropewalk_test
