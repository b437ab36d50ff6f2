#!/usr/bin/env bash
# Coverage of include/ by the suite, on every instruction set of this machine; fails below 98 % of
# the lines or 90 % of the branches. CUDA's headers are not compiled here.
# usage: run.sh [LINES BRANCHES]   other limits, in percent
#
# By clang's counters, which know the source: a line or a branch of a template is covered if it is
# in one of its instantiations, and conditions that are constant in all of them are no branches.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

lines=${1:-98}
branches=${2:-90}
build=$PWD/build/coverage

need g++ clang llvm cmake ninja-build libeigen3-dev libgtest-dev librapidcheck-dev libclang-rt-dev
say "Building the tests with counters (some minutes the first time)"
cmake --preset coverage
cmake --build --preset coverage --target tests/all --parallel "$(nproc)"
say "Running them"
rm -rf "$build/profiles"
# One file for each program (%m), to which all its runs are added.
LLVM_PROFILE_FILE=$build/profiles/%m.profraw ctest --preset coverage --parallel "$(nproc)"

say "Coverage of include/; what has none: $build/uncovered.txt"
llvm-profdata merge -sparse "$build"/profiles/*.profraw -o "$build/profile"
mapfile -t programs < <(find "$build/tests" -type f -executable \
  \( -name '*_test' -o -name 'replay*' \))
llvm-cov show "${programs[@]/#/-object=}" -instr-profile="$build/profile" -show-branches=count \
  -show-instantiations=false "${programs[0]}" "$PWD/include" >"$build/coverage.txt"
awk -v least_lines="$lines" -v least_branches="$branches" -v uncovered="$build/uncovered.txt" \
  -f tests/coverage/summary.awk "$build/coverage.txt"
