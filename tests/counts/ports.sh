#!/usr/bin/env bash
# The fewest cycles in which the ports of processors could run the calls that are counted, and those
# of a simulation, "fewest/simulated", by llvm-mca from the instructions as they were executed. The
# fewest are what the busiest unit or the width of dispatch takes; there jumps, calls and returns are
# a place each, and no unit's. The simulation begins empty, finds all in the first cache, and lets no
# load wait for a store. On x86-64, whatever processor has the instruction sets.
# usage: ports.sh [ISA]...   of avx2, avx512 and avx512bf16; those that this machine has, unless given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh
export LC_ALL=C

declare -A models=(
  [avx2]="znver2 znver3 znver4 skylake alderlake"
  [avx512]="skylake-avx512 icelake-server sapphirerapids znver4"
  [avx512bf16]="sapphirerapids znver4"
)
sets=("$@")
if ((!$#)); then
  cpu="$(grep -m1 -E '^flags' /proc/cpuinfo || true) "
  for set_and_flag in avx2=avx2 avx512=avx512bw avx512bf16=avx512_bf16; do
    if [[ $cpu == *" ${set_and_flag#*=} "* ]]; then sets+=("${set_and_flag%=*}"); fi
  done
fi
for isa in "${sets[@]}"; do
  if [[ -v models[$isa] ]]; then continue; fi
  echo "No processors of $isa are known here, of ${!models[*]} they are" >&2
  exit 1
done

need g++ libeigen3-dev valgrind llvm-19
root=$PWD
build=$root/build/ports
say "Building the calls"
rm -rf --one-file-system "$build"
mkdir -p "$build"
cd "$build"
flags=(-std=c++17 -O2 "-I$root/include" -isystem /usr/local/include/eigen3 -isystem
  /usr/include/eigen3)
g++ "${flags[@]}" "$root/tests/counts/steps.cpp" -o steps
for program in calls norms; do
  # Static, so that it runs at the addresses of its file.
  g++ "${flags[@]}" -static -no-pie "$root/tests/counts/$program.cpp" -o "$program"
  objdump -d --no-show-raw-insn "$program" >"$program.objdump"
done

# write_calls PROGRAM FOLDER: each call's instructions in a file of their own, its name in front, without
# those of a call of nothing, which are the signals'. What repeats itself has a step for each time.
write_calls() {
  awk -F '\t' -v folder="$2" '
    FNR == NR {
      address = $1
      gsub(/[ :]/, "", address)
      code = $2
      sub(/ *[#<].*/, "", code)
      sub(/^((notrack|bnd|data16|cs) +)+/, "", code)
      if (code ~ /^(j|call|ret|nop|endbr|xchg +%ax,%ax)/) code = "nop"
      codes[address] = code
      next
    }
    NF == 1 {
      if (!($1 in codes)) {
        print "No instruction at " $1 >"/dev/stderr"
        exit 1
      }
      if ($1 != last || codes[$1] !~ /^rep/) addresses[++count] = $1
      last = $1
    }
    NF == 2 {
      name = $2
      gsub("/", "-", name)
      file = folder "/" name ".s"
      if ($2 != "nothing") print "# " $2 >file
      for (i = 1; i <= count; ++i) {
        if ($2 == "nothing") of_signals[addresses[i]]
        else if (!(addresses[i] in of_signals)) print codes[addresses[i]] >file
      }
      close(file)
      count = 0
    }' "$1.objdump" "$1.addresses"
}

# cycles MODEL FILE
cycles() {
  if ! llvm-mca-19 -mcpu="$1" -iterations=1 -instruction-info=0 -resource-pressure=0 "$2" \
    >mca.out 2>mca.log; then
    echo "llvm-mca: $1, $2" >&2
    head -n 3 mca.log >&2
    exit 1
  fi
  awk '/^Total Cycles/ { total = $3 }
       /^Block RThroughput/ { fewest = $3 }
       END { printf "%d/%d", fewest + 0.5, total }' mca.out
}

for isa in "${sets[@]}"; do
  mkdir "$isa"
  for program in calls norms; do
    ROPEWALK_ISA=$isa ./steps --addresses "./$program" steps >"$program.addresses"
    write_calls "$program" "$isa"
  done
  row="| $isa | instructions |"
  line="|---|---|"
  for model in ${models[$isa]}; do
    row+=" $model |"
    line+="---|"
  done
  printf '\n%s\n%s\n' "$row" "$line"
  for file in "$isa"/*.s; do
    row="| $(sed -n '1s/# //p' "$file") | $(($(wc -l <"$file") - 1)) |"
    for model in ${models[$isa]}; do
      entry=$(cycles "$model" "$file")
      row+=" $entry |"
    done
    echo "$row"
  done
done
