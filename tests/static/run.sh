#!/usr/bin/env bash
# Static checks: clang-tidy (.clang-tidy names the checks) and cppcheck; any finding fails.
# Of one version of clang-tidy: later ones have other checks under the same names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

need g++ clang libeigen3-dev libgtest-dev libbenchmark-dev clang-tidy-14 cppcheck

folder=build/static
rm -rf "$folder"
mkdir -p "$folder"

# make_unit NAME ROOT PATTERN...: a unit of all headers under the root that are named so.
make_unit() {
  (cd "$2" && find . "${@:3}" ! -name '*-inl.hpp' -printf '#include "%P"\n' | sort) \
    >"$folder/$1.cpp"
  if [[ ! -s $folder/$1.cpp ]]; then
    echo "No headers in $2"
    exit 1
  fi
}
make_unit headers include -name '*.hpp'
make_unit cuda include -name '*.cuh'
# Not allocations.hpp: it declares what belongs to the C library.
make_unit support tests -path './support/*.hpp' ! -name allocations.hpp

# Paths through functions are followed from calls in a unit itself, hence those of no_exceptions. The
# benchmark's rows for 16 bits are those for float.
units=("$folder/headers.cpp" "$folder/support.cpp" tests/no_exceptions/{calls,main}.cpp
  tests/fuzz/builders.cpp bench/{f32,machine,main,moves,options,report,session,tables}.cpp)
status=0

say "clang-tidy"
printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -I UNIT clang-tidy-14 --quiet UNIT -- \
  -std=c++17 "-I$PWD/include" "-I$PWD/tests" \
  -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3 2>&1 |
  { grep -v ' warnings generated' || true; } || status=1

# Defined: what the headers ask about the compiler, the machine and the system, whose own headers
# cppcheck does not read. In Eigen's place is what the headers ask about that.
say "cppcheck"
mkdir -p "$folder/eigen/Eigen"
echo '#define EIGEN_VERSION_AT_LEAST(...) 1' >"$folder/eigen/Eigen/Core"
check() {
  echo "$*"
  cppcheck --quiet --language=c++ --std=c++17 --enable=warning,style,performance,portability \
    --error-exitcode=1 --suppressions-list=tests/static/cppcheck_suppressions.txt -Iinclude "-I$folder/eigen" \
    -D__GNUC__=12 -D_SC_LEVEL2_CACHE_SIZE=0 -D_SC_LEVEL3_CACHE_SIZE=0 "$@" || status=1
}
check -D__x86_64__ "$folder/headers.cpp"
check -D__x86_64__ -D__clang__ "$folder/headers.cpp"
check -D__aarch64__ "$folder/headers.cpp"
check -D__riscv "$folder/headers.cpp"
check -D__x86_64__ -D__CUDACC__ "$folder/cuda.cpp"

exit "$status"
