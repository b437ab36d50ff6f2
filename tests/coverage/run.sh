#!/usr/bin/env bash
# Coverage of include/ by the suite, on every instruction set of this machine; fails below 98 % of
# the lines or 90 % of the branches. CUDA's headers are not compiled here.
# usage: run.sh [LINES BRANCHES]   other limits, in percent
#
# Left out are the branches that only an exception of a callee takes (nearly every call that may
# allocate has one, and its memory does not run out), and those on lines without code of ours, such
# as the brace where destructors run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

lines=${1:-98}
branches=${2:-90}
build=build/coverage

need g++ cmake ninja-build libeigen3-dev libgtest-dev gcovr
say "Building the tests with counters (a quarter of an hour the first time)"
cmake --preset coverage
cmake --build --preset coverage --parallel "$(nproc)"
say "Running them"
find "$build" -name '*.gcda' -delete
ctest --preset coverage --parallel "$(nproc)"
say "Coverage of include/; the lines without any: $build/uncovered.txt"
gcovr --root . --filter include/ --exclude-throw-branches --exclude-unreachable-branches \
  --txt "$build/uncovered.txt" --print-summary \
  --fail-under-line "$lines" --fail-under-branch "$branches" "$build"
