#!/usr/bin/env bash
# Runs every test of this folder against BUILD_DIR/bin/wherry; the last line counts them.
#   tests/image/run.sh BUILD_DIR [NAME...]
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?a build directory}" && pwd)
shift
export WHERRY=$build/bin/wherry MAKE_IMAGE=$here/make_image.py

passed=0 failed=0 skipped=0
for test in "$here"/*.sh; do
  name=$(basename "$test" .sh)
  case $name in run | common) continue ;; esac
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  output=$(bash "$test" 2>&1)
  case $? in
    0) passed=$((passed + 1)) ;;
    77)
      skipped=$((skipped + 1))
      printf 'SKIPPED image/%s: %s\n' "$name" "$output"
      ;;
    *)
      failed=$((failed + 1))
      printf 'FAILED image/%s\n%s\n' "$name" "$output"
      ;;
  esac
done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
