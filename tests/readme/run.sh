#!/usr/bin/env bash
# The pages for users: what they show compiles and runs. The README's first cpp block with a main
# prints the text block that comes next, if the next block is one. All code of the page of presets, of
# the page for engines and of the reference's first page is compiled in the program around it. What
# pages link to: tests/docs. The page on CUDA: cuda.sh. That for other languages: tests/c/readme.sh.
# usage: run.sh README BUILD_DIR COMPILER FLAG...; BUILD_DIR is emptied
set -euo pipefail
readme=$1
build_dir=$2
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$(dirname "$readme")" && pwd)
options=("${@:3}" -std=c++17 -O1 -pthread -Wall -Wextra -Werror -I.)
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
"${options[@]}" example.cpp -o example
./example | tee output.txt
[[ ! -e expected.txt ]] || diff expected.txt output.txt

# Cells of code: each row is a block of its own, for the preset that its first cell has in quotes. The
# code that is indented is for the preset that it names itself.
presets=$root/include/ropewalk/models/README.md
awk -F ' [|] ' '/<br>`/ {
  name = "Gemma 2 2B"  # wide enough for any table
  if ($2 ~ /model/ && match($1, /`[^`]+`/)) name = substr($1, RSTART + 1, RLENGTH - 2)
  gsub(/`<br>`/, "\n    ", $2)
  gsub(/`( [|])?/, "", $2)
  printf "  {\n    ROW(\"%s\");\n    %s\n  }\n", name, $2
  ++rows
}
END { if (rows < 10) exit 1 }' "$presets" >lines.inc
{
  echo '  {'
  echo '    ROW("Llama 3.1 8B");'
  echo '    const auto table = rw::model_table<Eigen::bfloat16>(model, rw::Grid{seq});'
  grep '^    ' "$presets"
  echo '  }'
} >>lines.inc
"${options[@]}" "$folder/around_lines.cpp" -o lines
./lines

# names_programs PAGE: it links to every program beside it, and to no other
names_programs() {
  diff <(grep -oE '\([a-z0-9_]+\.cpp\)' "$1" | tr -d '()' | sort -u) \
    <(cd "${1%/*}" && printf '%s\n' *.cpp | sort)
}

# The page for engines: its block, then its rows, each for the example that it names; the row of the
# failure handler is for a build without exceptions. Every example is named, and none else. Then the
# code on the first page of the reference.
engine=$root/tests/examples/README.md
awk -F ' [|] ' '
  /^```/ {
    print (in_block ? "  }}" : "  {\n    ROW(block); {") >"engine.inc"
    in_block = !in_block
    next
  }
  in_block { print "    " $0 >"engine.inc"; next }
  match($3, /\([a-z0-9_]+\.cpp/) {
    name = substr($3, RSTART + 1, RLENGTH - 5)
    gsub(/`<br>`/, "\n    ", $2)
    gsub(/`/, "", $2)
    file = /failure_handler/ ? "handler.inc" : "engine.inc"
    printf "  {\n    ROW(%s); {\n    %s\n  }}\n", name, $2 >file
    ++rows
  }
  END { if (rows < 10) exit 1 }' "$engine"
{
  echo '  {'
  echo '    ROW(first_page);'
  grep '^    ' "$root/cmake/docs/main.md"
  echo '  }'
} >>engine.inc
compile_engine() { "${options[@]}" -Wno-unused "$1" "$folder/around_engine.cpp" -o engine; }
compile_engine -fexceptions
./engine
compile_engine -fno-exceptions
status=0
./engine 2>error.txt | cat >>error.txt || status=$?
echo "engine: apply_inplace: head_dim of x is 63, must be even" | diff - error.txt
((status == 1))
names_programs "$engine"

# The page for those who come from another system: its lines stand in the programs that it names,
# which compile and run as examples. Every program is named, and none else.
(cd "$root/tests/examples/migrate" && awk -F ' [|] ' '
  function squeezed(text) { gsub(/[ \n]+/, " ", text); gsub(/[(] /, "(", text); return text }
  function text_of(file,  line, text) {
    while ((getline line <file) > 0) text = text "\n" line
    close(file)
    return squeezed(text)
  }
  match($4, /\([a-z0-9_]+\.cpp/) {
    file = substr($4, RSTART + 1, RLENGTH - 1)
    text = text_of(file)
    for (i = split($2, lines, /<br>/); i > 0; --i) {
      gsub(/`/, "", lines[i])
      if (!index(text, squeezed(lines[i]))) { print file " lacks: " lines[i]; status = 1 }
    }
    ++rows
  }
  END { exit status || rows < 10 }' README.md)
names_programs "$root/tests/examples/migrate/README.md"

cd "$root"
if (($(wc -l <README.md) > 150)); then
  echo "README.md has more than 150 lines"
  exit 1
fi
