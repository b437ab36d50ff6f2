#!/usr/bin/env bash
# Norms, and rotations after them, beside an installed PyTorch: the C boundary's bits and those of
# eager operations on the CPU. The promise names torch 2.11: by another the values that differ are
# counted, and nothing fails.
# usage: run.sh [BUILD_DIR [SKIP_REASON]]; without a folder the library is built in build/release
# ROPEWALK_PYTHON names a Python that has torch and NumPy, as for bench/run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
cd "$folder/../.."

if [[ -n ${2-} ]]; then
  skip "all: $2"
  finish
fi
for candidate in "${ROPEWALK_PYTHON-build/report/venv/bin/python}" python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy, torch' 2>/dev/null; then python=$candidate && break; fi
done
if [[ -z ${python-} ]]; then
  skip "all: no Python with torch and NumPy here (ROPEWALK_PYTHON names one)"
  finish
fi
if (($# == 0)); then
  [[ -e build/release/build.ninja ]] || cmake --preset release
  cmake --build --preset release --target ropewalk_c --parallel "$(nproc)"
fi
export ROPEWALK_BUILD=${1-build/release} PYTHONPATH=$PWD/bench PYTHONDONTWRITEBYTECODE=1
exec "$python" "$folder/norms.py"
