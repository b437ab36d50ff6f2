#!/usr/bin/env bash
# The compiled library serves units of any flags, gives no name that one of them could define, and
# is refused by headers of another version.
# usage: run.sh BUILD_DIR COMPILER LIBRARY INCLUDE_DIR INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
library=$3
headers=$4
options+=(-DROPEWALK_COMPILED "${@:5}")
need_compiler "$compiler"
enter_empty "$build_dir"

# Units of several flags beside one another, their results compared with those of the headers alone.
flags=(-O0 -Ofast)
cpu=$(uname -m)$(grep -m1 -E '^flags' /proc/cpuinfo || true)
if [[ $cpu == x86_64*" avx2 "* && $cpu == *" fma "* ]]; then flags+=("-O2 -mavx2 -mfma"); fi
names=()
for ((i = 0; i < ${#flags[@]}; ++i)); do
  read -ra own <<<"${flags[$i]}"
  "$compiler" "${options[@]}" -I"$headers" "${own[@]}" -DROPEWALK_TURN="turn_$i" \
    -c "$folder/unit.cpp" -o "unit_$i.o"
  names+=("turn_$i")
done
"$compiler" "${options[@]}" -UROPEWALK_COMPILED -I"$headers" -O1 -DROPEWALK_TURN=turn_headers \
  -c "$folder/unit.cpp" -o headers.o
list=$(printf '%s,' "${names[@]}")
"$compiler" "${options[@]}" -DROPEWALK_TURNS="${list%,}" -c "$folder/main.cpp" -o main.o
"$compiler" -pthread main.o headers.o unit_*.o "$library" -o units
./units || fail "the library's bits are others"

# A unit that calls the library brings no kernel, one of the headers alone does. Counted: a grep that
# ends at the first one would break the pipe, and the test of its status with it.
kernels_in() { nm -C --defined-only "$@" | grep -cE ' [TWtw] .*rotate_rows<' || true; }
if (($(kernels_in unit_*.o) != 0)); then fail "a unit has kernels of its own"; fi
if (($(kernels_in headers.o) == 0)); then fail "no kernel found where there are some: other names?"; fi

# A linker keeps one of two functions of a name: none of the library's may be a unit's own.
ours() { nm --defined-only --extern-only "$@" | awk '$3 ~ /8ropewalk/ { print $3 }' | sort -u; }
shared=$(comm -12 <(ours "$library") <(ours headers.o unit_*.o) | c++filt)
if [[ -n $shared ]]; then
  fail "the library and a unit both define"
  head -n 5 <<<"$shared"
fi
if "$compiler" "${options[@]}" -UROPEWALK_COMPILED -DROPEWALK_BUILDS_COMPILED -I"$headers" -mavx2 \
  -fsyntax-only "$headers/../cmake/compiled/run.cpp" 2>errors; then
  fail "the library compiles with -mavx2"
elif ! grep -q 'compile it without -m flags' errors; then
  fail "the library with -mavx2: another error"
  head -n 5 errors
fi

# Headers of the next version.
cp -r "$headers" newer
sed -i -E 's/(ROPEWALK_VERSION_PATCH) [0-9]+/\1 77/' newer/ropewalk/version.hpp
"$compiler" "${options[@]}" -Inewer -O0 -DROPEWALK_TURN=turn_newer -c "$folder/unit.cpp" -o newer.o
"$compiler" "${options[@]}" -DROPEWALK_TURNS=turn_newer -c "$folder/main.cpp" -o newer_main.o
if "$compiler" -pthread newer_main.o headers.o newer.o "$library" -o mixed 2>errors; then
  fail "headers of another version link with the library"
elif ! grep -qE 'undefined reference.*ropewalk::v[0-9]+_[0-9]+_77::' errors; then
  fail "the linker's message does not name the version"
  head -n 5 errors
else
  grep -m 1 -oE 'undefined reference.*' errors
fi
finish
