#!/usr/bin/env bash
# Generated modules on the engine and on node's, which must do the same.
#   tests/differential/run.sh BUILD_DIR [SEED COUNT SIZE]
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/common.sh
source tests/common.sh "${1:?a build directory}"
seed=${2:-1} count=${3:-300} size=${4:-60}
modules="$build/tests/differential/differential_modules"

if ! command -v node >/dev/null; then
  skip "$count generated modules" "there is no node to compare with"
  finish
fi

mkdir "$scratch/modules"
"$modules" generate "$scratch/modules" "$seed" "$count" "$size" || exit 1
run "$modules" run "$scratch"/modules/*.wasm
ok "the engine runs them to the end" [ "$status" -eq 0 ]
ours=$out
run node tests/differential/reference.mjs "$scratch"/modules/*.wasm
ok "node runs them to the end" [ "$status" -eq 0 ]
theirs=$out
for path in "$scratch"/modules/*.wasm; do
  name=${path##*/}
  printf '%s\n' "$ours" | grep "^$name " >"$scratch/ours"
  printf '%s\n' "$theirs" | grep "^$name " >"$scratch/theirs"
  run diff "$scratch/ours" "$scratch/theirs"
  ok "seed $((10#${name%.wasm})) of size $size: alike in both engines" [ "$status" -eq 0 ]
done
finish
