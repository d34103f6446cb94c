#!/usr/bin/env bash
# `wherry build` from outside: a Dockerfile and files in, an image out that skopeo and tar read.
#   tests/build/run.sh BUILD_DIR [NAME...]
# What a test calls is called from the files that are sourced below.
# shellcheck disable=SC2317
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/common.sh
source tests/common.sh "${1:?a build directory}"
shift

# new_context: an empty folder to build in, and a store of its own.
contexts=0
new_context() {
  contexts=$((contexts + 1))
  ctx=$scratch/ctx$contexts
  WHERRY_ROOT=$scratch/store$contexts
  mkdir "$ctx"
}
# dockerfile <<EOF: its text
dockerfile() { cat >"$ctx/Dockerfile"; }
build() { run wherry build --progress=plain "$@" "$ctx"; }
succeeded() { [ "$status" -eq 0 ]; }
same() { [ "$1" = "$2" ]; }
contains() { [[ "$1" == *"$2"* ]]; }
lacks() { [[ "$1" != *"$2"* ]]; }

layout() { printf 'oci:%s/images:%s' "$WHERRY_ROOT" "$1"; }
manifest_of() { skopeo inspect --raw "$(layout "$1")"; }
config_of() { skopeo inspect --config --raw "$(layout "$1")"; }
setting() { config_of "$1" | jq -cr "$2"; }
layers_of() { manifest_of "$1" | jq -r '.layers[].digest' | sed "s|sha256:|$WHERRY_ROOT/images/blobs/sha256/|"; }
# Lines "mode uid/gid size path" of every entry of every layer.
listing_of() {
  local layer
  for layer in $(layers_of "$1"); do
    tar --numeric-owner -tvf "$layer" | awk '{ line = $1 " " $2 " " $3; for (i = 6; i <= NF; i++) line = line " " $i; print line }'
  done
}
names_of() { listing_of "$1" | cut -d' ' -f4- | sed 's| -> .*||' | sort | xargs; }
# file_of IMAGE PATH: what the topmost layer that has it holds.
file_of() {
  local layer found=''
  for layer in $(layers_of "$1"); do
    tar -tf "$layer" -- "$2" >/dev/null 2>&1 && found=$layer
  done
  [ -n "$found" ] && tar -xOf "$found" "$2"
}
# Everything in the store, for comparison.
state_of_store() { find "$WHERRY_ROOT" -mindepth 1 ! -name '*.lock' ! -name lock -type f -exec sha256sum {} + 2>/dev/null | sort; }
# refuses TEXT [OPTION...]: the build fails with one error that holds TEXT, and the store is as it was.
refuses() {
  local text=$1 before
  shift
  before=$(state_of_store)
  build --progress=quiet "$@"
  ok "refused: $text" contains "$err" "$text"
  ok "status of: $text" [ "$status" -eq 1 ]
  ok "one line of error for: $text" same "$(grep -c 'wherry: error: ' <<<"$err")" 1
  ok "store as it was after: $text" same "$(state_of_store)" "$before"
}

for test in tests/build/*.sh; do
  name=$(basename "$test" .sh)
  [ "$name" = run ] && continue
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  new_context
  # shellcheck source=/dev/null
  source "$test"
done
finish
