// Tests that need a device: without one they report themselves as skipped, by the code that CMake
// expects.
#include <gtest/gtest.h>

#include <cstdio>

#include "cuda_form.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!ropewalk_test::has_cuda_device()) {
    std::puts("note: no CUDA device here: built, not run");
    return 77;
  }
  return RUN_ALL_TESTS();
}
