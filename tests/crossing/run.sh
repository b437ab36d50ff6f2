#!/usr/bin/env bash
# View, SlotView, Table, TableView, RmsNorm, Options and Model pass between units of any flags,
# compilers and languages (.cu too): they link, and each computes the same bits from what another
# made.
# usage: run.sh BUILD_DIR INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
# Not script.sh's: nvcc takes other warnings, and -isystem in two words.
options=(-std=c++17)
for flag in "${@:2}"; do
  if [[ $flag == -isystem?* ]]; then options+=(-isystem "${flag#-isystem}"); else options+=("$flag"); fi
done
enter_empty "$build_dir"
cpu=$(uname -m)$(grep -m1 -E '^flags' /proc/cpuinfo || true)

units=()
# add_unit NAME COMPILER FLAG...
add_unit() {
  local name=$1 compiler=$2
  if ! command -v "$compiler" >/dev/null; then
    skip "$name: no $compiler here"
    return
  fi
  "$compiler" "${options[@]}" "-DROPEWALK_CROSSING_UNIT=$name" "-DROPEWALK_CROSSING_NAME=\"$name\"" \
    "-DROPEWALK_CROSSING_UNITS=$name" "${@:3}" -c "$folder/unit.cpp" -o "$name.o"
  units+=("$name")
}
add_unit gcc g++ -O0
add_unit clang clang++ -O0
if [[ $cpu == x86_64*" avx2 "* && $cpu == *" fma "* ]]; then
  add_unit gcc_avx2 g++ -O2 -mavx2 -mfma
  add_unit clang_avx2 clang++ -O2 -mavx2 -mfma
else
  skip "the units with -mavx2: not this CPU"
fi
add_unit gcc_fast g++ -Ofast
# Eigen annotates what CUDA does not take, and has functions for the host alone.
add_unit cuda nvcc -x cu --expt-relaxed-constexpr -diag-suppress=20012

# What a type does itself is inlined, or the linker would give one unit the code of another.
for unit in "${units[@]}"; do
  out_of_line=$(nm --defined-only "$unit.o" | awk '$2 ~ /[WVu]/ { print $3 }' |
    grep 8ropewalk | grep -v flags_ | c++filt || true)
  if [[ -n $out_of_line ]]; then
    fail "$unit: functions of types that units share are out of line:"
    head -n 10 <<<"$out_of_line"
  fi
done

list=$(printf '%s,' "${units[@]}")
g++ "${options[@]}" -DROPEWALK_CROSSING_UNITS="${list%,}" -c "$folder/main.cpp" -o main.o
link=(g++)
if [[ -e cuda.o ]]; then link=(nvcc); fi
"${link[@]}" main.o "${units[@]/%/.o}" -o crossing
./crossing || fail "units differ"
finish
