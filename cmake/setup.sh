# shellcheck shell=bash
# Sourced by the scripts that a person calls: what the machine lacks is installed, or named.
# With --no-install, which it takes out of their arguments, it is named, and nothing is installed.

rest=()
for argument in "$@"; do
  if [[ $argument == --no-install ]]; then
    export ROPEWALK_NO_INSTALL=1
  else
    rest+=("$argument")
  fi
done
set -- "${rest[@]}"

say() { printf '\n== %s\n' "$*"; }

at_least() { printf '%s\n%s\n' "$1" "$2" | sort --version-sort --check=quiet; }

preprocesses() {
  g++ -std=c++17 -E -x c++ -I/usr/local/include/eigen3 -I/usr/include/eigen3 -
}

# Whether the machine has what this package of Debian and Ubuntu brings.
has() {
  case $1 in
    g++) at_least 12 "$(g++ -dumpversion)" ;;
    clang) at_least 14 "$(clang++ -dumpversion)" ;;
    cmake) at_least 3.25 "$(cmake --version | sed -n '1s/[^0-9]*//p')" ;;
    ninja-build) command -v ninja ;;
    libeigen3-dev)
      printf '%s\n' '#include <unsupported/Eigen/CXX11/Tensor>' \
        '#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)' '#error' '#endif' | preprocesses ;;
    libgtest-dev) echo '#include <gtest/gtest.h>' | preprocesses ;;
    librapidcheck-dev) echo '#include <rapidcheck.h>' | preprocesses ;;
    libbenchmark-dev) echo '#include <benchmark/benchmark.h>' | preprocesses ;;
    libclang-rt-dev) echo 'int main() {}' | clang++ -fsanitize=thread -x c++ - -o /dev/null ;;
    python3-venv) python3 -c 'import ensurepip, venv' ;;
    python3-dev) python3 -c 'import os, sysconfig as of
os.stat(of.get_path("include") + "/Python.h")' ;;
    python3-numpy) /usr/bin/python3 -c 'import numpy' ;;
    python3-matplotlib) /usr/bin/python3 -c 'import matplotlib, numpy' ;;
    debootstrap | doxygen | file | python3) command -v "$1" ;;
    dpkg-dev) command -v dpkg-shlibdeps ;;
    qemu-user) command -v qemu-x86_64 ;;
    openmpi-bin) mpirun --version | grep 'Open MPI' ;;
    libopenmpi-dev) echo '#include <mpi.h>' | OMPI_CXX=g++ mpicxx -E -x c++ - ;;
    valgrind) command -v valgrind && echo '#include <valgrind/callgrind.h>' | preprocesses ;;
    googletest) test -e /usr/src/googletest/CMakeLists.txt ;;
    g++-*-linux-gnu) command -v "${1#g++-}-g++" ;;
    clang-tidy-* | cppcheck) command -v "$1" ;;
    llvm) command -v llvm-cov && command -v llvm-profdata ;;
    llvm-[0-9]*) command -v "llvm-mca-${1#llvm-}" ;;
    clang-[0-9]*) command -v "clang++-${1#clang-}" ;;
    *) return 2 ;;
  esac >/dev/null 2>&1
}

find_missing() {
  local package
  missing=()
  for package in "$@"; do
    has "$package" || missing+=("$package")
  done
}

# need PACKAGE...: returns when all are there, else ends the script.
need() {
  local missing root=(env DEBIAN_FRONTEND=noninteractive)
  find_missing "$@"
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then root=(sudo -n "${root[@]}"); fi
  if [[ ! -v ROPEWALK_NO_INSTALL ]] && command -v apt-get >/dev/null &&
    "${root[@]}" true 2>/dev/null; then
    say "Installing ${missing[*]}"
    "${root[@]}" apt-get update -q || true  # what is known already may do
    "${root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" || true
    find_missing "$@"
    if ((${#missing[@]} == 0)); then return; fi
    echo "Could not be installed, or is too old: ${missing[*]}" >&2
  elif command -v apt-get >/dev/null; then
    echo "Missing; please run: sudo apt-get install ${missing[*]}" >&2
  else
    echo "Missing; please install what Debian and Ubuntu name so: ${missing[*]}" >&2
  fi
  echo "Ropewalk needs g++ 12, clang++ 14, CMake 3.25, Eigen 3.4 with its unsupported Tensor" \
    "module (Debian 12, Ubuntu 24.04) or later" >&2
  exit 1
}
