#!/usr/bin/env bash
# The Python of bench/run --report and --compare: what needs no peer, no library and no network.
# usage: run.sh [UNITTEST_OPTION...]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"

export PYTHONPATH=$folder/../../bench:$folder PYTHONDONTWRITEBYTECODE=1
for python in "$folder/../../build/report/venv/bin/python" /usr/bin/python3 python3; do
  if "$python" -c 'import numpy' 2>/dev/null; then
    if ! "$python" -c 'import matplotlib' 2>/dev/null; then
      skip "pictures and page: no matplotlib here"
    fi
    "$python" -m unittest discover --start-directory "$folder" --pattern '*_test.py' "$@" ||
      fail "see above"
    finish
  fi
done
skip "all: no Python with NumPy here (Debian and Ubuntu: python3-numpy)"
finish
