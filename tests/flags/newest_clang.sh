#!/usr/bin/env bash
# The flag matrix for the newest clang++ that the packages of Debian or Ubuntu offer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh

package=$(apt-cache search --names-only '^clang-[0-9]+$' | cut -d' ' -f1 |
  sort --version-sort | tail -n 1)
if [[ -z $package ]]; then
  echo "No package clang-N is known here; please run: sudo apt-get update" >&2
  exit 1
fi
need g++ libeigen3-dev "$package"
say "The flag matrix for ${package/clang/clang++}"
for program in hash tables; do
  ROPEWALK_COMPILERS="${package/clang/clang++}" tests/flags/run.sh "$program" \
    "$PWD/build/newest_clang/$program" \
    "-I$PWD/include" -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3
done
