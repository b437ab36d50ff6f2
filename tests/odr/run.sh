#!/usr/bin/env bash
# Two units of one program, one compiled for AVX: the other must not be given its code.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
#
# No symbol of ours is defined in both objects, and of no other symbol that both define does the wide
# one hold instructions that the baseline lacks; in whatever order they are linked, the program
# prints the same hashes, and the other unit runs on an emulated CPU without AVX, Eigen's symbols and
# all.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
options+=("${@:3}")
cpu=$(uname -m)$(grep -m1 -E '^flags' /proc/cpuinfo || true)
if [[ $cpu != x86_64* ]]; then
  skip "all: this is not x86-64"
  finish
fi
need_compiler "$compiler"

# build NAME FLAG...
build() {
  "$compiler" "${options[@]}" "${@:2}" "-DROPEWALK_ODR_ROTATE=rotate_$1" \
    "-DROPEWALK_ODR_BUILD=build_$1" -c "$folder/unit.cpp" -o "$1.o"
}

link() {
  "$compiler" -pthread main.o baseline.o wide.o -o baseline_first
  "$compiler" -pthread main.o wide.o baseline.o -o wide_first
}

# Mangled: a name of ours or of a template over ours, that the linker sees.
ours() { nm --defined-only --extern-only "$1.o" | awk '{ print $3 }' | grep 8ropewalk | sort -u; }
expect_nothing_shared() {
  local count shared
  count=$(ours baseline | wc -l)
  if ((count < 20)); then fail "only $count symbols of ours in baseline.o: other names?"; fi
  shared=$(comm -12 <(ours baseline) <(ours wide) | c++filt)
  if [[ -n $shared ]]; then
    fail "symbols of ours that both units define:"
    head -n 20 <<<"$shared"
  fi
}

# Functions that the linker may take from either object.
weak() { nm --defined-only "$1.o" | awk '$2 ~ /[WVu]/ { print $3 }' | sort -u; }
# Of these, the ones that need more than the baseline where the wide unit compiled them; not those
# whose names match $1.
expect_nothing_wide_shared() {
  local found
  found=$(objdump --disassemble --no-show-raw-insn wide.o | awk '
    NR == FNR { shared[$1]; next }
    /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3); next }
    name in shared && $2 ~ /^(v[a-z]|k[a-z]+[bwdq]$|shlx|sarx|shrx|rorx|mulx|andn$|bzhi|bextr|bls|pdep|pext|[lt]zcnt|popcnt|movbe)/ {
      print name, $2
      delete shared[name]
    }' <(comm -12 <(weak baseline) <(weak wide)) - | c++filt | grep -vE "${1:-^$}" || true)
  if [[ -n $found ]]; then
    fail "$level symbols that both units define, wide in one:"
    head -n 20 <<<"$found"
  fi
}

# In a shell of its own, so that what a signal makes the shell say is in the file.
run() { (ulimit -c 0 && "$@"; exit) >output 2>errors; }
expect_wanted() {
  local status=0
  run "$@" || status=$?
  if ((status)); then
    fail "$level $*: exit status $status"
    head -n 5 errors
  elif ! cmp -s wanted output; then
    fail "$level $*: other hashes"
    diff wanted output | head -n 10 || true
  else
    echo "same    $level $*"
  fi
}

expect_emulated() {
  if ! command -v qemu-x86_64 >/dev/null; then
    skip "$level the emulated CPU without AVX: no qemu-x86_64 (Debian and Ubuntu: qemu-user)"
    return
  fi
  expect_wanted qemu-x86_64 -cpu Nehalem ./baseline_first baseline
  expect_wanted qemu-x86_64 -cpu Nehalem ./wide_first baseline
  # Or the emulated CPU would prove nothing.
  if run qemu-x86_64 -cpu Nehalem ./wide_first wide; then
    fail "$level the wide unit runs on a CPU without AVX"
  fi
}

# Without optimisation what is inlined elsewhere are functions of their own. Those of Eigen that its
# maps consist of are shared by all code that uses Eigen: there a program needs one set of flags.
level="-O0 -march=haswell"
enter_empty "$build_dir/-O0"
build baseline -O0
build wide -O0 -march=haswell
expect_nothing_shared
expect_nothing_wide_shared '^Eigen::'

# A CPU has AVX2 where it has not AVX-512; at -O3 GCC writes vectors into Eigen functions that it
# leaves alone at -O2.
enter_empty "$build_dir/optimised"
build baseline -O2
"$compiler" "${options[@]}" -O2 -c "$folder/main.cpp" -o main.o
for level in "-O2 -march=haswell" "-O3 -mavx512f -mfma"; do
  read -ra flags <<<"$level"
  build wide "${flags[@]}"
  link
  expect_nothing_shared
  expect_nothing_wide_shared
  ./baseline_first baseline >wanted
  expect_wanted ./wide_first baseline
  needs=avx2
  if [[ $level == *avx512f* ]]; then needs=avx512f; fi
  if [[ $cpu == *" $needs "* && $cpu == *" fma "* ]]; then
    expect_wanted ./baseline_first wide
    expect_wanted ./wide_first wide
  else
    skip "$level the wide unit: this CPU has no $needs"
  fi
  expect_emulated
done

finish
