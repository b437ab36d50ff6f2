# Tests on a device. ctest builds cuda_test in its own time, and reports it as skipped without a
# device: its kernels, of every type of x, are what a machine without one can compile in a minute or
# two. So it does cuda_architecture_test, a program without code for the device. All mixes of types
# take minutes and are built by tests/run --cuda.

# Release's -O3 is for the host's code alone; the tests' takes a third less at -O1.
string(REPLACE "-O3" "-O1" CMAKE_CUDA_FLAGS_RELEASE "${CMAKE_CUDA_FLAGS_RELEASE}")

# The form that the CPU's tests call; by the flag that promises least, and the bits are the same.
add_library(cuda_form STATIC EXCLUDE_FROM_ALL
  support/cuda_form.cu support/cuda_form_bf16.cu support/cuda_form_f16.cu
  support/cuda_form_f32.cu support/cuda_form_f64.cu)
target_compile_options(cuda_form PRIVATE -use_fast_math)
target_link_libraries(cuda_form PUBLIC ropewalk::ropewalk ropewalk_nvcc_options)

# Knows nothing of cuda_form: kernels of one name by other flags must not meet in a program.
add_library(cuda_main STATIC EXCLUDE_FROM_ALL support/cuda_main.cpp support/cuda_device.cu)
target_link_libraries(cuda_main PUBLIC
  ropewalk::ropewalk ropewalk_nvcc_options GTest::gtest Threads::Threads)

set(programs cuda_test cuda_norm_test cuda_slots_test cuda_architecture_test)
add_test(NAME cuda_builds
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target ${programs})
set_tests_properties(cuda_builds PROPERTIES
  LABELS "build;matrix" TIMEOUT 900 PROCESSORS 2 FIXTURES_SETUP cuda_programs)
foreach(name IN LISTS programs)
  add_executable(${name} EXCLUDE_FROM_ALL ${name}.cu)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE cuda_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS "build;matrix" SKIP_RETURN_CODE 77 TIMEOUT 600 FIXTURES_REQUIRED cuda_programs)
endforeach()
target_link_libraries(cuda_test PRIVATE forms)  # the definition, as the CPU's tests have it
set_target_properties(cuda_architecture_test PROPERTIES CUDA_ARCHITECTURES 80-real)

add_custom_target(cuda_tests DEPENDS ${programs})
foreach(name IN ITEMS cuda_golden_norm_test cuda_prologues_test)
  add_executable(${name} EXCLUDE_FROM_ALL golden/${name}.cu)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    ROPEWALK_GOLDEN_DEFAULT_DIR="${CMAKE_CURRENT_SOURCE_DIR}/golden")
  target_link_libraries(${name} PRIVATE cuda_main)
  add_dependencies(cuda_tests ${name})
endforeach()

# The CPU's own tests with CUDA as the form.
foreach(source IN ITEMS
    golden/golden_test.cpp mixes_test.cpp exhaustive_test.cpp equivalence_test.cpp
    identities_test.cpp fused_test.cpp fused_16bit_test.cpp fused_views_test.cpp)
  cmake_path(GET source STEM name)
  add_executable(cuda_${name} EXCLUDE_FROM_ALL ${source})
  target_include_directories(cuda_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(cuda_${name} PRIVATE ROPEWALK_TESTS_ON_CUDA
    ROPEWALK_GOLDEN_DEFAULT_DIR="${CMAKE_CURRENT_SOURCE_DIR}/golden")
  target_link_libraries(cuda_${name} PRIVATE
    cuda_form cuda_main ropewalk::ropewalk ropewalk_warnings)
  add_dependencies(cuda_tests cuda_${name})
endforeach()
