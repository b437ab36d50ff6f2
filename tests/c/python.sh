#!/usr/bin/env bash
# Runs a Python script that loads libropewalk_c.so, by the first interpreter that has NumPy.
# usage: python.sh LIBRARY_DIR SKIP_REASON SCRIPT
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"

if [[ -n $2 ]]; then
  skip "all: $2"
  finish
fi
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import numpy' 2>/dev/null; then
    LD_LIBRARY_PATH=$1 exec "$python" "$3"
  fi
done
skip "all: no Python with NumPy here (Debian and Ubuntu: python3-numpy)"
finish
