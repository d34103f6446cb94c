#!/usr/bin/env bash
# What wherry-runtime survives, and what survives it: run.sh BUILD_DIR. On a machine of its own (tests/enter), as root.
#   WHERRY_KILLS, WHERRY_CYCLES   how often; 500 and 2000 when not told
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/robustness
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

needs_machines
mkdir "$scratch/shared"
cp "$build/bin/wherry-runtime" $here/*.py "$scratch/shared/"
clang-19 --target=wasm32-wasi -O1 -Wall -Wextra -Werror -Wno-infinite-recursion -o "$scratch/shared/guest.wasm" $here/guest.c || exit

# shellcheck disable=SC2317 # called through run
inside() { timeout 900 tests/enter / "$scratch/shared" /usr/bin/python3 -B "/shared/$1.py" "${@:2}"; }
# shellcheck disable=SC2317 # called through ok
ended_well() { [ "$status" -eq 0 ]; }

run inside kill_anywhere "${WHERRY_KILLS:-500}"
ok "killed anywhere, nothing is left" ended_well && tail -n 1 <<<"$out"
run inside cycles "${WHERRY_CYCLES:-2000}"
ok "made and deleted again and again, nothing is left" ended_well && tail -n 1 <<<"$out"
run inside hostile
ok "hostile guests are contained" ended_well
[[ "$out" =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] && passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
finish
