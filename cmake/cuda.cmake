# nvcc, for the tests and the benchmark alone: who includes ropewalk/cuda/ brings a CUDA compiler.
set(ROPEWALK_HAS_NVCC OFF)
if(NOT ROPEWALK_BUILD_CUDA)
  return()
endif()

find_program(ROPEWALK_NVCC nvcc PATHS /usr/local/cuda/bin DOC "CUDA's compiler")
if(NOT ROPEWALK_NVCC)
  message(STATUS "nvcc not found: the CUDA tests and the CUDA benchmark are not built")
  return()
endif()

set(CMAKE_CUDA_COMPILER ${ROPEWALK_NVCC})
set(CMAKE_CUDA_ARCHITECTURES ${ROPEWALK_CUDA_ARCHITECTURES})
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
enable_language(CUDA)
set(ROPEWALK_HAS_NVCC ON)

# What nvcc has to say is about Eigen's headers; our own are seen by its host compiler.
add_library(ropewalk_nvcc_options INTERFACE)
target_compile_options(ropewalk_nvcc_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:
  --expt-relaxed-constexpr -diag-suppress=20012 -Xcompiler=-Wall,-Wextra>)
