#!/usr/bin/env bash
# Calls that must not compile: the compiler's first message about each is ours.
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
echo '#include "ropewalk/ropewalk.hpp"' >all.hpp
suffix=gch
stop=-fmax-errors=1
if [[ $compiler == clang* ]]; then
  suffix=pch
  stop=-ferror-limit=1
fi
"$compiler" "${options[@]}" -x c++-header all.hpp -o "all.hpp.$suffix"
compile() {
  LC_ALL=C "$compiler" "${options[@]}" -include all.hpp -fsyntax-only "$stop" "$@" "$source"
}

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
  if [[ $first == *"ropewalk: $wanted"* ]]; then
    echo "refused   $name: $wanted"
  else
    fail "$name: the first message is not \"ropewalk: $wanted\" but"
    echo "$first"
  fi
done < <(cases)

count=$(cases | wc -l)
if ((count < 10)); then fail "only $count cases found in $source"; fi
finish
