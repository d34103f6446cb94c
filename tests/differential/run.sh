#!/usr/bin/env bash
# Generated modules interpreted, compiled, and on node's engine, which must all do the same.
#   tests/differential/run.sh BUILD_DIR [SEED COUNT SIZE [ARRAYS]]
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/common.sh
source tests/common.sh "${1:?a build directory}"
# A sanitizer makes the engine several times slower.
default=(1 300 60 60)
grep -qs '^WHERRY_SANITIZE:[A-Z]*=.' "$build/CMakeCache.txt" && default=(1 60 60 20)
seed=${2:-${default[0]}} count=${3:-${default[1]}} size=${4:-${default[2]}} arrays=${5:-${default[3]}}
programs="$build/tests/differential"

mkdir "$scratch/modules"
"$programs/differential_modules" generate "$scratch/modules" "$seed" "$count" "$size" || exit 1
# Behind them, those of loops over arrays.
"$programs/differential_modules" generate "$scratch/modules" $((seed + count)) "$arrays" 0 || exit 1
run "$programs/differential_modules" run "$scratch"/modules/*.wasm
ok "the engine runs them to the end" [ "$status" -eq 0 ] || finish
printf '%s\n' "$out" >"$scratch/ours"

# alike HOW COMMAND...: what the command prints of each module is what the interpreter prints.
alike() {
  local how=$1 path name
  shift
  run "$@" "$scratch"/modules/*.wasm
  ok "$how: to the end" [ "$status" -eq 0 ]
  printf '%s\n' "$out" >"$scratch/theirs"
  for path in "$scratch"/modules/*.wasm; do
    name=${path##*/}
    run diff <(grep "^$name " "$scratch/ours") <(grep "^$name " "$scratch/theirs")
    ok "$how: seed $((10#${name%.wasm})) of $count of size $size and $arrays is as interpreted" [ "$status" -eq 0 ]
  done
}

alike compiled "$programs/differential_modules_compiled" run
for how in quickly in-pieces; do
  alike "compiled $how" env WHERRY_TEST_COMPILED=$how "$programs/differential_modules_compiled" run
done
alike "tier-up at random" "$programs/differential_modules_tier_up" run
if command -v node >/dev/null; then
  alike node node tests/differential/reference.mjs
else
  skip "$((count + arrays)) generated modules on node" "there is no node to compare with"
fi
finish
