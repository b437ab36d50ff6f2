#!/usr/bin/env bash
# The shared library gives the functions that the header declares, and no other name.
# usage: exports.sh LIBRARY HEADER
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../support/script.sh"

exported=$(nm -D --defined-only "$1" | awk '{ print $NF }' | sort)
declared=$(tr '\n' ' ' <"$2" | grep -oE 'ROPEWALK_EXPORT [^(;]*\(' |
  grep -oE 'ropewalk_[a-z_]+\($' | tr -d '(' | sort)
if (($(wc -l <<<"$declared") < 10)); then fail "few declarations found: written in another way?"; fi
diff <(echo "$declared") <(echo "$exported") || fail "declared (<) and exported (>) names differ"
finish
