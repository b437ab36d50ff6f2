#!/usr/bin/env bash
# Shards of a sequence and of heads over Open MPI, on 1 to 8 ranks of this machine: gathered, they are
# the whole, bit for bit; by positions that begin at 0 in each shard they are not.
# usage: run.sh; what is missing is installed, with --no-install the test is then skipped
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/support/script.sh
source cmake/setup.sh

root=$PWD
need g++ libeigen3-dev
if ! (need openmpi-bin libopenmpi-dev) >/dev/null; then
  skip "all: no Open MPI here"
  finish
fi
enter_empty "$root/build/mpi"
OMPI_CXX=g++ mpicxx "${options[@]}" -O1 "-I$root/include" -isystem /usr/local/include/eigen3 \
  -isystem /usr/include/eigen3 "$folder/shards.cpp" -o shards

# run RANKS OPTION...: how many of the program's comparisons differ
run() {
  local last
  status=0
  mpirun --allow-run-as-root --oversubscribe -n "$1" ./shards "${@:2}" >output 2>errors || status=$?
  last=$(tail -n 1 output)
  if [[ $last =~ ^"$1 ranks: "([0-9]+)" of "([1-9][0-9]*)" differ"$ ]]; then
    differ=${BASH_REMATCH[1]} compared=${BASH_REMATCH[2]}
  else
    differ=all compared=none
  fi
}
failed() {
  fail "$1"
  tail -n 5 output errors
}

for ranks in {1..8}; do
  run "$ranks"
  if [[ $differ == 0 && $status == 0 ]]; then
    echo "same    $ranks ranks, $compared comparisons"
  else
    failed "$ranks ranks: $differ of $compared differ"
  fi
  if ((ranks == 1)); then continue; fi
  # Or the comparisons would prove nothing.
  run "$ranks" --local
  if [[ $differ != "$compared" || $status == 0 ]]; then
    failed "$ranks ranks, each with positions from 0 on: only $differ of $compared differ"
  fi
done
finish
