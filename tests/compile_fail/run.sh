#!/usr/bin/env bash
# Calls that must not compile: the compiler has one message about each, and it is ours.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
source=$folder/cases.cpp
build_dir=$1
compiler=$2
options+=("${@:3}")
need_compiler "$compiler"

# Compiled once for all cases; each compiler finds its own beside the header.
enter_empty "$build_dir"
cat >all.hpp <<'HEADERS'
#include <unsupported/Eigen/CXX11/Tensor>
#include "ropewalk/ropewalk.hpp"
HEADERS
suffix=gch
all_errors=-fmax-errors=0
if [[ $compiler == clang* ]]; then
  suffix=pch
  all_errors=-ferror-limit=0
fi
"$compiler" "${options[@]}" -x c++-header all.hpp -o "all.hpp.$suffix"
compile() {
  LC_ALL=C "$compiler" "${options[@]}" -include all.hpp -fsyntax-only "$all_errors" "$@" "$source"
}

# With what the compiler says of where the call stands and of the template that asserts.
most_lines=30

# A line "NAME wanted text" for each case.
cases() {
  awk '/^#(el)?if defined\(/ {
    gsub(/.*\(|\).*/, "")
    name = $0
    getline
    print name, substr($0, 4)
  }' "$source"
}

if compile >output 2>&1; then
  echo "compiles  without any of them"
else
  fail "calls that are sound do not compile"
  head -n 20 output
fi
while read -r name wanted; do
  if compile -D"$name" >output 2>&1; then
    fail "$name: compiles"
    continue
  fi
  first=$(grep -m 1 -E '(error|warning): ' output || true)
  messages=$(grep -c -E '(error|warning): ' output || true)
  lines=$(wc -l <output)
  if [[ $first != *"ropewalk: $wanted"* ]]; then
    fail "$name: the first message is not \"ropewalk: $wanted\" but"
    echo "$first"
  elif ((messages != 1 || lines > most_lines)); then
    fail "$name: $messages messages in $lines lines, not 1 in at most $most_lines"
    grep -E '(error|warning): ' output | head -n 5
  else
    echo "refused   $name: $wanted"
  fi
done < <(cases)

count=$(cases | wc -l)
if ((count < 50)); then fail "only $count cases found in $source"; fi
finish
