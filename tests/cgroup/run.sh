#!/usr/bin/env bash
# The cgroups of wherry-runtime: run.sh BUILD_DIR. With `v2` behind it: in a mount namespace of its own, with v2 alone.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
mode=${2:-}

if [ "$(id -u)" != 0 ]; then
  skip "everything" "cgroups are root's to make"
  finish
fi

mkdir "$scratch/rootfs"
guest() { clang-19 --target=wasm32-wasi -O1 "$@"; }
guest -o "$scratch/rootfs/probe.wasm" tests/container/probe.c || exit
guest -o "$scratch/rootfs/guest.wasm" tests/cgroup/guest.c || exit
guest -DBIG -o "$scratch/rootfs/big.wasm" tests/cgroup/guest.c || exit
chmod -R a+rX "$scratch"

# Another script of cases, in a mount namespace with v2 alone; its counts become ours.
with_v2_alone() { # SCRIPT ARGUMENTS...
  local inner
  # shellcheck disable=SC2016
  inner=$(unshare --mount bash -c '
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec bash "$@"' inner "$@" 2>&1)
  sed '$d' <<<"$inner"
  if [[ "$(tail -n 1 <<<"$inner")" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  else
    ran="$inner" && ok "$1 comes to an end" false
  fi
}

if [ -z "$mode" ]; then
  grep -q ' - cgroup ' /proc/self/mountinfo && mode=v1 || mode=v2
  # shellcheck source=tests/cgroup/cases.sh
  source tests/cgroup/cases.sh
  if [ "$mode" = v1 ]; then with_v2_alone tests/cgroup/run.sh "$build" v2; fi
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
