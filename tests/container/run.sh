#!/usr/bin/env bash
# shellcheck disable=SC2317 # the cases are called by as_each_user
# `wherry run`, `ps`, `rm` and the sandbox they make: run.sh BUILD_DIR. As root, and again as an ordinary user;
# whoever starts it as an ordinary user tests that alone.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/container
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

guests=$scratch/guests
mkdir -p "$guests" "$scratch/image/etc" "$scratch/image/srv" "$scratch/bin"
clang-19 --target=wasm32-wasi -O1 -o "$guests/probe.wasm" $here/probe.c || exit
for guest in math reactor; do wat2wasm --debug-names -o "$guests/$guest.wasm" "$here/$guest.wat" || exit; done
printf '(module (import "env" "nowhere" (func (param i32))) (func (export "_start")))' >"$guests/import.wat"
wat2wasm -o "$guests/import.wasm" "$guests/import.wat"
head -c 5000 "$guests/probe.wasm" >"$guests/cut.wasm"
printf '#!/bin/sh\n' >"$guests/script.wasm"
printf 'nothing' >"$guests/text.wasm"
: >"$guests/empty.wasm"
cp "$guests/probe.wasm" "$scratch/image/"
cp "$guests/probe.wasm" "$scratch/image/srv/relative.wasm"
echo 'root:x:0:0::/root:/' >"$scratch/image/etc/passwd"
echo 'app:x:1000:1001::/home/app:/' >>"$scratch/image/etc/passwd"
echo 'of the image' >"$scratch/image/data.txt"
mkdir "$scratch/linux" && cp /bin/true "$scratch/linux/"
# The tests run programs of the build as a user who may not see into the build's own folder.
cp "$build/bin/wherry" "$build/bin/wherry-runtime" "$scratch/bin/"
chmod -R a+rX "$scratch"
export PATH="$scratch/bin:$PATH"

make_images() {
  "$here"/make_image.sh "$WHERRY_ROOT" probe wasi/wasm "$scratch/image" \
    '{"Entrypoint":["/probe.wasm"],"Cmd":["args","from-cmd"],"Env":["COLOR=blue","SHAPE=round"],"WorkingDir":"/srv"}'
  "$here"/make_image.sh "$WHERRY_ROOT" other-platform linux/amd64 "$scratch/linux" '{"Entrypoint":["/true"]}'
  "$here"/make_image.sh "$WHERRY_ROOT" missing wasip1/wasm "$scratch/image" '{"Entrypoint":["/not-there.wasm"]}'
  "$here"/make_image.sh "$WHERRY_ROOT" searched wasi/wasm32 "$scratch/image" '{"Entrypoint":["relative.wasm"],"WorkingDir":"/srv"}'
  "$here"/make_image.sh "$WHERRY_ROOT" linux-program wasi/wasm "$scratch/linux" '{"Entrypoint":["/true"]}'
  "$here"/make_image.sh "$WHERRY_ROOT" as-user wasi/wasm "$scratch/image" '{"Entrypoint":["/probe.wasm"],"User":"app"}'
}

cases() { # WHO ID
  who=$1
  export WHERRY_ROOT=$scratch/$who-store
  mkdir "$WHERRY_ROOT" "$scratch/$who-home"
  make_images
  chown -R "$2:$2" "$WHERRY_ROOT" "$scratch/$who-home"
  prefix=(env "HOME=$scratch/$who-home" "${prefix[@]}")
  # shellcheck source=tests/container/cases.sh
  source "$here"/cases.sh
}

as_each_user cases
finish
