#!/usr/bin/env bash
# What the ports of processors allow for the calls that are counted: their cycles, by llvm-mca from the
# instructions as they were executed, as "bound/simulated". The bound is what the busiest unit or the
# width of dispatch takes. The simulation begins empty, finds all in the first cache, and lets no load
# wait for a store.
# usage: ports.sh [ISA]...   avx2, avx512 and avx512bf16 unless given; the machine must have them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source cmake/setup.sh
export LC_ALL=C

sets=("$@")
if ((!$#)); then sets=(avx2 avx512 avx512bf16); fi
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

models_of() {
  case $1 in
    avx2) echo znver2 znver3 znver4 skylake alderlake ;;
    avx512) echo skylake-avx512 icelake-server sapphirerapids znver4 ;;
    avx512bf16) echo sapphirerapids znver4 ;;
    *) echo "No processors of $1 are known here" >&2; exit 1 ;;
  esac
}

# write_calls PROGRAM FOLDER: each call's instructions in a file of their own, its name in front. Jumps,
# calls and returns cost an operation and go nowhere.
write_calls() {
  awk -F '\t' -v folder="$2" '
    FNR == NR {
      address = $1
      gsub(/[ :]/, "", address)
      code = $2
      sub(/ *[#<].*/, "", code)
      sub(/^(notrack|bnd|data16|cs) */, "", code)
      if (code ~ /^(j|call|ret|nop|endbr|xchg +%ax,%ax)/) code = "nop"
      codes[address] = code
      next
    }
    NF == 1 { executed = executed codes[$1] "\n" }
    NF == 2 {
      file = folder "/" $2 ".s"
      gsub("/", "-", file)
      sub("-", "/", file)
      if ($2 != "nothing") printf "# %s\n%s", $2, executed >file
      close(file)
      executed = ""
    }' "$1.objdump" "$1.addresses"
}

# cycles MODEL FILE
cycles() {
  llvm-mca-19 -mcpu="$1" -iterations=1 -instruction-info=0 -resource-pressure=0 "$2" 2>mca.log |
    awk '/^Total Cycles/ { total = $3 }
         /^Block RThroughput/ { bound = $3 }
         END { if (total == "") exit 1; printf "%d/%d", bound + 0.5, total }'
}

for isa in "${sets[@]}"; do
  read -ra models <<<"$(models_of "$isa")"
  mkdir "$isa"
  for program in calls norms; do
    ROPEWALK_ISA=$isa ./steps --addresses "./$program" steps >"$program.addresses"
    write_calls "$program" "$isa"
  done
  row="| $isa | instructions |"
  line="|---|---|"
  for model in "${models[@]}"; do
    row+=" $model |"
    line+="---|"
  done
  printf '\n%s\n%s\n' "$row" "$line"
  for file in "$isa"/*.s; do
    row="| $(sed -n '1s/# //p' "$file") | $(($(wc -l <"$file") - 1)) |"
    for model in "${models[@]}"; do
      if ! entry=$(cycles "$model" "$file"); then
        grep -m 1 error mca.log >&2
        exit 1
      fi
      row+=" $entry |"
    done
    echo "$row"
  done
done
