#!/usr/bin/env bash
# The flag matrix: a program, built by each compiler with each set of flags, must print the same
# hashes: hash.cpp those of every form, tables.cpp those of every builder.
# usage: run.sh hash|tables BUILD_DIR INCLUDE_FLAG...
# Other compilers than g++ and clang++, held to the hashes of g++: ROPEWALK_COMPILERS="clang++-19"
#
# A leg is compiled with its flags and linked without them: under -Ofast both compilers would link
# start-up code that flushes subnormals in the whole process. What that does is printed at the end.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
program=$1
source=$folder/$program.cpp
build_dir=$2
# clang++ 19 and later call -Ofast deprecated.
options+=(-Wno-deprecated "${@:3}")
enter_empty "$build_dir"

read -ra compilers <<<"${ROPEWALK_COMPILERS:-g++ clang++}"
reference="g++ -O0"
# The standards go along: c++2b is what g++ 12 and clang++ 14 call C++23.
flag_sets=(
  "-O0"
  "-Og -g -std=c++20"
  "-O2 -std=c++2b"
  "-O3 -march=native"
  "-O3 -march=haswell"
  "-Ofast -march=native"
  "-O2 -march=native -ffp-contract=fast"
)
# The parts of -ffast-math that change code without a macro that tells.
untold_by_clang=("-O3 -march=native -funsafe-math-optimizations")
# Without the guards these must differ, or the comparison could not fail.
unguarded_by_gcc=(
  "-O3 -march=native"
  "-O3 -march=haswell"
  "-O2 -march=native -ffp-contract=fast"
)
unguarded_by_clang=(
  "-Ofast -march=native"
  "-O2 -march=native -ffp-contract=fast"
)
if [[ $program == tables ]]; then
  # No instruction sets and few kernels: what these flags can change is arithmetic with doubles.
  flag_sets=("-O0" "-O3 -march=native" "-Ofast -march=native" "-O2 -funsafe-math-optimizations")
  untold_by_clang=(
    "-O2 -freciprocal-math"
    "-O2 -fassociative-math -fno-signed-zeros -fno-trapping-math"
  )
  unguarded_by_gcc=("-Ofast -march=native")
  unguarded_by_clang=("-Ofast -march=native")
fi
without_guards="-DROPEWALK_TEST_UNGUARDED"

# A leg is its command line, which also names its folder; one that cannot run here is reported as skipped.
legs=()
add() {
  local leg=$1 cpu
  cpu=$(uname -m)$(grep -m1 -E '^flags' /proc/cpuinfo || true)
  if ! command -v "${leg%% *}" >/dev/null; then
    skip "$leg: no such compiler"
  elif [[ $leg == *haswell* && $cpu != *" avx2 "* ]]; then
    skip "$leg: this CPU has no AVX2"
  elif [[ $leg == *"$without_guards" && $cpu == x86_64* && $cpu != *" fma "* ]]; then
    skip "$leg: this CPU has no FMA"
  else
    legs+=("$leg")
  fi
}
if [[ " ${compilers[*]} " != *" g++ "* ]]; then add "$reference"; fi
for compiler in "${compilers[@]}"; do
  for flags in "${flag_sets[@]}"; do add "$compiler $flags"; done
  if [[ $compiler == clang* ]]; then
    for flags in "${untold_by_clang[@]}"; do add "$compiler $flags"; done
    unguarded=("${unguarded_by_clang[@]}")
  else
    unguarded=("${unguarded_by_gcc[@]}")
  fi
  for flags in "${unguarded[@]}"; do add "$compiler $flags $without_guards"; done
done

build_and_run() {
  local leg=$1 command
  read -ra command <<<"$leg"
  mkdir "$leg"
  {
    "${command[0]}" "${options[@]}" "${command[@]:1}" -c "$source" -o "$leg/program.o"
    "${command[0]}" -pthread "$leg/program.o" -o "$leg/program"
    "$leg/program" >"$leg/output"
    touch "$leg/done"
  } 2>"$leg/errors"
}
for leg in "${legs[@]}"; do
  while (($(jobs -pr | wc -l) >= 2)); do wait -n || true; done
  build_and_run "$leg" &
done
wait

# The lines of OUTPUT that the flags of LEG must not change: under -Ofast a compiler may assume that
# there is neither NaN nor infinity.
compared() {
  local leg=$1 output=$2 names='/'
  if [[ $program == hash ]]; then
    if [[ $leg == *-Ofast* ]]; then names='^finite/'; fi
  fi
  grep -E "$names" "$output"
}
same_hashes() { cmp -s <(compared "$1" "$reference/output") <(compared "$1" "$2"); }
# Without the guards hash.cpp prints one pair of types and one norm.
same_lines() { cmp -s <(grep "$2" "$reference/output") <(grep "$2" "$1/output"); }

if [[ ! -e $reference/done ]] || ! compared "$reference" "$reference/output" >/dev/null; then
  echo "FAILED  $reference: the reference printed no hashes"
  cat "$reference/errors"
  exit 1
fi
for leg in "${legs[@]}"; do
  if [[ ! -e $leg/done ]]; then
    fail "$leg: did not compile or run"
    head -n 20 "$leg/errors"
    continue
  fi
  if [[ $leg == *"$without_guards" ]]; then
    if [[ $program == hash ]]; then
      lists=(^finite/f32/f32/ ^finite/norm/f32/one_rounding/)
    else
      lists=(/)
    fi
    for lines in "${lists[@]}"; do
      if same_lines "$leg" "$lines"; then
        fail "$leg: same hashes without the guards: $lines"
      else
        echo "differs $leg: $lines"
      fi
    done
  elif ! same_hashes "$leg" "$leg/output"; then
    fail "$leg: not the hashes of $reference"
    diff "$reference/output" "$leg/output" | head -n 10 || true
  elif grep -qx 'ftz 1' "$leg/output"; then
    fail "$leg: flushes subnormals although linked without its flags"
  else
    echo "same    $leg"
  fi
done

for compiler in "${compilers[@]}"; do
  leg="$compiler -Ofast -march=native"
  [[ $program == hash && -e $leg/done ]] || continue
  "$compiler" -Ofast -pthread "$leg/program.o" -o "$leg/linked"
  "$leg/linked" >"$leg/linked_output"
  flushes=$(grep '^ftz ' "$leg/linked_output")
  if same_hashes "$leg" "$leg/linked_output"; then
    echo "note: $compiler linked with -Ofast: $flushes, same hashes"
    [[ $flushes == 'ftz 0' ]] || fail "$leg: flushes, yet no hash has seen a subnormal"
  else
    echo "note: $compiler linked with -Ofast: $flushes, other hashes (outside the promise)"
    [[ $flushes == 'ftz 1' ]] || fail "$leg: differs, and not by flushing"
  fi
done

finish
