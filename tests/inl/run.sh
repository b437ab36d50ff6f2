#!/usr/bin/env bash
# The -inl texts are compiled once per instruction set. What they call out of line from std or Eigen,
# or include first, would be compiled for that instruction set in the whole program: the linker
# keeps one copy. So each states the rule, includes only its own kind, and names of std and Eigen
# only what is gone after compilation: types, constants and conversions of types.
# No header of any kind includes Eigen's tensors: calls that need none do not pay for them.
# usage: run.sh [FOLDER]; the folder of the headers
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
headers=${1:-$folder/../../include/ropewalk}
rule="// Compiled per instruction set: nothing out of line from std or Eigen is called or included here."
harmless='std::(is_same_v|conditional_t|integer_sequence|make_integer_sequence|u?int[0-9]+_t|size_t'
harmless+='|uintptr_t)\b|Eigen::(half|bfloat16)\b'

found=0
while IFS= read -r text; do
  found=$((found + 1))
  name=${text#"$headers/"}
  grep -qxF "$rule" "$text" || fail "$name: does not state: $rule"
  code=$(sed 's,//.*,,' "$text")
  others=$(grep -nE '^ *# *include' <<<"$code" | grep -vE '"ropewalk/[a-z/_]+-inl\.hpp"' || true)
  [[ -z $others ]] || fail "$name: includes first: $others"
  others=$(grep -oE '(std|Eigen)::[A-Za-z0-9_]+' <<<"$code" | grep -vE "^($harmless)$" | sort -u || true)
  [[ -z $others ]] || fail "$name: names what may be out of line: ${others//$'\n'/, }"
done < <(find "$headers" -name '*-inl.hpp' | sort)
((found > 0)) || fail "no -inl text in $headers"

while IFS= read -r text; do
  fail "${text#"$headers/"}: includes Eigen's tensors"
done < <(grep -rlE '^ *# *include *[<"].*Tensor' "$headers" | sort)
echo "$found texts looked at"
finish
