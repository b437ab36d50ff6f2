#!/usr/bin/env bash
# Two units of one program, one compiled for AVX-512: the other must not be given its code.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
#
# No symbol of ours is defined in both objects; in whatever order they are linked, the program
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

build() {
  local unit="$folder/unit.cpp" name=-DROPEWALK_ODR_ROTATE
  "$compiler" "${options[@]}" "$1" $name=rotate_baseline -c "$unit" -o baseline.o
  "$compiler" "${options[@]}" "$1" $name=rotate_wide -mavx512f -mfma -c "$unit" -o wide.o
  "$compiler" "${options[@]}" "$1" -c "$folder/main.cpp" -o main.o
  "$compiler" -pthread main.o baseline.o wide.o -o baseline_first
  "$compiler" -pthread main.o wide.o baseline.o -o wide_first
}

# Mangled: a name of ours or of a template over ours.
ours() { nm --defined-only "$1.o" | awk '{ print $3 }' | grep 8ropewalk | sort -u; }
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
    fail "$level the unit for AVX-512 runs on a CPU without AVX"
  fi
}

# At -O3 GCC writes vectors into Eigen functions that it leaves alone at -O2.
for level in -O2 -O3; do
  enter_empty "$build_dir/$level"
  build "$level"
  expect_nothing_shared
  ./baseline_first baseline >wanted
  expect_wanted ./wide_first baseline
  if [[ $cpu == *" avx512f "* && $cpu == *" fma "* ]]; then
    expect_wanted ./baseline_first wide
    expect_wanted ./wide_first wide
  else
    skip "$level the unit for AVX-512: this CPU has none"
  fi
  expect_emulated
done

finish
