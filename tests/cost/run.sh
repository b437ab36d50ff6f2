#!/usr/bin/env bash
# Budgets of what a call adds to an object, which do not depend on the machine's speed: the text in
# bytes, and how many row kernels are in it. A budget is raised only with its reason in the same
# commit. What compiling takes: bench/compile_cost
# usage: run.sh BUILD_DIR INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
includes=("${@:2}")
enter_empty "$build_dir"
"$folder/sources.sh" .

# expect_at_most UNIT BYTES KERNELS FLAG..., by g++ -O2 on x86-64: a kernel for scalar, sse2, avx2,
# avx512 and avx512bf16 each (avx512fp16 has some of half by half and of bfloat16 by bfloat16), or
# none where they are in the compiled library.
expect_at_most() {
  local text kernels name="$1 ${*:4}"
  g++ "${options[@]}" "${includes[@]}" -O2 "${@:4}" -c "$1.cpp" -o "$1.o"
  text=$(size "$1.o" | awk 'NR == 2 { print $1 }')
  kernels=$(nm --defined-only "$1.o" | c++filt | grep -cE ' void .*::rotate_rows<' || true)
  echo "$name: $text bytes of text, $kernels kernels"
  if ((text > $2 && has_budgets)); then fail "$name: $text bytes of text, must be at most $2"; fi
  if ((kernels != $3)); then fail "$name: $kernels kernels, must be $3"; fi
}
if [[ $(uname -m) != x86_64 ]]; then
  skip "all: budgets are for x86-64"
  finish
fi
has_budgets=0
if [[ $(g++ -dumpversion) == 12* ]]; then
  has_budgets=1
else
  echo "note: bytes are reported only: their budgets are for g++ 12, this is $(g++ -dumpversion)"
fi
expect_at_most include_only 1000 0
expect_at_most default_options 52000 5
# A last step of four pairs in half pairs of bfloat16 by a group of its own: see fixed_model.
expect_at_most options_at_run_time 84000 10
# Half pairs by AVX2's groups, and AVX512-FP16's rows, took 800 bytes more than they gave; lines that
# are asked for one by one take 590: a fifth of the time beyond the caches. To choose prefetches, and
# heads at a time, by the processor takes 330: up to a third of the time on Zen 4 by a table per head.
# To leave rows in order to its hardware, and to store them in the cache, takes 340 more: a third of
# the time of bfloat16 out of place. To take rows past the caches one by one takes 570: a sixth to a
# fourth of the time of those that go there. A last step of four pairs takes 1,420: of bfloat16 a third
# of the time of 72 features, a fourth of that of 88.
expect_at_most fixed_model 58800 5
expect_at_most include_only 1000 0 -DROPEWALK_COMPILED
expect_at_most default_options 11000 0 -DROPEWALK_COMPILED
expect_at_most options_at_run_time 11200 0 -DROPEWALK_COMPILED
expect_at_most fixed_model 14500 0 -DROPEWALK_COMPILED

# expect_cuda UNIT BYTES KERNELS: of an object for one architecture. A pairing has the kernel for
# units in two versions and the one for heads, and shares the one for everything; those with halves
# have the first two for narrow packs, too.
expect_cuda() {
  local bytes kernels
  "$nvcc" -std=c++17 -O2 -arch=sm_90 --expt-relaxed-constexpr -diag-suppress=20012 \
    "${includes[@]/#-isystem\//-isystem=/}" -c "$1.cu" -o "$1.o"  # nvcc wants the =
  bytes=$(stat -c %s "$1.o")
  kernels=$(nm --defined-only "$1.o" | grep -cE ' _ZGVZL?[0-9]+__device_stub__.*run_jobs' || true)
  echo "$1: $bytes bytes of object, $kernels kernels"
  if ((bytes > $2 && has_cuda_budgets)); then
    fail "$1: $bytes bytes of object, must be at most $2"
  fi
  if ((kernels != $3 && has_cuda_budgets)); then fail "$1: $kernels kernels, must be $3"; fi
}
nvcc=$(PATH=$PATH:/usr/local/cuda/bin command -v nvcc || true)
if [[ -z $nvcc ]]; then
  echo "note: CUDA's objects have budgets, too; no nvcc here"
  finish
fi
has_cuda_budgets=0
if "$nvcc" --version | grep -q 'release 13.0'; then
  has_cuda_budgets=1
else
  echo "note: CUDA's objects are reported only: their budgets are for nvcc 13.0"
fi
expect_cuda cuda_default_options 125000 4
expect_cuda cuda_half_pairs 163000 6
expect_cuda cuda_options_at_run_time 300000 14
finish
