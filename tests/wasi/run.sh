#!/usr/bin/env bash
# The WASI conformance tests of preview 1, and the guests of tests/wasi/guests: tests/wasi/run.sh BUILD_DIR
# WASI_TESTSUITE says where the former are, if not in ../shared/wasi-testsuite.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

suite=${WASI_TESTSUITE:-../shared/wasi-testsuite}
runner=$build/tests/wasi/wasi_runner
here=tests/wasi

# shellcheck source=tests/wasi/conformance.sh
source "$here/conformance.sh"
# shellcheck source=tests/wasi/guests.sh
source "$here/guests.sh"

if [ -d "$suite" ]; then
  for folder in c-p1 rust-p1 assemblyscript-p1 threads; do conformance "$folder"; done
else
  skip "WASI conformance tests" "no folder '$suite'"
fi
guests
finish
