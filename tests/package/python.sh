#!/usr/bin/env bash
# Runs the Python example with the installed library: as it is, under -O, which drops what stands in
# an assert, and for a model that does not exist.
# usage: python.sh LIBRARY_DIR SKIP_REASON EXAMPLE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
export LD_LIBRARY_PATH=$1
if [[ -n $2 ]]; then
  skip "all: $2"
  finish
fi
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate; fi
done
if [[ -z ${python-} ]]; then
  skip "all: no Python with NumPy here (Debian and Ubuntu: python3-numpy)"
  finish
fi
for optimised in "" -O; do
  # The pair of features 0 and 64, both 1, by 15 radians: cos(15) - sin(15).
  output=$("$python" $optimised "$3") || fail "$optimised: status $?"
  if [[ $output != "the last token begins -1.40998" ]]; then fail "$optimised: $output"; fi
done
wrong=$(sed 's/Llama 3.1 8B/Llama 3.1/' "$3")
if output=$("$python" -c "$wrong" 2>&1); then fail "a model that does not exist is found"; fi
if [[ $output != *"ValueError: model_named: there is no model "* ]]; then fail "no text: $output"; fi
finish
