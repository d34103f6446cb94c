#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2317 # wat is full of $; the cases are called by as_each_user
# Native code: `wherry compile`, the tiers, the cache: tests/tiers/run.sh BUILD_DIR. As root, and again as an
# ordinary user; whoever starts it as an ordinary user tests that alone.
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
here=tests/tiers

mkdir -p "$scratch/bin" "$scratch/guests"
cp "$build/bin/wherry" "$build/bin/wherry-runtime" "$build/bin/wherry-compile" "$scratch/bin/"
mkdir "$scratch/without"
cp "$build/bin/wherry" "$build/bin/wherry-runtime" "$scratch/without/"
clang-19 --target=wasm32-wasi -O2 -Wl,--strip-debug -o "$scratch/guests/guest.wasm" $here/guest.c || exit
printf '(module (func $f (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))' >"$scratch/add.wat"
wat2wasm "$scratch/add.wat" -o "$scratch/guests/add.wasm" || exit
head -c 300 "$scratch/guests/guest.wasm" >"$scratch/guests/cut.wasm"
printf 'no module' >"$scratch/guests/text.wasm"
mkdir "$scratch/context"
cp "$scratch/guests/guest.wasm" "$scratch/guests/add.wasm" "$scratch/context/"
printf 'FROM scratch\nCOPY guest.wasm /\nCOPY add.wasm /lib/\nENTRYPOINT ["/guest.wasm"]\n' >"$scratch/context/Dockerfile"
chmod -R a+rX "$scratch"
export PATH="$scratch/bin:$PATH"
unset WHERRY_TIER WHERRY_CACHE WHERRY_CACHE_SIZE WHERRY_COMPILE XDG_CACHE_HOME

# shellcheck source=tests/tiers/cases.sh
cases() { source "$here"/cases.sh; }
as_each_user cases
finish
