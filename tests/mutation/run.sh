#!/usr/bin/env bash
# Mutation test: breaks the library in one place at a time, as mutants.tsv says, and runs the test
# that must notice.
# usage: run.sh [--check] [WORD...]   only the mutants whose line holds one of the words
# --check only looks whether each place is still found once, in the blink of an eye.
#
# Tests are compiled by themselves and, on a CPU, without optimisation: some seconds each, half an
# hour for all on two cores. What was caught is not tried again before the library or its test has changed. The
# vector kernels are caught on an x86-64 machine with AVX-512, its bfloat16 and its arithmetic in half.
# Those of include/ropewalk/cuda/ take nvcc and a device, and minutes each; else they are left out.
# A test that is stopped after two minutes has noticed nothing: the machine may have been busy. That is
# a timeout, and fails; in place of a mutant that loops for ever there is one that ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

check_only=0
if [[ ${1-} == --check ]]; then
  check_only=1
  shift
fi
words=("$@")
build=$PWD/build/mutation
limit=120  # seconds for a test
flags=(-std=c++17 -Itests -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3)

# Whether test $1 is of CUDA: nvcc compiles it, and it needs a device.
on_cuda() { [[ $1 == cuda_* ]]; }
has_device=0
if { command -v nvcc && nvidia-smi --list-gpus; } >/dev/null 2>&1; then has_device=1; fi

chosen() {
  local word
  if ((${#words[@]} == 0)); then return 0; fi
  for word in "${words[@]}"; do
    if [[ $1 == *"$word"* ]]; then return 0; fi
  done
  return 1
}

# Its own folder for what $1 names.
folder_of() {
  local sum
  sum=$(cksum <<<"$1")
  echo "$build/${sum%% *}"
}

source_of() {
  if on_cuda "$1"; then echo "tests/${1%% *}.cu"; else echo "tests/${1%% *}.cpp"; fi
}

# Whether in folder $1 test $2 has ended as $3, and nothing that goes into it is newer.
settled() {
  [[ -e $1/result && $(<"$1/result") == "$3" &&
    -z $(find include tests/support "$(source_of "$2")" -newer "$1/result" -print -quit) ]]
}

# The library as a tree in folder $1: file $2 with $3 replaced by $4; 1 unless found once.
mutate() {
  local dir=$1 file=include/ropewalk/$2 old=$3 new=$4 text without
  text=$(<"$file")
  without=${text//"$old"/}
  if ((${#text} - ${#without} != ${#old})); then return 1; fi
  if ((check_only)) || settled "$dir" "$5" caught; then return 0; fi
  rm -rf "$dir"
  mkdir -p "$dir"
  cp -r include "$dir"
  printf '%s\n' "${text/"$old"/"$new"}" >"$dir/$file"
}

# How test $2 ends with the library in folder $1: "caught", "survived", "timeout" or "does not
# compile".
try() {
  local dir=$1 test mix compile=(g++ -O0 -w -pthread "${flags[@]}") more=() status=0
  read -r test mix <<<"$2"
  if [[ -n $mix ]]; then more+=("-DROPEWALK_TESTS_MIX=$mix"); fi
  if on_cuda "$test"; then
    # The reference on the host takes minutes without optimisation.
    compile=(nvcc -O1 -w -arch=native --expt-relaxed-constexpr "${flags[@]}")
    more+=(tests/support/cuda_main.cpp tests/support/cuda_device.cu -lgtest)
  elif [[ $test == *_test ]]; then
    more+=(-lgtest -lgtest_main)
  fi
  if ! "${compile[@]}" "-I$dir/include" "$(source_of "$test")" "${more[@]}" -o "$dir/test" \
    2>"$dir/errors"; then
    echo "does not compile" >"$dir/result"
  else
    # In a shell of its own, so that what a signal makes the shell say is in the file.
    (GTEST_FAIL_FAST=1 timeout "$limit" "$dir/test"; exit) >"$dir/output" 2>&1 || status=$?
    case $status in
      0) echo survived ;;
      124) echo timeout ;;
      *) echo caught ;;
    esac >"$dir/result"
  fi
  rm -rf "$dir/test" "$dir/include"
}

tests=() files=() olds=() news=() dirs=() lost=0 left_out=0
while IFS=$'\t' read -r test file old new; do
  if [[ -z $test || $test == \#* ]] || ! chosen "$test $file $old $new"; then continue; fi
  if on_cuda "$test" && ((!check_only && !has_device)); then
    left_out=$((left_out + 1))
    continue
  fi
  tests+=("$test") files+=("$file") olds+=("$old") news+=("${new-}")
done <tests/mutation/mutants.tsv
if ((left_out > 0)); then
  echo "note: $left_out mutants of CUDA are left out: no nvcc here, or no device"
  if ((${#tests[@]} == 0)); then exit; fi
fi
if ((${#tests[@]} == 0)); then
  echo "No mutant's line holds one of: ${words[*]}" >&2
  exit 1
fi

if ((!check_only)); then
  need g++ libeigen3-dev libgtest-dev
  say "The tests of ${#tests[@]} mutants, first with the library as it is"
  while read -r test; do
    dir=$(folder_of "$test")
    if settled "$dir" "$test" survived; then continue; fi
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r include "$dir"
    try "$dir" "$test"
    if [[ $(<"$dir/result") != survived ]]; then
      echo "FAILED  $test: $(<"$dir/result") without any mutant"
      exit 1
    fi
  done < <(printf '%s\n' "${tests[@]}" | sort -u)
fi
for i in "${!tests[@]}"; do
  dirs[i]=$(folder_of "${tests[i]} ${files[i]} ${olds[i]} ${news[i]}")
  if ! mutate "${dirs[i]}" "${files[i]}" "${olds[i]}" "${news[i]}" "${tests[i]}"; then
    echo "FAILED  ${files[i]}: not found once: ${olds[i]}"
    lost=$((lost + 1))
  elif ((!check_only)) && ! settled "${dirs[i]}" "${tests[i]}" caught; then
    while (($(jobs -pr | wc -l) >= $(nproc))); do wait -n || true; done
    try "${dirs[i]}" "${tests[i]}" &
  fi
done
wait
if ((check_only)); then
  echo "${#tests[@]} mutants, $lost not found"
  exit $((lost > 0))
fi

caught=0
timeouts=0
for i in "${!tests[@]}"; do
  result=$(cat "${dirs[i]}/result" 2>/dev/null || echo lost)
  if [[ $result == caught ]]; then
    caught=$((caught + 1))
  else
    if [[ $result == timeout ]]; then timeouts=$((timeouts + 1)); fi
    echo "$result by ${tests[i]}: ${files[i]}: ${olds[i]}  ->  ${news[i]}"
  fi
done
echo "$caught of ${#tests[@]} mutants caught, $timeouts stopped after $limit s"
((caught == ${#tests[@]}))
