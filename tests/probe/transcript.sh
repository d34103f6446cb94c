# shellcheck shell=bash
# Runs commands and shows all that can be told of them, so that `compare` can hold one transcript against another:
#   x COMMAND       runs it, shows the command, its output, its errors and its exit code
#   quiet COMMAND   likewise, without output and errors: those name the runtime, or what it makes of a failure, and are
#                   in standard error where it fails
#   wait_until COMMAND   runs it until it succeeds, for ten seconds at most, and shows nothing
# $who is part of each command's head. Where $lacking is not empty, commands are shown and not run, for that reason.
#
# What differs from run to run (ids, times, sizes of images) is written as <id>, <time>.

number=0
lacking=''
clean() { # ^@ is what a terminal shows of the end of its input, in time or not
  sed -E -e 's/\^@//g' -e 's/\b[0-9a-f]{64}\b/<id>/g' -e 's/\b[0-9a-f]{12}\b/<id>/g' -e 's/[[:space:]]+$//' \
    -e 's/\b(Up|Exited \([0-9]+\)) ([0-9]+ |Less than a |About a )?(second|minute)s?( ago)?/\1 <time>/g' \
    -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( ?[+-][0-9]{2}:?[0-9]{2}|Z)?( UTC)?( m=\+[0-9.]+)?/<time>/g'
}
shown() {
  number=$((number + 1))
  printf '#### %s %d %s\n' "${who:-root}" "$number" "$*"
}
is_skipped() {
  [ -n "$lacking" ] && echo "---- skipped: $lacking"
}
wait_until() {
  local tries=0
  until "$@" >/dev/null 2>&1; do
    [ $((tries += 1)) -le 200 ] || return
    sleep 0.05
  done
}
x() {
  local status
  shown "$@"
  is_skipped && return
  timeout 60 "$@" >"$HOME/out" 2>"$HOME/err" </dev/null
  status=$?
  clean <"$HOME/out"
  echo '---- errors'
  clean <"$HOME/err"
  echo "---- exit $status"
}
quiet() {
  shown "$@"
  is_skipped && return
  local status
  timeout 60 "$@" >"$HOME/quiet" 2>&1 </dev/null
  status=$?
  echo "---- exit $status"
  [ $status -eq 0 ] || { echo "exit $status: $*" && tail -n 8 "$HOME/quiet"; } >&2
}
