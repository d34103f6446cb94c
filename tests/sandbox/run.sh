#!/usr/bin/env bash
# shellcheck disable=SC2317 # the cases are called by as_each_user
# What a guest sees is what config.json says: run.sh BUILD_DIR. As root, and again as an ordinary user.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/sandbox
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

mkdir -p "$scratch/bin" "$scratch/guests" "$scratch/source/below"
clang-19 --target=wasm32-wasi -O1 -o "$scratch/guests/inspect.wasm" $here/inspect.c || exit
cp "$build/bin/wherry-runtime" "$scratch/bin/"
cp $here/compare.py "$scratch/bin/"
echo content >"$scratch/source/file"
chmod -R a+rX "$scratch"
runtime=$scratch/bin/wherry-runtime
looked_at='["/", "/data", "/proc", "/dev", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
  "/proc/kcore", "/proc/acpi", "/proc/sys", "/proc/uptime", "/dev/fuse", "/dev/pipe", "/bound", "/bound/below",
  "/tmp", "/dev/shm", "/dev/pts", "/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/not/there"]'

# bundle NAME FILTER: $bundle, of an image with a few files, its config.json changed by a jq filter.
bundle() {
  bundle=$dir/$1
  as mkdir -p "$bundle/rootfs/data" && as cp "$scratch/guests/inspect.wasm" "$bundle/rootfs/"
  echo image | as tee "$bundle/rootfs/data/file" >/dev/null
  jq -n --argjson id "$id" --argjson looked_at "$looked_at" --arg source "$scratch/source" '{ociVersion: "1.2.0",
    process: {args: (["/inspect.wasm"] + $looked_at), cwd: "/", user: {uid: 0, gid: 0}, env: ["A=b"]},
    root: {path: "rootfs"}, hostname: "inside",
    mounts: [{destination: "/proc", type: "proc", source: "proc"},
             {destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"]}],
    linux: {namespaces: (["pid", "mount", "ipc", "uts", "network", "cgroup"] | map({type: .}))}}
    | def mount(d; t; o): .mounts += [{destination: d, type: t, source: t, options: o}];
      def bind(d; o): .mounts += [{destination: d, type: "bind", source: $source, options: o}];
      def userns: .linux.namespaces += [{type: "user"}];
      (if $id == 0 then . else userns
        | .linux.uidMappings = [{containerID: 0, hostID: $id, size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: $id, size: 1}] end) | '"$2" |
    as tee "$bundle/config.json" >/dev/null
}
run_bundle() { run as "$runtime" --root "$dir/state" run --bundle "$bundle" "$1"; }
# shellcheck disable=SC2317  # called through ok
compares() { compared=$(as "$scratch/bin/compare.py" "$bundle/config.json" "$scratch/.report" 2>&1); }
# seen NAME FILTER: what the guest sees in that bundle is as the file says. $prepare: called before.
seen() {
  bundle "$1" "$2"
  ${prepare:-true}
  run_bundle "$1"
  cp "$scratch/.out" "$scratch/.report" && chmod a+r "$scratch/.report"
  compared=''
  ok "$who: $1 runs" [ "$status" -eq 0 ] || return
  ok "$who: $1 is as config.json says" compares || printf '  %s\n' "$compared"
}
# refused NAME FILTER TEXT [PREPARATION...]: one clear error, and nothing is left.
refused() {
  local name=$1 text=$3
  bundle "$1" "$2"
  shift 3
  [ $# -eq 0 ] || as "$@"
  run_bundle "$name"
  ok "$who: $name is refused" [ "$status" -ne 0 ]
  ok "$who: $name: and says why" one_error "$text"
  ok "$who: $name: and leaves nothing" [ -z "$(find "$dir/state" -mindepth 1 2>/dev/null)" ]
}

cases() { # WHO ID
  who=$1 id=$2 dir=$scratch/$1
  mkdir "$dir" && chown "$id:$id" "$dir"
  # shellcheck source=tests/sandbox/cases.sh
  source "$here"/cases.sh
}

as_each_user cases
ok "nothing stays mounted" [ -z "$(grep -F "$scratch" /proc/self/mountinfo)" ]
finish
