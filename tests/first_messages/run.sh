#!/usr/bin/env bash
# Where something is missing, the first line says what to do: the compiler's about Eigen and C++17,
# CMake's about Eigen and threads, the scripts' about packages, of which they install none unasked.
# usage: run.sh BUILD_DIR INCLUDE_DIR
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
headers=$2
root=$(cd "$folder/../.." && pwd)
enter_empty "$1"

# expect WHAT WANTED FILE: the file's first line, or first message of a compiler, holds the text
expect() {
  local first
  first=$(grep -m 1 -E ' (error|warning): ' "$3" || head -n 1 "$3")
  if [[ $first == *"$2"* ]]; then
    echo "says    $1: ${first#"$headers/"}"
  else
    fail "$1: the first line is not \"$2\" but: $first"
  fi
}

# By the compiler -----------------------------------------------------------------------------------
mkdir -p old/Eigen
cat >old/Eigen/Core <<'CORE'
#define EIGEN_VERSION_AT_LEAST(x, y, z) (3 > x || (3 >= x && (3 > y || (3 >= y && 9 >= z))))
CORE
for compiler in g++ clang++; do
  if ! command -v "$compiler" >/dev/null; then
    skip "what $compiler says: not here"
    continue
  fi
  # says WHAT WANTED HEADER FLAG...
  says() {
    if echo "#include <$3>" | LC_ALL=C "$compiler" "${@:4}" -I"$headers" -fsyntax-only -Wfatal-errors -x c++ - \
      2>output; then
      fail "$compiler, $1: compiles"
    else
      expect "$compiler, $1, $3" "$2" output
    fi
  }
  says "no Eigen" "ropewalk needs Eigen 3.4: install libeigen3-dev" ropewalk/ropewalk.hpp -std=c++17
  says "old Eigen" "ropewalk needs Eigen 3.4, found an older one" ropewalk/ropewalk.hpp -std=c++17 \
    -isystem old
  while IFS= read -r header; do
    says C++14 "ropewalk needs C++17: compile with -std=c++17" "$header" -std=c++14 \
      -isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3
  done < <(cd "$headers" && find ropewalk -maxdepth 1 -name '*.hpp' ! -name version.hpp | sort)
done

# By CMake ------------------------------------------------------------------------------------------
# cmake_says WHAT WANTED WORD OPTION...: of the lines that have the word, the first
cmake_says() {
  rm -rf build
  cmake -S "$root" -B build -DROPEWALK_BUILD_BENCH=OFF -DFETCHCONTENT_FULLY_DISCONNECTED=ON \
    "${@:4}" >output 2>&1 || true
  grep -v "^CMake Error at" output | grep -i "$3" >lines || true
  expect "CMake, $1" "$2" lines
}
mkdir -p old/share/cmake/Eigen3
echo 'set(PACKAGE_VERSION 3.3.9)' >old/share/cmake/Eigen3/Eigen3ConfigVersion.cmake
touch old/share/cmake/Eigen3/Eigen3Config.cmake
bare=("-DCMAKE_IGNORE_PATH=/usr/share/eigen3/cmake;/usr/local/share/eigen3/cmake")
if command -v cmake >/dev/null && command -v c++ >/dev/null; then
  cmake_says "no Eigen" "Eigen3 3.4 not found: install libeigen3-dev" eigen \
    -DROPEWALK_BUILD_TESTS=OFF "${bare[@]}"
  cmake_says "old Eigen" "Eigen3 3.4 not found, but 3.3.9: install libeigen3-dev" eigen \
    -DROPEWALK_BUILD_TESTS=OFF "${bare[@]}" -DCMAKE_PREFIX_PATH="$PWD/old"
  cmake_says "no threads" "No threads: take a compiler with pthreads, or set" threads \
    -DROPEWALK_BUILD_TESTS=ON -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON
else
  skip "what CMake says: no cmake or no c++ here"
fi

# By the scripts ------------------------------------------------------------------------------------
# In a place that another user may read, on a machine that has nothing of what they need. apt-get and
# sudo there work for nobody, and tell that they were called.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place"/{bin,tests,bench,cmake}
cp "$root/tests/run" "$place/tests/"
cp "$root/bench/run" "$place/bench/"
cp "$root/cmake/setup.sh" "$place/cmake/"
for tool in bash cat dirname env grep head mkdir nproc sed sort true; do
  ln -s "$(type -P "$tool")" "$place/bin/"
done
chmod -R a+rX "$place"

# script_says WHAT WANTED COMMAND...
script_says() {
  if (cd "$place" && env -i PATH="$place/bin" "${@:3}") >output 2>&1; then
    fail "$1: ends well"
  else
    expect "$1" "$2" output
  fi
  if grep -q called output; then fail "$1: calls apt-get"; fi
}
all="g++ cmake ninja-build libeigen3-dev"
script_says "tests/run without apt-get" "please install what Debian and Ubuntu name so: $all" \
  bash tests/run
printf '#!/bin/sh\necho called; exit 1\n' >"$place/bin/apt-get"
printf '#!/bin/sh\nexit 1\n' >"$place/bin/sudo"
chmod a+x "$place/bin/apt-get" "$place/bin/sudo"
for script in tests/run bench/run; do
  script_says "$script --no-install" "Missing; please run: sudo apt-get install $all" \
    bash "$script" --no-install
done
user=()
if ((EUID == 0)); then user=("$(command -v setpriv)" --reuid=65534 --regid=65534 --clear-groups); fi
if ((EUID != 0)) || "${user[@]}" true 2>/dev/null; then
  script_says "tests/run without root" "Missing; please run: sudo apt-get install $all" \
    "${user[@]}" bash tests/run
else
  skip "what another user than root is told: root cannot become one here"
fi
finish
