# shellcheck shell=bash disable=SC2034
# For tests/*/run.sh and what they call: `source tests/common.sh BUILD_DIR` from the project's root, then
#   run COMMAND...          sets $status, $out and $err
#   ok WHAT CONDITION...    counts a test, and shows the last run where the condition fails
#   skip WHAT REASON        counts a test that cannot run here
#   contains TEXT PART, one_error PART    conditions: of any text; of $err
#   finish                  prints the count, as the last line, and exits
# Programs of the build come first in PATH; the store is a new one; $scratch is removed at the end.
set -uo pipefail

build=$(realpath "$1")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/wherry-test.XXXXXX")
chmod 755 "$scratch"
trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
export PATH="$build/bin:$PATH" WHERRY_ROOT="$scratch/store"
unset XDG_DATA_HOME SOURCE_DATE_EPOCH

passed=0 failed=0 skipped=0
status=0 out='' err='' ran=''

run() {
  ran="$*"
  "$@" >"$scratch/.out" 2>"$scratch/.err"
  status=$?
  out=$(tr -d '\0' <"$scratch/.out")
  err=$(tr -d '\0' <"$scratch/.err")
}

ok() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  printf 'FAILED %s\n  condition: %s\n  ran: %s\n  status: %s\n' "$what" "$*" "$ran" "$status"
  printf '  out: %s\n' "${out:0:2000}"
  printf '  err: %s\n' "${err:0:2000}"
  return 1
}

skip() {
  skipped=$((skipped + 1))
  printf 'SKIPPED %s: %s\n' "$1" "$2"
}

contains() { [[ "$1" == *"$2"* ]]; }

# One clear line on standard error, `error:` and the text somewhere in it.
one_error() { [ "$(wc -l <<<"$err")" -eq 1 ] && [[ "$err" == *"error: "* && "$err" == *"$1"* ]]; }

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}
