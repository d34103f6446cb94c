# shellcheck shell=bash disable=SC2034
# For tests/*/run.sh and what they call: `source tests/common.sh BUILD_DIR` from the project's root, then
#   run COMMAND...          sets $status, $out and $err
#   ok WHAT CONDITION...    counts a test, and shows the last run where the condition fails
#   skip WHAT REASON        counts a test that cannot run here
#   skip_all REASON         skips the whole suite, and exits
#   needs_machines          skips the suite where tests/enter cannot make a machine
#   is A B, contains TEXT PART, one_error PART    conditions: of any text; of $err
#   wait_until CONDITION... for ten seconds at most; fails where it does not come about
#   milliseconds, took SINCE      the time now, and how long it is since such a time
#   as_each_user CASES      calls CASES WHO ID: where this is root as `root`, and again as `user`, who is no root;
#                           `as COMMAND...`, which is what is in $prefix, then runs a command as that user, and
#                           `as_job COMMAND... &` one whose number is $!
#   count FILE              shows the output of other tests; what their last line counts is added
#   finish                  prints the count, as the last line, and exits
# Programs of the build come first in PATH; the store is a new one; at the end $scratch is removed, and whoever has it
# in its command line is killed.
set -uo pipefail

build=$(realpath "$1")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/wherry-test.XXXXXX")
chmod 755 "$scratch"
# A failed test may leave a guest that works for ever.
clean_up() {
  pkill -KILL -f "$scratch/"
  chmod -R u+rwX "$scratch" 2>/dev/null
  rm -rf "$scratch"
}
trap clean_up EXIT
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

skip_all() {
  skip "$(basename "$(dirname "$0")")" "$1"
  finish
}

needs_machines() {
  [ "$(id -u)" -eq 0 ] || skip_all "machines of their own need root"
  findmnt -rn -t cgroup,cgroup2 >/dev/null || skip_all "no cgroups on this machine"
}

is() { [ "$1" = "$2" ]; }

contains() { [[ "$1" == *"$2"* ]]; }

# One clear line on standard error, `error:` and the text somewhere in it.
one_error() { [ "$(wc -l <<<"$err")" -eq 1 ] && [[ "$err" == *"error: "* && "$err" == *"$1"* ]]; }

wait_until() {
  local tries=0
  until "$@" >/dev/null 2>&1; do
    [ $((tries += 1)) -le 200 ] || return
    sleep 0.05
  done
}

count() {
  local last
  last=$(tail -n 1 "$1")
  if [[ "$last" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    sed '$d' "$1"
  else
    failed=$((failed + 1))
    printf 'FAILED %s: broke off:\n%s\n' "$(basename "$1")" "$(tail -n 5 "$1" "$1.err" 2>/dev/null)"
  fi
}

milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }
took() { echo $(($(milliseconds) - $1)); }

as() { "${prefix[@]}" "$@"; }
as_job() { exec "${prefix[@]}" "$@"; }

as_each_user() {
  prefix=(env)
  if [ "$(id -u)" -eq 0 ]; then
    "$1" root 0
    prefix=(setpriv --reuid 12345 --regid 12345 --clear-groups)
  fi
  if as unshare --user --map-root-user --mount true 2>/dev/null; then
    "$1" user "$(as id -u)"
  else
    skip "everything as an ordinary user" "this machine gives ordinary users no user namespaces"
  fi
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}
