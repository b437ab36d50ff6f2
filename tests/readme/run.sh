#!/usr/bin/env bash
# The README's example: its first cpp block with a main compiles and runs, and prints the text block
# that comes next, if the next block is one. So do the lines of its table of models.
# usage: run.sh README BUILD_DIR COMPILER FLAG...
set -euo pipefail
readme=$1
build_dir=$2
around=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/around_lines.cpp
rm -rf "$build_dir"
mkdir -p "$build_dir"

awk -v example="$build_dir/example.cpp" -v expected="$build_dir/expected.txt" '
  /^```/ && inside == "" {
    inside = substr($0, 4)
    block = ""
    if (found && inside != "text") exit
    next
  }
  /^```/ {
    if (found) { printf "%s", block >expected; exit }
    if (inside == "cpp" && block ~ /int main/) { printf "%s", block >example; found = 1 }
    inside = ""
    next
  }
  { block = block $0 "\n" }
' "$readme"

cd "$build_dir"
[[ -e example.cpp ]] || { echo "$readme has no cpp block with a main"; exit 1; }
"${@:3}" -std=c++17 -O1 -pthread -Wall -Wextra -Werror example.cpp -o example
./example | tee output.txt
[[ ! -e expected.txt ]] || diff expected.txt output.txt

# Cells of code: each row is a block of its own, for the preset that its first cell has in quotes.
awk -F ' [|] ' '/<br>`/ {
  name = "Gemma 2 2B"  # wide enough for any table
  if ($2 ~ /model/ && match($1, /`[^`]+`/)) name = substr($1, RSTART + 1, RLENGTH - 2)
  gsub(/`<br>`/, "\n    ", $2)
  gsub(/`( [|])?/, "", $2)
  printf "  {\n    ROW(\"%s\");\n    %s\n  }\n", name, $2
  ++rows
}
END { if (rows < 10) exit 1 }' "$readme" >lines.inc
"${@:3}" -std=c++17 -O1 -pthread -Wall -Wextra -Werror -I. "$around" -o lines
./lines
