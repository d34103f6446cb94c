#!/usr/bin/env bash
# Cgroups made by systemd: systemd.sh BUILD_DIR, in a mount namespace with v2 alone, from where it starts a systemd
# (of the kind that serves a user) and takes it for the machine's.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
export XDG_RUNTIME_DIR=$scratch/session
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system "$scratch/session" "$scratch/rootfs" || exit
base=/wherry-systemd-test.$$
mkdir -p "/sys/fs/cgroup$base/user" || exit
unset DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS
bash -c 'echo $$ >"$0/cgroup.procs"; exec /lib/systemd/systemd --user' "/sys/fs/cgroup$base/user" \
  >"$scratch/systemd.log" 2>&1 </dev/null &
server=$!
ln -s "$XDG_RUNTIME_DIR/systemd/private" /run/systemd/private
clang-19 --target=wasm32-wasi -O1 -o "$scratch/rootfs/probe.wasm" tests/container/probe.c || exit
jq -n --arg rootfs "$scratch/rootfs" '{ociVersion: "1.0.2",
  process: {args: ["/probe.wasm", "sleep", "1000"], cwd: "/", env: []}, root: {path: $rootfs},
  linux: {cgroupsPath: "wherry-test.slice:test:one", namespaces: (["pid", "mount"] | map({type: .}))}}' \
  >"$scratch/config.json"

rt() { run "$build/bin/wherry-runtime" --root "$scratch/state" --systemd-cgroup "$@"; }
unit() { systemctl --user show --property "$1" --value test-one.scope; }
if ! wait_until test -S "$XDG_RUNTIME_DIR/systemd/private"; then
  skip "systemd" "it does not start here: $(tail -n 1 "$scratch/systemd.log")"
else
  for round in first second; do
    ran="create one"
    "$build/bin/wherry-runtime" --root "$scratch/state" --systemd-cgroup create --bundle "$scratch" one \
      </dev/null >"$scratch/one.out" 2>&1
    ok "systemd: a scope is started, the $round time" is "$(unit ActiveState)" active
    ok "systemd: where its slice says" is "$(unit ControlGroup)" "$base/user/wherry.slice/wherry-test.slice/test-one.scope"
    rt state one
    ok "systemd: init is in it" grep -qx "0::$(unit ControlGroup)" "/proc/$(jq .pid <<<"$out")/cgroup"
    rt delete --force one
    ok "systemd: delete ends the scope" is "$status $(unit ActiveState)" "0 inactive"
  done
fi
kill -KILL "$server" && wait "$server" 2>/dev/null
# What it started goes with its group.
echo 1 >"/sys/fs/cgroup$base/cgroup.kill"
sleep 0.2
find "/sys/fs/cgroup$base" -depth -type d -exec rmdir '{}' ';'
finish
