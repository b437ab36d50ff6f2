#!/usr/bin/env bash
# The tests of the arithmetic for other architectures, compiled by Debian's cross compilers and run
# under qemu-user; then the hashes of tests/flags, which must be those of this machine.
# usage: run.sh [aarch64 | riscv64 | s390x]...; all three without arguments
#
# CMakePresets.json says which tests; those of minutes under qemu are left out there, with reasons.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

architectures=("$@")
if (($# == 0)); then architectures=(aarch64 riscv64 s390x); fi
packages=("${architectures[@]/#/g++-}")
need g++ clang libeigen3-dev googletest qemu-user "${packages[@]/%/-linux-gnu}"

# All of them fuse products into sums there, where nothing guards. clang++ 14 has its own fence on
# x86-64 only: elsewhere it did not compile.
guarded=("g++ -O3" "g++ -Ofast" "clang++ -O2 -ffp-contract=fast")
unguarded=("g++ -O3" "clang++ -O2 -ffp-contract=fast")
without_guards="-DROPEWALK_TEST_UNGUARDED"
options=(-std=c++17 -pthread -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude
  -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3)

# print_hashes ARCHITECTURE COMPILER FLAG...: compiles and runs the hash program. Whatever a
# compiler says is a failure: for AArch64 g++ had a note for every user, of how a std::pair is
# passed.
print_hashes() {
  local compiler=("$2") runner=() program
  program=build/cross-$1/hashes/${*:2}
  if [[ $1 != native ]]; then
    runner=("qemu-$1" -L "/usr/$1-linux-gnu")
    if [[ $2 == clang++ ]]; then
      compiler+=("--target=$1-linux-gnu")
    else
      compiler=("$1-linux-gnu-$2")
    fi
  fi
  rm -f "$program"{,.o,.words}
  mkdir -p "${program%/*}"
  "${compiler[@]}" "${options[@]}" "${@:3}" -c tests/flags/hash.cpp \
    -o "$program.o" 2>"$program.words" || true
  if [[ -s $program.words ]]; then
    head -n 20 "$program.words" >&2
    return 1
  fi
  # Linked without the flags: -Ofast brings start-up code that flushes subnormals.
  "${compiler[@]}" -pthread "$program.o" -o "$program" && "${runner[@]}" "$program"
}

# Forms and instruction sets have one hash for each pair of types; with -Ofast a compiler may assume
# that there is neither NaN nor infinity.
compared() {
  local leg=$1 names='^(finite|all)/'
  if [[ $leg == *-Ofast* ]]; then names='^finite/'; fi
  if [[ $leg == *"$without_guards" ]]; then names='^(finite|all)/f32/f32/'; fi
  grep -E "$names" | sed 's,/[^/ ]* , ,' | sort --unique
}

# hash_all ARCHITECTURE LEG...: two at a time, each into a file, which is not there if it fails.
hash_all() {
  local architecture=$1 leg command
  for leg in "${@:2}"; do
    while (($(jobs -pr | wc -l) >= 2)); do wait -n || true; done
    read -ra command <<<"$leg"
    mkdir -p "build/cross-$architecture/hashes"
    {
      print_hashes "$architecture" "${command[@]}" >"build/cross-$architecture/hashes/$leg.txt" ||
        rm "build/cross-$architecture/hashes/$leg.txt"
    } &
  done
  wait
}

# Prints "same" or "differs" for each leg; fails if one is not as it should be.
compare_hashes() {
  local architecture=$1 leg hashes wanted found status=0
  local legs=("${guarded[@]}" "${unguarded[@]/%/ $without_guards}")
  hash_all "$architecture" "${legs[@]}"
  for leg in "${legs[@]}"; do
    wanted=same
    if [[ $leg == *"$without_guards" ]]; then wanted=differs; fi
    hashes=build/cross-$architecture/hashes/$leg.txt
    if [[ ! -e $hashes ]]; then
      echo "FAILED  $architecture $leg: did not compile or run"
      status=1
      continue
    fi
    if [[ $(compared "$leg" <"$hashes") == "$(compared "$leg" <<<"$native")" ]]; then
      found=same
    else
      found=differs
    fi
    printf '%-7s %s %s\n' "$found" "$architecture" "$leg"
    if [[ $found != "$wanted" ]]; then
      echo "FAILED  $architecture $leg: $found, must be: $wanted"
      status=1
    fi
  done
  return "$status"
}

say "Hashes of this machine"
native=$(print_hashes native g++ -O1)
summary=()
failed=0
for architecture in "${architectures[@]}"; do
  output=build/cross-$architecture.log
  hashes="all hashes as they must be"
  ROPEWALK_PRESET=cross-$architecture tests/run | tee "$output" || failed=1
  say "Hashes of $architecture"
  compare_hashes "$architecture" || { failed=1; hashes="hashes FAILED"; }
  summary+=("$(printf '%-7s %s; %s' "$architecture" "$(tail -n 1 "$output")" "$hashes")")
done
say "Under qemu"
printf '%s\n' "${summary[@]}"
exit "$failed"
