#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2317
# cgroup v2 with its controllers, whatever this machine uses: controllers.sh BUILD_DIR GUESTS [REPORT]. With REPORT
# it is the first process of a kernel of its own, which run.sh starts as a program (user-mode Linux), with this
# machine's files as they are; what is written goes to a tmpfs, the report of the tests to REPORT.
set -uo pipefail
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

if [ -n "${3:-}" ]; then
  mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run &&
    mount -t cgroup2 cgroup2 /sys/fs/cgroup && TMPDIR=/run bash "${BASH_SOURCE[0]}" "$1" "$2" >"$3" 2>&1
  sync
  echo o >/proc/sysrq-trigger
  sleep 60
fi

# shellcheck source=tests/common.sh
source tests/common.sh "$1"
cp -r "$2" "$scratch/rootfs"
mkdir -p "$scratch/rootfs/proc"
cp "$build/bin/wherry-runtime" "$scratch/"
group=/sys/fs/cgroup/top/middle/one

rt() { run "$scratch/wherry-runtime" --root "$scratch/state" "$@"; }
holds() { [ "$(cat "$group/$1")" = "$2" ]; } # FILE VALUE
json() { jq -e "$1" <<<"$out" >/dev/null; }
gone() { [ ! -e "$group" ]; }
make_bundle() { # NAME RESOURCES ARGUMENTS...
  local name=$1 resources=$2
  shift 2
  mkdir "$scratch/$name"
  jq -n --arg rootfs "$scratch/rootfs" --argjson resources "$resources" '{ociVersion: "1.0.2",
    process: {args: $ARGS.positional, cwd: "/", env: [], noNewPrivileges: true}, root: {path: $rootfs},
    mounts: [{destination: "/proc", type: "proc", source: "proc"}],
    linux: {cgroupsPath: "/top/middle/one", resources: $resources,
            namespaces: (["pid", "mount", "ipc", "uts"] | map({type: .}))}}' --args "$@" >"$scratch/$name/config.json"
}
create() { # BUNDLE
  ran="create $1"
  "$scratch/wherry-runtime" --root "$scratch/state" create --bundle "$scratch/$1" one \
    </dev/null >"$scratch/.guest" 2>"$scratch/.err"
  status=$?
  out='' err=$(cat "$scratch/.err")
}
as_member() { bash -c 'echo $$ >"$0"; exec head -c 1 "$1"' "$group/cgroup.procs" "$1"; }

make_bundle limits '{"memory": {"limit": 67108864, "reservation": 33554432}, "pids": {"limit": 50},
  "cpu": {"shares": 512, "quota": 50000, "period": 100000}, "unified": {"memory.high": "60817408"},
  "devices": [{"allow": false, "access": "rwm"}]}' /probe.wasm spin
make_bundle disk '{"blockIO": {"throttleReadBpsDevice": [{"major": 98, "minor": 0, "rate": 1048576}],
  "throttleWriteIOPSDevice": [{"major": 98, "minor": 0, "rate": 100}]}}' /probe.wasm spin
make_bundle nodes '{"cpu": {"cpus": "0"}}' /probe.wasm spin
make_bundle huge '{"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}' /probe.wasm spin
make_bundle remote '{"rdma": {"mlx5_0": {"hcaHandles": 1}}}' /probe.wasm spin
make_bundle grow '{"memory": {"limit": 33554432}}' /guest.wasm grow
make_bundle regrow '{"memory": {"limit": 33554432}}' /guest.wasm regrow
make_bundle fill '{"memory": {"limit": 25165824}}' /big.wasm fill

create limits
ok "controllers are handed down to a new group" [ "$status" = 0 ]
ok "memory" holds memory.max 67108864
ok "reservation" holds memory.low 33554432
ok "a file of its own" holds memory.high 60817408
ok "shares" holds cpu.weight 20
ok "quota" holds cpu.max "50000 100000"
ok "pids" holds pids.max 50
run as_member /dev/zero
ok "a device that every container has" [ "$status" = 0 ]
run as_member /dev/kmsg
ok "one that was not given" contains "$err" "Operation not permitted"
rt start one
sleep 0.5
rt events --stats one
ok "statistics" json '.data | .cpu.usage.total > 0 and .cpu.throttling.throttledPeriods > 0 and
  .memory.usage.usage > 0 and .memory.usage.limit == 67108864 and .pids == {current: 1, limit: 50}'
rt update --memory 96m --pids-limit -1 --cpu-quota 20000 one
ok "update" eval 'holds memory.max 100663296 && holds pids.max max && holds cpu.max "20000 100000"'
ok "what update did not name stays" eval 'holds memory.low 33554432 && holds cpu.weight 20'
rt delete --force one
ok "delete removes the group" gone

# The limits of a disk; cpuset, hugetlb and rdma this kernel has not (Debian's user-mode-linux).
create disk
ok "limits of a disk" holds io.max "98:0 rbps=1048576 wbps=max riops=max wiops=100"
rt delete --force one
for lacking in nodes:cpuset huge:hugetlb remote:rdma; do
  if grep -qw "${lacking#*:}" /sys/fs/cgroup/cgroup.controllers; then
    skip "${lacking#*:}" "this kernel has the controller, so nothing is refused"
    continue
  fi
  create "${lacking%:*}"
  ok "${lacking#*:}: a limit whose controller the machine lacks is refused" one_error "${lacking#*:}"
  ok "${lacking#*:}: and nothing is left" gone
done

rt run --bundle "$scratch/grow" one
ok "the limit of memory also bounds memory.grow" eval '[ "$status" = 0 ] && [ "$out" -gt 200 ] && [ "$out" -lt 512 ]'
create regrow
rt start one
sleep 2
rt update --memory 96m one
sleep 1
ok "update moves that bound of a running guest" \
  eval '[ "$(head -1 "$scratch/.guest")" -lt 32 ] && [ "$(sed -n 2p "$scratch/.guest")" -gt 80 ] && [ "$(sed -n 2p "$scratch/.guest")" -lt 96 ]'
rt delete --force one
rt run --bundle "$scratch/fill" one
ok "out of memory: killed" [ "$status" = 137 ]
ok "out of memory: said" one_error "ran out of memory"
create fill
"$scratch/wherry-runtime" --root "$scratch/state" events one >"$scratch/stream" 2>/dev/null &
stream=$!
sleep 1
rt start one
wait "$stream"
ok "out of memory: events" grep -qx '{"id":"one","type":"oom"}' "$scratch/stream"
rt state one
ok "out of memory: state" json '.status == "stopped" and .annotations["org.wherry.oom-kills"] == "1"'
rt delete one
ok "nothing is left" gone
finish
