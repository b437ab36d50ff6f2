#!/usr/bin/env bash
# The reference as static pages, build/docs/html/index.html; a warning fails.
# usage: docs.sh [--no-install]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/setup.sh

need doxygen python3

output=$PWD/build/docs
rm -rf "$output"
mkdir -p "$output/input"
version=$(awk '/VERSION_(MAJOR|MINOR|PATCH) [0-9]+$/ { printf "%s%d", dot, $3; dot = "." }' \
  include/ropewalk/version.hpp)

export PYTHONDONTWRITEBYTECODE=1
cmake/docs/memory.py "$output/html/memory" >"$output/without_picture"

# A page for each example: what its first comment says, and its picture or why it has none.
while read -r example; do
  printf '/** @example %s\n@details ' "$example"
  sed -n '/^\/\/ \?/!q; s///p' "tests/examples/$example"
  if [[ -e $output/html/memory/${example%.cpp}.svg ]]; then
    printf '\n<img src="memory/%s.svg" alt="What it reads and writes in memory"/>\n' "${example%.cpp}"
  fi
  sed -n "s|^${example%.cpp}\t\(.*\)|\nNo picture of memory: \1.|p" "$output/without_picture"
  printf '*/\n'
done < <(find tests/examples -name '*.cpp' -printf '%P\n' | sort) >"$output/input/examples.dox"

cmake/docs/headers.py "$output/input"
mapfile -t pages < <(find tests/examples include bench cmake -name README.md -not -path 'bench/out/*')
cmake/docs/pages.py "$output/input" "${pages[@]}"
cp cmake/docs/{main.md,groups.dox} "$output/input"

sed -e "s|@ROOT@|$PWD|g; s|@OUTPUT@|$output|g; s|@VERSION@|$version|" \
  cmake/Doxyfile.in >"$output/Doxyfile"
doxygen "$output/Doxyfile"

cmake/docs/undocumented.py "$output/warnings" "$output/input"
find bench/measured -name '*.svg' -exec cp --parents {} "$output/html" \;
echo "build/docs/html/index.html"
