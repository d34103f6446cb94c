#!/usr/bin/env bash
# The cgroups of wherry-runtime: run.sh BUILD_DIR. With `v2` behind it: in a mount namespace of its own, with v2 alone.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
mode=${2:-}

[ "$(id -u)" = 0 ] || skip_all "cgroups are root's to make"

mkdir "$scratch/rootfs"
guest() { clang-19 --target=wasm32-wasi -O1 "$@"; }
guest -o "$scratch/rootfs/probe.wasm" tests/container/probe.c || exit
guest -o "$scratch/rootfs/guest.wasm" tests/cgroup/guest.c || exit
guest -DBIG -o "$scratch/rootfs/big.wasm" tests/cgroup/guest.c || exit
chmod -R a+rX "$scratch"

# In a mount namespace with v2 alone.
with_v2_alone() { # SCRIPT ARGUMENTS...
  local output
  output=$scratch/$(basename "$1").out
  # shellcheck disable=SC2016
  unshare --mount bash -c '
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec bash "$@"' inner "$@" >"$output" 2>&1
  count "$output"
}

# In a kernel that is a program, where no controller is in v1. It says on its console what it is doing.
with_controllers() {
  local kernel
  kernel=$(type -P linux.uml) || { skip "v2 with controllers" "no linux.uml (package user-mode-linux)" && return; }
  truncate -s 1M "$scratch/disk"
  timeout 200 "$kernel" mem=384M ubd0="$scratch/disk" rootfstype=hostfs root=/dev/root rw con=null con0=null,fd:1 \
    "init=$PWD/tests/cgroup/controllers.sh" -- "$build" "$scratch/rootfs" "$scratch/report" \
    </dev/null >"$scratch/console" 2>&1
  if [ -e "$scratch/report" ]; then
    count "$scratch/report"
  else
    skip "v2 with controllers" "user-mode Linux does not start here: $(tail -n 1 "$scratch/console")"
  fi
}

if [ -z "$mode" ]; then
  grep -q ' - cgroup ' /proc/self/mountinfo && mode=v1 || mode=v2
  # shellcheck source=tests/cgroup/cases.sh
  source tests/cgroup/cases.sh
  if [ "$mode" = v1 ]; then with_v2_alone tests/cgroup/run.sh "$build" v2; fi
  with_controllers
  if [ -x /lib/systemd/systemd ]; then
    with_v2_alone tests/cgroup/systemd.sh "$build"
  else
    skip "systemd" "this machine has none"
  fi
else
  # shellcheck source=tests/cgroup/cases.sh
  source tests/cgroup/cases.sh
fi
finish
