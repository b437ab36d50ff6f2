#!/usr/bin/env bash
# The reference builds without a warning, every public name has a docstring, no page leads to what is
# not there, and no document names what does not exist.
# usage: run.sh [--no-install]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/support/script.sh
source cmake/setup.sh

# The kinds of models are listed by models.hpp; transformers.hpp has nothing public.
for header in include/ropewalk/*.{hpp,h} include/ropewalk/models/*.hpp; do
  name=${header#include/ropewalk/}
  case $name in ropewalk.hpp | models/transformers.hpp) continue ;; esac
  grep -q "^$name"$'\t' cmake/docs/groups.tsv || fail "cmake/docs/groups.tsv has no $name"
done

if cmake/docs.sh; then
  tests/docs/links.py build/docs/html || fail "pages lead to what is not there"
  if grep -l 'detail::' build/docs/html/{class,group,namespace,struct}*.html; then
    fail "what is internal shows"
  fi
else
  fail "the reference cannot be built, see above"
fi
tests/docs/names.py || fail "documents name what does not exist"
finish
