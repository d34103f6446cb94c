#!/usr/bin/env bash
# shellcheck disable=SC2317 # the cases are called by as_each_user
# The verbs of wherry-runtime: run.sh BUILD_DIR. As root, and again as an ordinary user.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

mkdir "$scratch/bin" "$scratch/files"
clang-19 --target=wasm32-wasi -O1 -o "$scratch/files/probe.wasm" tests/container/probe.c || exit
clang-19 --target=wasm32-wasi -O1 -o "$scratch/files/notifier.wasm" tests/lifecycle/notifier.c || exit
cat >"$scratch/functions.wat" <<'WAT'
(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 3))) (func (export "other") (call $exit (i32.const 4)))
  (func (export "value") (result i32) (i32.const 9)) (func (export "two") (param i32 i32)))
WAT
wat2wasm -o "$scratch/files/functions.wasm" "$scratch/functions.wat" || exit
cp "$build/bin/wherry-runtime" "$scratch/bin/"
cp /bin/true "$scratch/files/native"
chmod -R a+rX "$scratch"

# make_bundle NAME FILTER ARGUMENTS...: a bundle in $dir/NAME whose config.json a jq filter has changed.
make_bundle() {
  local name=$1 filter=$2
  shift 2
  as mkdir "$dir/$name" && as cp -r "$scratch/files" "$dir/$name/rootfs"
  jq -n --argjson id "$id" '{ociVersion: "1.0.2", hostname: "test",
    process: {args: $ARGS.positional, cwd: "/", env: ["COLOR=blue"], noNewPrivileges: true},
    root: {path: "rootfs"},
    mounts: [{destination: "/proc", type: "proc", source: "proc"},
             {destination: "/dev", type: "tmpfs", source: "tmpfs"}],
    linux: {namespaces: (["pid", "mount", "ipc", "uts", "network"] | map({type: .}))}}
    | if $id == 0 then . else .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: $id, size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: $id, size: 1}] end | '"$filter" --args "$@" |
    as tee "$dir/$name/config.json" >/dev/null
}

cases() { # WHO ID
  who=$1 id=$2 dir=$scratch/$1
  mkdir "$dir" && chown "$id:$id" "$dir"
  # shellcheck source=tests/lifecycle/cases.sh
  source tests/lifecycle/cases.sh
  # shellcheck source=tests/lifecycle/extras.sh
  source tests/lifecycle/extras.sh
}

as_each_user cases
finish
