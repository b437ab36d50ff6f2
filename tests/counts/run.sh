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
declare -A skipped=()
skip_set() {
  skipped[$1]=1
  skip "$1: $2"
}
sets=(scalar sse2 avx2)
cpu="$(grep -m1 -E '^flags' /proc/cpuinfo || true) "
if [[ $cpu != *" avx2 "* || $cpu != *" f16c "* ]]; then
  skip_set avx2 "this CPU has none"
  sets=(scalar sse2)
fi
enter_empty "$build_dir"
for program in calls norms; do
  g++ "${options[@]}" "${includes[@]}" -O2 "$folder/$program.cpp" -o "$program"
done

# count ISA PROGRAM COMMAND...: runs it with that instruction set; what it writes is ISA.PROGRAM.steps.
count() {
  if ROPEWALK_ISA=$1 "${@:3}" >"$1.$2.steps" 2>"$1.$2.log"; then return; fi
  fail "$1: the calls of $2 did not end well"
  tail -n 5 "$1.$2.log"
}

# What is forced is what valgrind shows to the program.
for isa in "${sets[@]}"; do
  arguments=()
  if [[ $isa != "${sets[0]}" ]]; then arguments=(fused_alone); fi
  for program in calls norms; do
    count "$isa" "$program" valgrind --tool=callgrind \
      --callgrind-out-file="$isa.$program" "./$program" "${arguments[@]}"
  done
done
# Valgrind has no AVX-512: by single steps. AVX512-FP16, whose kernels for tables of x's own type differ,
# is not counted.
g++ "${options[@]}" -O2 "$folder/steps.cpp" -o steps
for isa in avx512 avx512bf16; do
  case $isa in
    avx512) needed=(avx512f avx512bw avx512dq avx512vl) ;;
    avx512bf16) needed=(avx512f avx512bw avx512dq avx512vl avx512_bf16) ;;
  esac
  for flag in "${needed[@]}"; do
    if [[ $cpu == *" $flag "* ]]; then continue; fi
    skip_set "$isa" "this CPU has no $flag"
    continue 2
  done
  if ! ./steps /bin/true 2>steps.log; then
    skip_set "$isa" "no single steps here: $(<steps.log)"
    continue
  fi
  for program in calls norms; do count "$isa" "$program" ./steps "./$program" steps; done
done
# Valgrind has written a dump for each call, and one without a name of the end of the program; single
# steps a line for each call, from which a call of nothing is taken away.
awk -F '\t' -v OFS='\t' '
  function write(name, count) {
    if (name ~ /^fused/) sub(/\//, "@" isa "/", name)
    print name, count
  }
  FNR == 1 { isa = FILENAME; sub(/\..*/, "", isa); name = "" }
  sub(/^desc: Trigger: Client Request: /, "") { name = $0 }
  sub(/^totals: /, "") && name != "" { write(name, $0) }
  FILENAME ~ /steps$/ { if ($2 == "nothing") nothing = $1; else write($2, $1 - nothing) }
  ' *.[0-9]* *.steps | sort >counted.tsv

if [[ -n ${written-} ]]; then
  if ((failures)); then finish; fi
  for isa in "${!skipped[@]}"; do grep "@$isa/" "$written" >>counted.tsv || true; done  # as they were
  sort counted.tsv >"$written"
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
    isa=${name#*@}
    if [[ -v skipped[${isa%%/*}] ]]; then continue; fi
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
