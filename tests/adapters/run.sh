#!/usr/bin/env bash
# The adapters of tests/examples/adapters beside the engines themselves: ONNX' backend cases and its
# reference implementation, whose bits they must have; ONNX Runtime, whose fused multiply-add is
# emulated; graphs of ggml, which call the adapter, and ggml's own operator, emulated too.
# usage: run.sh [BRIDGE [SKIP_REASON]]; without the library it is built in build/release
# The packages are installed into build/adapters/venv; ROPEWALK_PYTHON names a Python that has them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
cd "$folder/../.."
source cmake/setup.sh

if [[ -n ${2-} ]]; then
  skip "all: $2"
  finish
fi
venv=build/adapters/venv
python=${ROPEWALK_PYTHON-$venv/bin/python}
imports() { "$python" -c "import $1" 2>/dev/null; }
install() { "$venv/bin/pip" install --quiet "$@"; }
if [[ ! -v ROPEWALK_PYTHON && ! -v ROPEWALK_NO_INSTALL ]] &&
  ! imports ml_dtypes,onnx,onnxruntime,pywhispercpp; then
  say "Preparing $venv"
  # The last onnx that stores what its cases put out: later ones compute it when they are asked.
  if python3 -m venv "$venv" && install onnx==1.22.0 ml_dtypes; then
    install onnxruntime==1.32.0 || true  # each is reported where it lacks
    install --no-deps --only-binary :all: pywhispercpp==1.5.1 || true  # its ggml is what is wanted
  fi
fi
if ! imports ml_dtypes,onnx; then
  skip "all: no Python with onnx here, and pip gets none (ROPEWALK_PYTHON names one)"
  finish
fi
bridge=${1-build/release/tests/adapters/libadapters_bridge.so}
if (($# == 0)); then
  [[ -e build/release/build.ninja ]] || cmake --preset release
  cmake --build --preset release --target adapters_bridge --parallel "$(nproc)"
fi
export PYTHONDONTWRITEBYTECODE=1
for engine in onnx ggml; do
  status=0
  "$python" "$folder/${engine}_cases.py" "$bridge" || status=$?
  case $status in
    0) ;;
    77) skips=$((skips + 1)) ;;  # as it has said
    *) fail "$engine: status $status" ;;
  esac
done
finish
