# Sourced by every test of this folder. A test is one behaviour; it fails by a non-zero exit, and skips
# by 77 with its reason on standard output.
# shellcheck shell=bash
set -euo pipefail

: "${WHERRY:?the wherry to test}" "${MAKE_IMAGE:?tests/image/make_image.py}"
scratch=$(mktemp -d)
trap 'chmod -R u+rwx "$scratch" 2>/dev/null || true; rm -rf "$scratch"' EXIT
cd "$scratch"
export WHERRY_ROOT=$scratch/root

wherry() { "$WHERRY" "$@"; }
make_image() { python3 "$MAKE_IMAGE"; }

fail() {
  printf 'failed: %s\n' "$*" >&2
  exit 1
}
skip() {
  printf '%s\n' "$*"
  exit 77
}
# equals WHAT EXPECTED ACTUAL
equals() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }
# contains WHAT PART WHOLE
contains() { [[ $3 == *"$2"* ]] || fail "$1: no '$2' in '$3'"; }

# refused TEXT COMMAND...: it fails with one line on standard error that contains TEXT.
refused() {
  local text=$1 status=0
  shift
  "$@" >refused.out 2>refused.err || status=$?
  [ "$status" -ne 0 ] || fail "'$*' succeeded"
  equals "lines of error" 1 "$(wc -l <refused.err)"
  contains "the error" "$text" "$(cat refused.err)"
  contains "the error" "wherry: error: " "$(cat refused.err)"
}
# Nothing of a failed command is left behind.
store_is_empty() {
  equals images "" "$(wherry images -q)"
  equals "left in blobs" "" "$(ls root/images/blobs/sha256)"
  equals "left in snapshots" "" "$(ls root/snapshots)"
  equals "left in tmp" "" "$(ls root/tmp)"
}
# The one unpacked root file system.
rootfs() { printf '%s\n' root/snapshots/*/rootfs; }
