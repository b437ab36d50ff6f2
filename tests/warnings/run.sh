#!/usr/bin/env bash
# The headers, found as a user's own are, give no warning under what users compile with, and one of
# a view that outlives its table.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
options+=("${@:3}")
need_compiler "$compiler"
enter_empty "$build_dir"

# A switch names every entry of its enumeration, and has a default for what is none of them.
flags=(-Wpedantic -Wsign-conversion -Wfloat-equal -Wswitch-enum -Wswitch-default)
if [[ $compiler == g++* ]]; then flags+=(-Wuseless-cast); fi

if LC_ALL=C "$compiler" "${options[@]}" "${flags[@]}" -fsyntax-only "$folder/calls.cpp" 2>output
then
  echo "clean   ${flags[*]}"
else
  fail "${flags[*]}:"
  grep -E '(error|warning): ' output | sort -u | head -n 40
fi

# g++ looks for globals where it instantiates a lambda, not where that stands: its argument shadows.
echo '#include <math.h>' >globals.hpp  # cos and sin
echo 'int batch, heads, out, pairs, seq, table, x;' >>globals.hpp
if LC_ALL=C "$compiler" "${options[@]}" -Wno-error -include globals.hpp -fsyntax-only \
  "$folder/calls.cpp" 2>output && ! grep 'warning: ' output | grep -v "$folder/calls.cpp:"; then
  echo "clean   after globals of the names that the headers use"
else
  fail "after globals of the names that the headers use"
  grep -m 5 'error: ' output || true
fi

if [[ $compiler == clang++* ]]; then
  cat >dangling.cpp <<'CALL'
#include "ropewalk/table.hpp"
ropewalk::Index seq(const ropewalk::Table<float>& table) {
  const auto rows = ropewalk::Table<float>(table).view();
  return rows.seq();
}
CALL
  "$compiler" "${options[@]}" -fsyntax-only dangling.cpp 2>output || true
  if grep -q -e -Wdangling output; then
    echo "warns   of a view that outlives its table"
  else
    fail "a view that outlives its table gives no warning"
  fi
fi

finish
