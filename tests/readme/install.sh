#!/usr/bin/env bash
# The README's command that configures the library for installing, at top level: the libraries are
# built, tests and benchmark are not.
# usage: install.sh README BUILD_DIR COMPILER
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
readme=$1
root=$(cd "$folder/../.." && pwd)
enter_empty "$2"
line=$(grep -o -m 1 'cmake -S \. -B build -D[^`]*' "$readme")
read -ra command <<<"$line"
command[2]=$root
if ! CXX=$3 "${command[@]}" >output 2>&1; then
  fail "$line"
  tail -n 5 output
fi
cmake --build build --target help >targets
for target in ropewalk_compiled ropewalk_c; do
  if ! grep -q "$target" targets; then fail "$target is not built"; fi
done
if grep -E '(_test|_bench|forms)(:|$)' targets; then fail "tests and benchmark are built, too"; fi
finish
