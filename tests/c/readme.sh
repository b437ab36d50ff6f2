#!/usr/bin/env bash
# The README's Python block is the example that runs.
# usage: readme.sh README EXAMPLE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
diff <(sed -n '/^```python$/,/^```$/{/^```/d;p}' "$1") "$2" || fail "the README's block (<) differs"
finish
