#!/usr/bin/env bash
# Every way in which a consumer takes the library in, each tested from a clean folder: one line a way.
# What is taken in is a commit of the tree as it stands, without what git ignores.
# usage: run.sh [WAY...]; without one all of them, in the order of the functions below
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/support/script.sh
source cmake/setup.sh

root=$PWD
work=$root/build/package
source=$work/source
prefix=$work/prefix  # of what is installed
export CXX=${CXX-g++} CMAKE_GENERATOR=Ninja
# Nothing that the user has set may help a consumer to find the library.
unset CPATH CPLUS_INCLUDE_PATH LIBRARY_PATH LD_LIBRARY_PATH CMAKE_PREFIX_PATH PKG_CONFIG_PATH
version=$(awk '/VERSION_(MAJOR|MINOR|PATCH) [0-9]+$/ { printf "%s%d", dot, $3; dot = "." }' \
  include/ropewalk/version.hpp)
eigen=(-isystem /usr/local/include/eigen3 -isystem /usr/include/eigen3)

# A way calls it where it cannot be tried: skip_way REASON
skip_way() {
  echo "$*" >reason
  exit 77
}

# configure PROJECT OPTION...: a consumer, into the way's own folder
configure() {
  cmake -S "$folder/$1" -B build -DROPEWALK_SOURCE="$source" -DVERSION="$version" "${@:2}"
}

# consume PROJECT OPTION...: builds it and runs it
consume() {
  configure "$@"
  cmake --build build
  build/consumer
}

# By the README's lines; then the folder is moved, as whoever packs it does.
way_install() {
  local command line
  line=$(grep -o -m 1 'cmake -S \. -B build -D[^`]*' "$source/README.md")
  read -ra command <<<"$line"
  (cd "$source" && "${command[@]}")
  cmake --build "$source/build" --target help >targets
  grep -q ropewalk_compiled targets
  grep -q ropewalk_c targets
  if grep -E '(_test|_bench|forms)(:|$)' targets; then return 1; fi  # tests and benchmark are off
  cmake --build "$source/build" --parallel "$(nproc)"
  cmake --install "$source/build" --prefix "$PWD/first_prefix"
  mv first_prefix "$prefix"
  cmp "$source/LICENSE" "$prefix/share/doc/ropewalk/LICENSE"
  cmp "$source/include/ropewalk/cuda/apply.cuh" "$prefix/include/ropewalk/cuda/apply.cuh"
  if grep -rIl -e "$work" "$prefix"; then return 1; fi  # names no folder of this machine
}

way_find_package() { consume consumer -DWAY=find_package -DCMAKE_PREFIX_PATH="$prefix"; }
way_find_compiled() { consume consumer -DWAY=find_compiled -DCMAKE_PREFIX_PATH="$prefix"; }
way_find_c() { consume c_consumer -DCMAKE_PREFIX_PATH="$prefix"; }
way_version_refused() { cmake -DPREFIX="$prefix" -DVERSION="$version" -P "$folder/refused.cmake"; }
# Without Eigen the package is not found, and says what to do.
way_find_without_eigen() {
  if configure consumer -DWAY=find_package -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON >output 2>&1; then
    return 1
  fi
  grep -A 3 "Reason given by package" output | tr -d '\n' | tr -s ' ' |
    grep "ropewalk needs Eigen 3.4 or later: install libeigen3-dev"
}

way_add_subdirectory() { consume consumer -DWAY=add_subdirectory -DCMAKE_PREFIX_PATH="$prefix"; }
way_fetch_content() { consume consumer -DWAY=fetch_content; }

# A parent installs what it took in beside its own library, which another project then finds.
parent() {
  configure parent -DWAY="$1"
  cmake --build build
  cmake --install build --prefix "$PWD/first_prefix"
  mv first_prefix parent_prefix
  rm -r build
  consume consumer -DWAY=find_parent -DCMAKE_PREFIX_PATH="$PWD/parent_prefix"
}
way_parent_add_subdirectory() { parent add_subdirectory; }
way_parent_fetch_content() { parent fetch_content; }

way_makefile() {
  cp "$folder/make/Makefile" "$folder/consumer/main.cpp" .
  make ROPEWALK="$source"
  ./consumer
}

# flags PACKAGE...: as pkg-config gives them, into the array of that name
flags() { read -ra flags <<<"$(pkg-config --cflags --libs "$@")"; }

way_pkg_config() {
  local flags
  command -v pkg-config || skip_way "no pkg-config here"
  export PKG_CONFIG_PATH=$prefix/share/pkgconfig:$prefix/lib/pkgconfig
  flags "ropewalk = $version"
  "$CXX" -std=c++17 "$folder/consumer/main.cpp" "${flags[@]}" -o of_headers
  flags ropewalk-compiled
  "$CXX" -std=c++17 -DWANTS_COMPILED "$folder/consumer/main.cpp" "${flags[@]}" -o compiled
  flags ropewalk-c
  "${CC-cc}" -std=c99 "$folder/c_consumer/main.c" "${flags[@]}" -o of_c
  ./of_headers
  ./compiled
  LD_LIBRARY_PATH=$prefix/lib ./of_c
  if pkg-config "ropewalk > $version"; then return 1; fi
}

# The one file is, for the compiler, the headers to the last token; it is all that the README's ten
# lines need, and units of other flags link with it.
way_amalgamated() {
  local compiler flag options
  mkdir -p one/ropewalk
  python3 "$source/cmake/amalgamate.py" one/ropewalk/ropewalk.hpp
  if grep '#include "' one/ropewalk/ropewalk.hpp; then return 1; fi
  echo '#include <ropewalk/ropewalk.hpp>' >include.cpp
  for compiler in "$CXX" clang++; do
    command -v "$compiler" || continue
    for flag in -O2 -DROPEWALK_COMPILED -DROPEWALK_BUILDS_COMPILED -Ofast -fno-exceptions; do
      "$compiler" -std=c++17 "$flag" -E -P -I"$source/include" "${eigen[@]}" include.cpp |
        grep . >headers
      "$compiler" -std=c++17 "$flag" -E -P -Ione "${eigen[@]}" include.cpp |
        grep . >amalgam
      cmp headers amalgam
    done
  done
  awk '/^```/ && block ~ /int main/ { printf "%s", block; exit }
    /^```/ { block = ""; next }
    { block = block $0 "\n" }' "$source/README.md" | sed '$ s/^}/return 0; }/' >lines.cpp
  options=(-std=c++17 -Wall -Wextra -Werror -Ione "${eigen[@]}")
  "$CXX" "${options[@]}" -O1 -Dmain=plain -c lines.cpp
  "$CXX" "${options[@]}" -Ofast -Dmain=fast -c lines.cpp -o fast.o
  echo 'int plain(), fast(); int main() { return plain() + fast(); }' >main.cpp
  "$CXX" main.cpp lines.o fast.o -o lines
  ./lines >output
  awk '/^```text/ { getline; print; print; exit }' "$source/README.md" | diff - output
}

# consume_deb ROOT: consumers and a script that builds them with the packages below ROOT/usr
consume_deb() {
  cp -r "$folder"/{consumer,c_consumer} "$1/"
  cat >"$1/consume" <<SCRIPT
set -eu
cd \$1
for way in find_package find_compiled; do
  cmake -S consumer -B \$way -DWAY=\$way -DVERSION=$version -DCMAKE_PREFIX_PATH=\$PWD/usr
  cmake --build \$way
  \$way/consumer
done
cmake -S c_consumer -B find_c -DVERSION=$version -DCMAKE_PREFIX_PATH=\$PWD/usr
cmake --build find_c
find_c/consumer
SCRIPT
}

# What compiles and what runs, apart; unpacked, since who is not root can do no more.
way_deb() {
  command -v dpkg-deb || skip_way "this is not Debian or Ubuntu"
  need file dpkg-dev
  cmake -S "$source" -B "$source/build" -U CMAKE_INSTALL_LIBDIR -DCMAKE_INSTALL_PREFIX=/usr
  (cd "$source/build" && cpack -G DEB)
  mv "$source"/build/*.deb .
  for package in *.deb; do dpkg-deb --extract "$package" root; done
  test -s root/usr/share/doc/libropewalk-dev/copyright
  dpkg-deb --field libropewalk-dev_*.deb Depends | grep -E '^libeigen3-dev .*, libropewalk-c[0-9.]+ '
  consume_deb root
  sh root/consume "$PWD/root"
}

# A system that has nothing but its package manager, in the folder root.
make_clean_root() {
  local system
  ((EUID == 0)) || skip_way "this is not root"
  [[ -z ${ROPEWALK_NO_INSTALL-} ]] || skip_way "with --no-install nothing is downloaded"
  (need debootstrap) || skip_way "debootstrap cannot be installed"
  trap 'umount --quiet "$PWD/root/proc" || true' EXIT  # where it ends halfway
  system=$(. /etc/os-release && echo "$VERSION_CODENAME")
  debootstrap --variant=minbase --components=main,universe "$system" root ||
    skip_way "no clean root can be made here: $(tail -n 1 log)"
}

# Installed by apt on such a system, which brings what they depend on.
way_deb_clean_root() {
  test -e "$work/deb/root" || skip_way "no packages were made"
  make_clean_root
  cp "$work"/deb/*.deb root/
  consume_deb root
  DEBIAN_FRONTEND=noninteractive chroot root sh -c \
    'apt-get install -q -y --no-install-recommends g++ cmake ninja-build /*.deb'
  chroot root env CMAKE_GENERATOR=Ninja sh /consume /
  rm -r --one-file-system root
}

# By vcpkg's functions or stand-ins for them: what the port asks of them, and that its manifest is one.
way_vcpkg() {
  local features port=$source/cmake/vcpkg/ropewalk
  python3 - "$port/vcpkg.json" "$version" <<'CHECK'
import json, sys
port = json.load(open(sys.argv[1]))
assert port["version"] == sys.argv[2], port["version"]
assert set(port["features"]) == {"c", "compiled"}
CHECK
  for features in core "core;compiled;c"; do
    rm -rf build
    cmake -DCURRENT_PORT_DIR="$port" -DCURRENT_PACKAGES_DIR="$PWD/packages" -DFEATURES="$features" \
      -P "$folder/vcpkg.cmake"
    consume consumer -DWAY=find_package -DCMAKE_PREFIX_PATH="$PWD/packages"
  done
  rm -r build
  consume consumer -DWAY=find_compiled -DCMAKE_PREFIX_PATH="$PWD/packages"
  rm -r build
  consume c_consumer -DCMAKE_PREFIX_PATH="$PWD/packages"
}

# The recipe as conan create takes it, with the Eigen of the system for Conan's, which is on a network.
way_conan() {
  local choice options tests=$source/tests/package tools=$root/build/package_tools
  python3 -m py_compile "$source/cmake/conan/conanfile.py"
  export CONAN_HOME=$PWD/home PATH=$PATH:$tools/bin
  if ! command -v conan; then
    [[ -z ${ROPEWALK_NO_INSTALL-} ]] || skip_way "no Conan here, and --no-install"
    if ! python3 -m venv "$tools" || ! "$tools/bin/pip" install --quiet 'conan>=2,<3'; then
      skip_way "no Conan here, and pip gets none; that the recipe is Python holds"
    fi
  fi
  conan profile detect
  conan export-pkg "$tests/conan_eigen" --no-remote
  for choice in "" "-o ropewalk/*:compiled=True -o ropewalk/*:c=True"; do
    read -ra options <<<"$choice"
    conan create "$source/cmake/conan" --no-remote --test-folder "$tests/conan" "${options[@]}"
  done
}

# The ways above on such a system, from a clone: what README has its reader install is there before,
# and what it says that a way needs. The others bring a root of their own, or stand-ins.
way_clean_root() {
  local installs
  make_clean_root
  cp -r "$source" root/ropewalk
  installs=$(grep -o -m 1 'apt-get install git [a-z0-9+ -]*' "$source/README.md")
  chroot root env DEBIAN_FRONTEND=noninteractive sh -c \
    "apt-get update -q && $installs -q -y --no-install-recommends file dpkg-dev pkg-config python3"
  chroot root env HOME=/root /ropewalk/tests/package/run.sh "${ways_of_clean_root[@]}" || return 1
  rm -r --one-file-system root
}

ways_of_clean_root=(install find_package find_compiled find_c add_subdirectory fetch_content
  parent_add_subdirectory makefile pkg_config amalgamated deb)
ways=(install find_package find_compiled find_c version_refused find_without_eigen add_subdirectory
  fetch_content parent_add_subdirectory parent_fetch_content makefile pkg_config amalgamated
  deb deb_clean_root vcpkg conan clean_root)
needs_install=" find_package find_compiled find_c version_refused find_without_eigen add_subdirectory "
needs_install+=" pkg_config deb "

# run_way NAME: in a folder of its own, with all that it says in one file
run_way() {
  local status=0 start=$SECONDS
  enter_empty "$work/$1"
  set +e
  (set -e; "way_$1") >log 2>&1
  status=$?
  set -e
  case $status in
    0) printf 'ok       %s (%d s)\n' "$1" $((SECONDS - start)) ;;
    77) skip "$1: $(<reason)" ;;
    *)
      fail "$1"
      tail -n 20 log
      ;;
  esac
}

need g++ cmake ninja-build libeigen3-dev
enter_empty "$work"
mkdir "$source"
(cd "$root" && git ls-files -z --cached --others --exclude-standard --deduplicate |
  xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
  tar --create --null --files-from=-) | tar --extract --directory "$source"
git -C "$source" init --quiet --initial-branch main
git -C "$source" add --all
git -C "$source" -c user.name=test -c user.email=test@example.org commit --quiet --message tree

if (($#)); then
  ways=("$@")
  for way in "$@"; do
    if [[ $needs_install == *" $way "* ]]; then
      ways=(install "$@")
      break
    fi
  done
fi
for way in "${ways[@]}"; do run_way "$way"; done
finish
