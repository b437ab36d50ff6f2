# Sums up what `llvm-cov show -show-branches=count` prints; lines and branches without a count go to
# the file `uncovered`. Ends with 1 below `least_lines` or `least_branches` percent.

function percent(part, whole) { return whole ? 100 * part / whole : 0 }

/^\/.*:$/ {
  file = substr($0, 1, length($0) - 1)
  sub(/.*\/include\//, "", file)
  next
}

# "   12|  3.4k|text"; a line without a count holds no code.
/^ *[0-9]+\| *[0-9.]+[kMGTPEZY]?\|/ {
  split($0, column, "|")
  line = file ":" column[1] + 0
  ++lines
  if (column[2] + 0 > 0) ++lines_run
  else print line ": never run:" substr($0, index($0, column[3]) - 1) > uncovered
  next
}

# "  |  Branch (12:7): [True: 3.4k, False: 0]", once for every instantiation.
/Branch \([0-9]+:[0-9]+\): \[True: / {
  match($0, /\([0-9]+:[0-9]+\)/)
  place = file ":" substr($0, RSTART + 1, RLENGTH - 2)
  match($0, /True: [0-9.]+/)
  taken[place, "true"] += substr($0, RSTART + 6, RLENGTH - 6)
  match($0, /False: [0-9.]+/)
  taken[place, "false"] += substr($0, RSTART + 7, RLENGTH - 7)
}

END {
  for (branch in taken) {
    ++branches
    if (taken[branch] > 0) {
      ++branches_run
    } else {
      split(branch, part, SUBSEP)
      print part[1] ": never " part[2] > uncovered
    }
  }
  printf "lines %.1f %% (%d of %d), branches %.1f %% (%d of %d)\n", percent(lines_run, lines),
    lines_run, lines, percent(branches_run, branches), branches_run, branches
  exit percent(lines_run, lines) < least_lines || percent(branches_run, branches) < least_branches
}
