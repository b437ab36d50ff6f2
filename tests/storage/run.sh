#!/usr/bin/env bash
# Optimised calls on 16-bit storage of the caller's type, which compilers take for other memory than
# Eigen's types: nobody reads what is out of date. Without the guards g++ does.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
options+=("${@:3}")
need_compiler "$compiler"
enter_empty "$build_dir"

build() { "$compiler" "${options[@]}" "$@" "$folder/main.cpp" -o program; }
for level in -O2 -O3; do
  build "$level"
  if ./program; then echo "same    $compiler $level"; else fail "$compiler $level"; fi
done
has_float16=$("$compiler" "${options[@]}" -dM -E -include ropewalk/base/config.hpp -x c++ /dev/null |
  awk '$2 == "ROPEWALK_HAS_FLOAT16" { print $3 }')
if [[ $compiler == g++ && $has_float16 == 1 ]]; then
  build -O2 -DROPEWALK_TEST_UNGUARDED
  if ./program >/dev/null; then
    fail "$compiler: reads what is there without the guards, too"
  else
    echo "differs $compiler -O2 without the guards"
  fi
fi
finish
