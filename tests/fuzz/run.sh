#!/usr/bin/env bash
# Fuzzes every body for some time, one after the other: tests/fuzz/run.sh [seconds]
# What reaches new code stays in build/fuzz/corpus, what ends a body goes to build/fuzz/findings.
# tests/fuzz/run.sh --minimise: inputs that reach the most of it become the corpus of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

need g++ clang cmake ninja-build libeigen3-dev libgtest-dev libclang-rt-dev
say "Building the fuzz bodies (some minutes the first time)"
cmake --preset fuzz
cmake --build --preset fuzz --parallel "$(nproc)"

# Longer inputs say nothing more.
options=(-max_len=400 -timeout=20 -rss_limit_mb=4096)
found=0

fuzz() {
  local body=$1 seconds=$2 log=build/fuzz/$1.log status=0
  say "$body for $seconds seconds"
  mkdir -p "build/fuzz/corpus/$body" "build/fuzz/findings"
  build/fuzz/tests/fuzz/fuzz_"$body" "build/fuzz/corpus/$body" "tests/fuzz/corpus/$body" \
    "${options[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$body-" >"$log" 2>&1 || status=$?
  awk '/stat::number_of_executed_units/ { executions = $2 }
       / cov: / { for (i = 1; i < NF; ++i) if ($i == "cov:") edges = $(i + 1) }
       END { printf "%d executions, %d edges covered\n", executions, edges }' "$log"
  if ((status != 0)); then
    found=1
    grep -E 'FAILED|ERROR|runtime error|Test unit written' "$log" || tail "$log"
  fi
}

# Few, since every run of the tests replays them: of a smallest set that reaches the same code, the
# longest inputs.
minimise() {
  local body=$1 corpus=$PWD/tests/fuzz/corpus/$1 all
  say "The corpus of $body"
  all=$(mktemp -d)
  build/fuzz/tests/fuzz/fuzz_"$body" -set_cover_merge=1 -use_counters=0 "${options[@]}" "$all" \
    "$corpus" "build/fuzz/corpus/$body"
  rm -f "$corpus"/*
  (cd "$all" && find . -type f -printf '%s %f\n' | sort -rn | head -n 40 | cut -d' ' -f2 |
    xargs cp -t "$corpus")
  rm -r "$all"
}

for body in apply builders norms slots; do
  if [[ ${1-} == --minimise ]]; then
    minimise "$body"
  else
    fuzz "$body" "${1:-60}"
  fi
done
exit "$found"
