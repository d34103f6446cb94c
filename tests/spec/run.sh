#!/usr/bin/env bash
# The specification's tests, interpreted, and compiled in three ways: tests/spec/run.sh BUILD_DIR.
# Last line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
suite=${WHERRY_WASM_TESTSUITE:-../shared/wasm-testsuite}
if [ ! -d "$suite" ]; then
  echo "skip spec: no test suite at '$suite' (tests/spec/README.md says where it comes from; WHERRY_WASM_TESTSUITE names another place)"
  echo "0 passed, 0 failed, 1 skipped"
  exit
fi

passed=0 failed=0 skipped=0

# run_as HOW PROGRAM...
run_as() {
  local how=$1 output status count
  shift
  output=$("$@" --suite "$suite" --expected-failures tests/spec/expected_failures.txt)
  status=$?
  # A broken engine fails tens of thousands of times.
  grep -a FAILED <<<"$output" | head -n 200
  count=$(tail -n 1 <<<"$output")
  echo "$how: $count"
  if [[ ! "$count" =~ ^([0-9]+)\ files:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ expected\ failures,\ ([0-9]+)\ not\ applicable$ ]]; then
    echo "FAILED spec, $how: the runner ended with status $status before its summary"
    failed=$((failed + 1))
    return
  fi
  local expected=${BASH_REMATCH[4]} not_applicable=${BASH_REMATCH[5]} these_failed=${BASH_REMATCH[3]}
  [ "$expected" -eq 0 ] || echo "skip spec, $how: $expected commands need a later proposal (tests/spec/expected_failures.txt)"
  [ "$not_applicable" -eq 0 ] || echo "skip spec, $how: $not_applicable commands are about the text format"
  if [ "$status" -ne 0 ] && [ "$these_failed" -eq 0 ]; then
    echo "FAILED spec, $how: the runner ended with status $status"
    these_failed=1
  fi
  passed=$((passed + BASH_REMATCH[2])) failed=$((failed + these_failed)) skipped=$((skipped + expected + not_applicable))
}

run_as interpreted "$1/tests/spec/spec_runner"
run_as compiled "$1/tests/spec/spec_runner_compiled"
for how in quickly in-pieces; do
  run_as "compiled $how" env WHERRY_TEST_COMPILED=$how "$1/tests/spec/spec_runner_compiled"
done
run_as "tier-up at random" "$1/tests/spec/spec_runner_tier_up"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
