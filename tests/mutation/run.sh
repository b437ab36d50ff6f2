#!/usr/bin/env bash
# Mutation test: breaks the library in one place at a time, as mutants.tsv says, and runs the test
# that must notice.
# usage: run.sh [--check] [WORD...]   only the mutants whose line holds one of the words
# --check only looks whether each place is still found once, in the blink of an eye.
#
# Tests are compiled by themselves and without optimisation: some seconds each, twenty minutes for
# all on two cores. The vector kernels are caught on an x86-64 machine with AVX-512 and its bfloat16.
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
flags=(-std=c++17 -O0 -w -pthread -Itests -isystem /usr/local/include/eigen3 -isystem
  /usr/include/eigen3)

chosen() {
  local word
  if ((${#words[@]} == 0)); then return 0; fi
  for word in "${words[@]}"; do
    if [[ $1 == *"$word"* ]]; then return 0; fi
  done
  return 1
}

# The library of mutant $1 as a tree of its own: file $2 with $3 replaced by $4; 1 unless found once.
mutate() {
  local id=$1 file=include/ropewalk/$2 old=$3 new=$4 text rest
  text=$(<"$file")
  rest=${text#*"$old"}
  if [[ $rest == "$text" || $rest == *"$old"* ]]; then return 1; fi
  if ((check_only)); then return 0; fi
  mkdir -p "$build/$id"
  cp -r include "$build/$id"
  printf '%s%s%s\n' "${text%%"$old"*}" "$new" "$rest" >"$build/$id/$file"
}

# How test $2 ends with the library of mutant $1: "caught", "survived" or "does not compile".
try() {
  local id=$1 test=$2 dir=$build/$1 libraries=()
  if [[ $test == *_test ]]; then libraries=(-lgtest -lgtest_main); fi
  if ! g++ "${flags[@]}" "-I$dir/include" "tests/$test.cpp" "${libraries[@]}" -o "$dir/test" \
    2>"$dir/errors"; then
    echo "does not compile" >"$dir/result"
  # A loop that no longer ends is a behaviour that is noticed too.
  elif timeout 120 "$dir/test" >"$dir/output" 2>&1; then
    echo survived >"$dir/result"
  else
    echo caught >"$dir/result"
  fi
  rm -rf "$dir/test" "$dir/include"
}

tests=() files=() olds=() news=() lost=0
while IFS=$'\t' read -r test file old new; do
  if [[ -z $test || $test == \#* ]] || ! chosen "$test $file $old $new"; then continue; fi
  tests+=("$test") files+=("$file") olds+=("$old") news+=("${new-}")
done <tests/mutation/mutants.tsv

if ((!check_only)); then
  need g++ libeigen3-dev libgtest-dev
  rm -rf "$build"
  say "The tests of ${#tests[@]} mutants, first with the library as it is"
  for test in $(printf '%s\n' "${tests[@]}" | sort -u); do
    mkdir -p "$build/as_it_is"
    cp -r include "$build/as_it_is"
    try as_it_is "$test"
    if [[ $(<"$build/as_it_is/result") != survived ]]; then
      echo "FAILED  $test: $(<"$build/as_it_is/result") without any mutant"
      exit 1
    fi
  done
fi
for i in "${!tests[@]}"; do
  if ! mutate "$i" "${files[i]}" "${olds[i]}" "${news[i]}"; then
    echo "FAILED  ${files[i]}: not found once: ${olds[i]}"
    lost=$((lost + 1))
  elif ((!check_only)); then
    while (($(jobs -pr | wc -l) >= $(nproc))); do wait -n || true; done
    try "$i" "${tests[i]}" &
  fi
done
wait
if ((check_only)); then
  echo "${#tests[@]} mutants, $lost not found"
  exit $((lost > 0))
fi

caught=0
for i in "${!tests[@]}"; do
  result=$(cat "$build/$i/result" 2>/dev/null || echo lost)
  if [[ $result == caught ]]; then
    caught=$((caught + 1))
  else
    printf '%s by %s: %s: %s  ->  %s\n' "$result" "${tests[i]}" "${files[i]}" "${olds[i]}" "${news[i]}"
  fi
done
echo "$caught of ${#tests[@]} mutants caught"
((caught == ${#tests[@]}))
