# shellcheck shell=bash
# Sourced by the tests that compile programs of their own. They go on after a failure.

folder=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)  # of the script
options=(-std=c++17 -pthread -Wall -Wextra -Wconversion -Wshadow -Werror)

failures=0
skips=0
fail() { echo "FAILED  $*"; failures=$((failures + 1)); }
skip() { echo "note: skipped $*"; skips=$((skips + 1)); }

# Exit status 77: what ran holds, but something could not be run here.
finish() {
  if ((failures)); then exit 1; fi
  if ((skips)); then exit 77; fi
  exit 0
}

need_compiler() {
  if command -v "$1" >/dev/null; then return; fi
  skip "all: no $1 here"
  finish
}

enter_empty() {
  rm -rf --one-file-system "$1"
  mkdir -p "$1"
  cd "$1"
}
