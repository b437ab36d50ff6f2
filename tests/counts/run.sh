#!/usr/bin/env bash
# Instructions of fixed small calls, which do not depend on the machine's speed, against those in
# counts.tsv. More than the margin above is a cost to explain or to take away, more than it below a
# gain to keep: in both cases the new numbers are written in the commit that brings them.
# usage: run.sh BUILD_DIR INCLUDE_FLAG...
#        run.sh --write    counts, and writes counts.tsv
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
export LC_ALL=C  # for one order of the names
margin=3         # in hundredths
table=$folder/counts.tsv
if [[ $1 == --write ]]; then
  root=$(cd "$folder/../.." && pwd)
  set -- "$root/build/counts" "-I$root/include" -isystem /usr/local/include/eigen3 \
    -isystem /usr/include/eigen3
  written=$table
fi
build_dir=$1
includes=("${@:2}")

if [[ $(uname -m) != x86_64 ]]; then
  skip "all: the numbers are for x86-64"
  finish
fi
if ! command -v valgrind >/dev/null; then
  skip "all: no valgrind here"
  finish
fi
sets=(scalar sse2 avx2)
cpu=$(grep -m1 -E '^flags' /proc/cpuinfo || true)
if [[ $cpu != *" avx2 "* || $cpu != *" f16c "* ]]; then
  skip "avx2: this CPU has none"
  sets=(scalar sse2)
fi
enter_empty "$build_dir"
g++ "${options[@]}" "${includes[@]}" -O2 "$folder/calls.cpp" -o calls

# Valgrind has no AVX-512; what is forced is what it shows to the program.
for isa in "${sets[@]}"; do
  arguments=()
  if [[ $isa != "${sets[0]}" ]]; then arguments=(fused_alone); fi
  if ! ROPEWALK_ISA=$isa valgrind --tool=callgrind --callgrind-out-file="$isa" \
    ./calls "${arguments[@]}" 2>"$isa.log"; then
    fail "$isa: the calls did not end well"
    tail -n 5 "$isa.log"
  fi
done
# A dump for each call; the last one, without a name, is of the end of the program.
awk -v OFS='\t' '
  FNR == 1 { isa = FILENAME; sub(/\..*/, "", isa); name = "" }
  /^desc: Trigger: Client Request: / { name = $NF }
  /^totals: / && name != "" {
    if (name ~ /^fused/) sub(/\//, "@" isa "/", name)
    print name, $2
  }' *.[0-9]* | sort >counted.tsv

if [[ -n ${written-} ]]; then
  if ((skips || failures)); then finish; fi
  cp counted.tsv "$written"
  echo "$(wc -l <"$written") numbers written to $written"
  finish
fi
compiler=$(g++ --version | head -n 1)
if [[ $compiler != *"(Debian 12."* ]]; then
  echo "note: instructions are reported only: their numbers are for Debian 12's g++, this is $compiler"
  cat counted.tsv
  finish
fi
while IFS=$'\t' read -r name wanted counted; do
  if [[ $counted == - ]]; then
    if [[ $name == *@avx2/* ]] && ((skips)); then continue; fi
    fail "$name is not counted"
  elif [[ $wanted == - ]]; then
    fail "$name: $counted instructions, no number in counts.tsv"
  elif ((100 * counted > (100 + margin) * wanted)); then
    fail "$name: $counted instructions, more than $wanted"
  elif ((100 * counted < (100 - margin) * wanted)); then
    fail "$name: $counted instructions, fewer than $wanted: keep it by tests/counts/run.sh --write"
  fi
done < <(join -t $'\t' -a 1 -a 2 -e - -o 0,1.2,2.2 "$table" counted.tsv)
echo "$(wc -l <counted.tsv) calls counted"
finish
