#!/usr/bin/env bash
# Optimised calls on 16-bit storage of the caller's type, which compilers take for other memory than
# Eigen's types: nobody reads what is out of date. Without any one of the guards somebody does.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
options+=("${@:3}")
need_compiler "$compiler"
enter_empty "$build_dir"

build() { "$compiler" "$@" "${options[@]}" "$folder/main.cpp" -o program; }
for level in -O2 -O3; do
  build "$level"
  if ./program; then echo "same    $compiler $level"; else fail "$compiler $level"; fi
done
has_float16=$("$compiler" "${options[@]}" -dM -E -include ropewalk/base/config.hpp -x c++ /dev/null |
  awk '$2 == "ROPEWALK_HAS_FLOAT16" { print $3 }')

# expect_needed FILE GUARD WHICH: that of the lines in FILE that hold GUARD the WHICH-th is needed.
expect_needed() {
  rm -rf include
  cp -r "$folder/../../include" .
  awk -v guard="$2" -v which="$3" '!(index($0, guard) && ++found == which) { print }
    END { exit found < which }' "$folder/../../include/ropewalk/$1" >"include/ropewalk/$1"
  build -O2 -Iinclude
  if ./program >/dev/null; then
    fail "$compiler: reads what is there without guard $3 of $1, too"
  else
    echo "differs $compiler -O2 without guard $3 of $1"
  fi
}
if [[ $compiler == g++ && $has_float16 == 1 ]]; then
  expect_needed call/token_ranges.hpp ROPEWALK_MEMORY_BORDER 1
  expect_needed call/token_ranges.hpp ROPEWALK_MEMORY_BORDER 2
fi
if [[ $compiler == clang++* ]]; then
  expect_needed storage.hpp ROPEWALK_HIDE_ORIGIN 1
fi
finish
