# Reads ctest's JUnit results: repeats the notes of tests (lines that begin with "note: ", and why
# GoogleTest skipped one), and counts. Fails when a test failed or none ran.

function finish() {
  if (name == "") return
  count[outcome]++
  if (outcome != "passed" || notes != "") printf "%-8s %s\n%s", outcome, name, notes
}

function plain(text) {
  gsub(/&lt;/, "<", text)
  gsub(/&gt;/, ">", text)
  gsub(/&quot;/, "\"", text)
  gsub(/&amp;/, "\\&", text)
  return text
}

/^\t<testcase / {
  finish()
  name = $0
  sub(/.* name="/, "", name)
  sub(/" .*/, "", name)
  name = plain(name)
  outcome = / status="run"/ ? "passed" : / status="disabled"/ ? "skipped" : "failed"
  notes = ""
}
# ctest also writes <skipped> for programs that it could not start: those have failed.
/^\t\t<skipped message="SKIP_/ { outcome = "skipped" }
{ line = $0; sub(/^\t\t<system-out>/, "", line) }
line ~ /^note: / || after_skip { notes = notes "         " plain(line) "\n" }
{ after_skip = line ~ /: Skipped$/ }

END {
  finish()
  printf "%d passed, %d failed, %d skipped\n", count["passed"], count["failed"], count["skipped"]
  exit count["failed"] > 0 || count["passed"] == 0
}
