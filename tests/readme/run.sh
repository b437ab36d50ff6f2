#!/usr/bin/env bash
# The README's example: its first cpp block with a main compiles and runs, and prints the text block
# that comes next, if the next block is one. So do the lines of its table of models and of its page
# for engines.
# usage: run.sh README BUILD_DIR COMPILER FLAG...
set -euo pipefail
readme=$1
build_dir=$2
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
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
section() { awk -v title="## $1" '/^## / { inside = $0 == title } inside' "$readme"; }
section "Every model" | awk -F ' [|] ' '/<br>`/ {
  name = "Gemma 2 2B"  # wide enough for any table
  if ($2 ~ /model/ && match($1, /`[^`]+`/)) name = substr($1, RSTART + 1, RLENGTH - 2)
  gsub(/`<br>`/, "\n    ", $2)
  gsub(/`( [|])?/, "", $2)
  printf "  {\n    ROW(\"%s\");\n    %s\n  }\n", name, $2
  ++rows
}
END { if (rows < 10) exit 1 }' >lines.inc
"${@:3}" -std=c++17 -O1 -pthread -Wall -Wextra -Werror -I. "$folder/around_lines.cpp" -o lines
./lines

# The page for engines: its block, then its rows, each for the example that it names; the row of the
# failure handler is for a build without exceptions. Every example is named, and none else.
section "In an engine" | awk -F ' [|] ' '
  /^```/ {
    print (in_block ? "  }}" : "  {\n    ROW(block); {") >"engine.inc"
    in_block = !in_block
    next
  }
  in_block { print "    " $0 >"engine.inc"; next }
  match($3, /\(tests\/examples\/[a-z0-9_]+/) {
    name = substr($3, RSTART + 16, RLENGTH - 16)
    gsub(/`<br>`/, "\n    ", $2)
    gsub(/`/, "", $2)
    file = /failure_handler/ ? "handler.inc" : "engine.inc"
    printf "  {\n    ROW(%s); {\n    %s\n  }}\n", name, $2 >file
    ++rows
  }
  END { if (rows < 10) exit 1 }'
compile_engine() {
  "${@:2}" -std=c++17 -O1 -pthread -Wall -Wextra -Werror -Wno-unused "$1" -I. \
    "$folder/around_engine.cpp" -o engine
}
compile_engine -fexceptions "${@:3}"
./engine
compile_engine -fno-exceptions "${@:3}"
status=0
./engine 2>error.txt | cat >>error.txt || status=$?
echo "engine: apply_inplace: head_dim of x is 63, must be even" | diff - error.txt
((status == 1))
diff <(grep -o '(tests/examples/[^)]*' "$readme" | sort -u) \
  <(cd "$folder/../examples" && printf '(tests/examples/%s\n' *.cpp | sort)
