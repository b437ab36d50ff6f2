#!/usr/bin/env bash
# The adapters of ONNX and MLAS beside ONNX' backend cases and its reference implementation, whose
# bits they must have, and beside ONNX Runtime, whose fused multiply-add is emulated.
# usage: run.sh [BRIDGE [SKIP_REASON]]; without the library it is built in build/release
# The packages are installed into build/onnx/venv; ROPEWALK_PYTHON names a Python that has them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
cd "$folder/../.."
source cmake/setup.sh

if [[ -n ${2-} ]]; then
  skip "all: $2"
  finish
fi
venv=build/onnx/venv
python=${ROPEWALK_PYTHON-$venv/bin/python}
imports() { "$python" -c "import ml_dtypes, numpy, $1" 2>/dev/null; }
# The last onnx that stores what its cases put out; later ones compute it where they are loaded.
if [[ ! -v ROPEWALK_PYTHON && ! -v ROPEWALK_NO_INSTALL ]] && ! imports onnx,onnxruntime; then
  say "Preparing $venv"
  if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet onnx==1.22.0 ml_dtypes; then
    "$venv/bin/pip" install --quiet onnxruntime==1.32.0 || true  # cases.py goes on without it
  fi
fi
if ! imports onnx; then
  skip "all: no Python with onnx here, and pip gets none (ROPEWALK_PYTHON names one)"
  finish
fi
bridge=${1-build/release/tests/libonnx_bridge.so}
if (($# == 0)); then
  [[ -e build/release/build.ninja ]] || cmake --preset release
  cmake --build --preset release --target onnx_bridge --parallel "$(nproc)"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$folder/cases.py" "$bridge"
