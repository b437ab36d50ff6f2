#!/usr/bin/env bash
# A program without exceptions and RTTI: the same results and the same texts of errors, by way of
# the program's handler or printed before it aborts.
# usage: run.sh BUILD_DIR COMPILER INCLUDE_FLAG...
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
build_dir=$1
compiler=$2
options+=("${@:3}")
need_compiler "$compiler"
enter_empty "$build_dir"

# The unit that sets the handler has other flags than the one that fails, so its names are others.
build() {
  local name=$1
  shift
  "$compiler" "${options[@]}" "$@" -c "$folder/calls.cpp" -o "$name.o"
  "$compiler" "${options[@]}" "$@" -ffast-math -c "$folder/main.cpp" -o "$name.main.o"
  "$compiler" -pthread "$name.main.o" "$name.o" -o "$name"
}
build with
build without -fno-exceptions -fno-rtti

# What the C++ library throws by itself, std::bad_alloc say, it throws from functions of its own.
throwing='__cxa_(throw|allocate_exception|begin_catch)|_Unwind_|typeinfo for'
for name in with without; do
  nm -C "$name.o" "$name.main.o" | grep -E "$throwing" >"$name.symbols" || true
done
if [[ -s without.symbols ]]; then fail "it can throw:" "$(head -n 5 without.symbols)"; fi
if [[ ! -s with.symbols ]]; then fail "exceptions leave no symbol in the other program either"; fi

# run STATUS PROGRAM ARGUMENT...: in a shell of its own, which says itself what a signal did.
run() {
  local status=0
  (ulimit -c 0 && "./$2" "${@:3}" && exit) >"$2.output" 2>"$2.errors" || status=$?
  if ((status != $1)); then fail "$2 ${*:3}: exit status $status, not $1"; fi
}

run 0 with sound
run 0 without sound
if ! cmp -s with.output without.output; then fail "sound calls have other hashes"; fi

reported=7
aborted=$((128 + $(kill -l ABRT)))
run 0 with count
count=$(<with.output)
for ((error = 0; error < count; ++error)); do
  run $reported with report $error
  text=$(<with.output)
  run $reported without report $error
  if [[ $(<without.output) != "$text" ]]; then fail "the handler got: $(<without.output)"; fi
  for then in abort return; do
    run "$aborted" without $then $error
    if ! grep -qxF "ropewalk: $text" without.errors; then fail "printed: $(<without.errors)"; fi
  done
  echo "same    $text"
done
if ((count < 5)); then fail "only $count errors"; fi

finish
