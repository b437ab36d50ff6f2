#!/usr/bin/env bash
# The page on CUDA: each of its code blocks compiles in the program around it, with the header that
# the page names before it.
# usage: cuda.sh PAGE BUILD_DIR NVCC INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
page=$(realpath "$1")
nvcc=$3
if ! command -v "$nvcc" >/dev/null; then
  skip "all: no nvcc here"
  finish
fi
flags=("${@:4}")
flags=("${flags[@]/#-isystem\//-isystem=/}")  # nvcc wants something between the two
enter_empty "$2"

awk '
  /^```/ && !(in_block = !in_block) { close(file) }
  /^```cpp/ {
    file = "block_" ++blocks ".inc"
    print header >("header_" blocks ".inc")
    next
  }
  in_block { print >file; next }
  match($0, /#include <[^>]+>/) { header = substr($0, RSTART, RLENGTH) }
  END { if (in_block || blocks < 2) exit 1 }' "$page"

for block in block_*.inc; do
  number=${block//[^0-9]/}
  if "$nvcc" -std=c++17 -arch=sm_80 --expt-relaxed-constexpr -diag-suppress=20012 \
    -Xcompiler=-Wall,-Wextra,-Werror "${flags[@]}" -I. -DHEADER="\"header_$number.inc\"" \
    -DBLOCK="\"$block\"" -c "$folder/around_cuda.cu" -o block.o 2>output; then
    echo "compiles $(<"header_$number.inc"): $(head -n 1 "$block")"
  else
    fail "$1, block $number:"
    grep -m 20 -E '(error|warning|fatal)' output || tail -n 5 output
  fi
done

finish
