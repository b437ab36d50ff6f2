// Tests that need a device: skipped aloud, by the code that CMake expects, where there is none.
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
