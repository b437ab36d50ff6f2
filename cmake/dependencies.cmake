# Dependencies: found on the system, else fetched by hash. The archives are those from which Debian
# 12 builds its packages.
include(FetchContent)

FetchContent_Declare(Eigen3
  URL https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.bz2
  URL_HASH SHA256=b4c198460eba6f28d34894e3a5710998818515104d6e74e5cc331ce31e46e626
  SOURCE_SUBDIR headers-only)  # no such folder: nothing of Eigen's own build is run
FetchContent_Declare(GTest SYSTEM
  URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz
  URL_HASH SHA256=81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2)
FetchContent_Declare(benchmark SYSTEM
  URL https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
  URL_HASH SHA256=6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7)

function(ropewalk_find_or_fetch name target debian_package)
  if(TARGET ${target})
    return()
  endif()
  find_package(${name} ${ARGN} QUIET GLOBAL)
  if(NOT ${name}_FOUND)
    list(JOIN ${name}_CONSIDERED_VERSIONS ", " others)
    string(REGEX REPLACE "(.+)" ", but \\1" others "${others}")
    message(STATUS "${name} ${ARGN} not found${others}: install ${debian_package} (Debian, Ubuntu), "
      "or wait until it is fetched")
    FetchContent_MakeAvailable(${name})
  endif()
endfunction()

function(ropewalk_need_eigen)
  # Eigen 5 follows 3.4, and says that it does not serve who asks for 3.
  if(NOT TARGET Eigen3::Eigen)
    find_package(Eigen3 5 QUIET GLOBAL)
  endif()
  ropewalk_find_or_fetch(Eigen3 Eigen3::Eigen libeigen3-dev 3.4)
  if(NOT TARGET Eigen3::Eigen)
    FetchContent_GetProperties(Eigen3 SOURCE_DIR eigen_source)
    add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
    target_include_directories(Eigen3::Eigen INTERFACE ${eigen_source})
  endif()
endfunction()

# For the tests and the benchmark: the library itself starts no thread.
function(ropewalk_need_threads)
  find_package(Threads)
  if(NOT Threads_FOUND)
    message(FATAL_ERROR "No threads: take a compiler with pthreads, or set ROPEWALK_BUILD_TESTS=OFF "
      "and ROPEWALK_BUILD_BENCH=OFF, since the library itself needs none")
  endif()
endfunction()

function(ropewalk_need_gtest)
  set(BUILD_GMOCK OFF)
  set(INSTALL_GTEST OFF)
  ropewalk_find_or_fetch(GTest GTest::gtest_main libgtest-dev)
endfunction()

function(ropewalk_need_benchmark)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  ropewalk_find_or_fetch(benchmark benchmark::benchmark libbenchmark-dev)
endfunction()
