#!/usr/bin/env bash
# The Python block of the page for other languages is the example that runs.
# usage: readme.sh PAGE EXAMPLE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"
diff <(sed -n '/^```python$/,/^```$/{/^```/d;p}' "$1") "$2" || fail "the block (<) of $1 differs"
finish
