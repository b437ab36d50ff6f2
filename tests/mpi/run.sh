#!/usr/bin/env bash
# Shards of a sequence and of heads over Open MPI, on 1 to 8 ranks of this machine: gathered, they are
# the whole, bit for bit; by positions that begin at 0 in each shard they are not. The same over NCCL
# where the machine has two GPUs.
# usage: run.sh; Open MPI is installed where it is missing, and skipped with --no-install
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/support/script.sh
source cmake/setup.sh

need g++ libeigen3-dev
include_flags=("-I$PWD/include" -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3)
enter_empty "$PWD/build/mpi"

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

over_mpi() {
  local ranks
  if ! (need openmpi-bin libopenmpi-dev) >output; then
    skip "Open MPI: not here"
    return
  fi
  OMPI_CXX=g++ mpicxx "${options[@]}" -O1 "${include_flags[@]}" "$folder/shards.cpp" -o shards
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
}

over_nccl() {
  if ! echo '#include <nccl.h>' | nvcc -E -x cu - >output 2>errors; then
    skip "NCCL: no nvcc here, or no nccl.h"
    return
  fi
  nvcc -std=c++17 -O1 -arch=sm_80 --expt-relaxed-constexpr -diag-suppress=20012 \
    "${include_flags[@]}" "$folder/nccl.cu" -lnccl -o nccl
  status=0
  ./nccl >output 2>errors || status=$?
  case $status in
    0) echo "same    $(<output)" ;;
    77) skip "NCCL: it compiles; fewer than two GPUs here" ;;
    *) failed "NCCL" ;;
  esac
}

over_mpi
over_nccl
finish
