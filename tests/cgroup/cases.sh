# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# The cases, for the cgroups that are mounted: $mode is v1 (perhaps with a v2 beside it) or v2. Sourced by run.sh.

top=/wherry-cgroup-test.$$
rt() { run "$build/bin/wherry-runtime" --root "$scratch/state" "$@"; }
query() { "$build/bin/wherry-runtime" --root "$scratch/state" "$@" 2>/dev/null; }
in_state() { is "$(query state "$1" | jq -r .status)" "$2"; }
pid_of() { query state "$1" | jq -r .pid; }
place() { [ "$mode" = v1 ] && echo "/sys/fs/cgroup/$1$top/one" || echo "/sys/fs/cgroup$top/one"; }
groups() { find /sys/fs/cgroup -path "*$top/*" -type d 2>/dev/null; }
nobody_left() { ! pgrep -f "$scratch/state"; }
# Who compiles for a guest learns of its end, and then ends.
nothing_left() { is "$(find "$scratch/state" -mindepth 1)$(groups)" "" && wait_until nobody_left; }
holds() { is "$(cat "$(place "$1")/$2")" "$3"; } # CONTROLLER FILE VALUE
json() { jq -e "$1" <<<"$out" >/dev/null; }

make_bundle() { # NAME FILTER ARGUMENTS...
  local name=$1 filter=$2
  shift 2
  mkdir "$scratch/$name"
  jq -n --arg top "$top" --arg rootfs "$scratch/rootfs" '{ociVersion: "1.0.2",
    process: {args: $ARGS.positional, cwd: "/", env: [], noNewPrivileges: true},
    root: {path: $rootfs}, mounts: [{destination: "/proc", type: "proc", source: "proc"}],
    linux: {cgroupsPath: "\($top)/one",
            namespaces: (["pid", "mount", "ipc", "uts", "network"] | map({type: .}))}} | '"$filter" --args "$@" \
    >"$scratch/$name/config.json"
}
create() { # ID BUNDLE [GLOBAL OPTION…]
  local id=$1 bundle=$2
  shift 2
  ran="create $id"
  "$build/bin/wherry-runtime" --root "$scratch/state" "$@" create --bundle "$scratch/$bundle" "$id" \
    </dev/null >"$scratch/$id.out" 2>"$scratch/.err"
  status=$?
  out='' err=$(cat "$scratch/.err")
}
mkdir "$scratch/rootfs/proc" "$scratch/state"

make_bundle plain 'del(.linux.cgroupsPath)' /probe.wasm sleep 1000
make_bundle spin . /probe.wasm spin
make_bundle sleeping . /probe.wasm sleep 1000
make_bundle memory '.linux.resources = {memory: {limit: 33554432}}' /guest.wasm grow
make_bundle regrow '.linux.resources = {memory: {limit: 33554432}}' /guest.wasm regrow
make_bundle oom '.linux.resources = {memory: {limit: 25165824, swap: 25165824}}' /big.wasm fill
make_bundle unlimited . /big.wasm fill
make_bundle climbs '.linux.cgroupsPath = "/a/../../b"' /probe.wasm
make_bundle negative '.linux.resources = {memory: {limit: "much"}}' /probe.wasm
make_bundle missing . /none.wasm
make_bundle inside '.linux.namespaces += [{type: "cgroup"}]' /probe.wasm cat /proc/self/cgroup
make_bundle devices '.linux.resources = {devices: [{allow: false, access: "rwm"},
  {allow: true, type: "c", major: 1, minor: 9, access: "r"}]}' /probe.wasm sleep 1000
make_bundle limits '.linux.resources = {memory: {limit: 67108864, reservation: 33554432},
  cpu: {shares: 512, quota: 50000, period: 100000, cpus: "0"}, pids: {limit: 50}}' /probe.wasm spin
make_bundle absent '.linux.resources = {unified: {"wherry.max": "1"}}' /probe.wasm

# Where a container is ------------------------------------------------------------------------------------
create plain plain
ok "$mode: without a path or limits there is no group" is "$(cat "/proc/$(pid_of plain)/cgroup")" "$(cat /proc/self/cgroup)"
rt start plain
rt pause plain
ok "$mode: nor can it be paused" one_error "no cgroup that could be frozen"
rt ps -f json plain
ok "$mode: ps knows its init" is "$out" "[$(pid_of plain)]"
rt delete --force plain

create one spin
ok "$mode: create" is "$status" 0
groups_of_init() { grep -v "^.*:$top/one\$" "/proc/$(pid_of one)/cgroup"; }
if [ "$mode" = v1 ]; then
  ok "$mode: init is in its group of every hierarchy before it starts" is "$(groups_of_init)" ""
else
  ok "$mode: init is in its group before it starts" grep -qx "0::$top/one" "/proc/$(pid_of one)/cgroup"
fi
create two spin
ok "$mode: a group with processes in it is nobody else's" one_error "is in use: process $(pid_of one) is in it"
ok "$mode: and they stay" in_state one created
rt delete --force one
ok "$mode: delete removes the group" nothing_left
rt run --bundle "$scratch/inside" one
ok "$mode: in a cgroup namespace the group is the top" is "$(grep "^0:" <<<"$out")" "0::/"
ok "$mode: run removes the group" nothing_left
create one missing
ok "$mode: a failed create leaves no group" eval '[ "$status" != 0 ] && nothing_left'
create one climbs
ok "$mode: a path that climbs is refused" one_error "'..' cannot be a part of it"
create one negative
ok "$mode: a limit that is no number is refused" one_error "memory.limit"
create one absent
if [ "$mode" = v1 ]; then
  ok "$mode: unified limits need v2" one_error "linux.resources.unified is for cgroup v2"
else
  ok "$mode: a file that is not there is named" one_error "wherry.max"
fi
ok "$mode: and nothing is left" nothing_left

# Managers ------------------------------------------------------------------------------------------------
create one sleeping --cgroup-manager disabled
ok "$mode: disabled: no group" is "$(cat "/proc/$(pid_of one)/cgroup")" "$(cat /proc/self/cgroup)"
rt delete --force one
create one limits --cgroup-manager disabled
ok "$mode: disabled: limits cannot be had" one_error "there is no cgroup to set them in"
create one sleeping --cgroup-manager other
ok "$mode: an unknown manager" one_error "unknown cgroup manager 'other'"
create one sleeping --systemd-cgroup
ok "$mode: systemd wants its own kind of path" one_error "is not 'slice:prefix:name'"
if [ ! -S /run/systemd/private ]; then
  create one plain --systemd-cgroup
  ok "$mode: without limits nobody asks systemd" is "$status" 0
  rt delete --force one
fi
ok "$mode: and nothing is left" nothing_left

# Pause and resume ----------------------------------------------------------------------------------------
create one spin
rt pause one
ok "$mode: what is created is not paused" one_error "cannot pause a container that is created"
rt start one
rt resume one
ok "$mode: what runs is not resumed" one_error "cannot resume a container that is running"
ticks() { awk '{print $14 + $15}' "/proc/$(pid_of one)/stat"; }
rt pause one
ok "$mode: pause" in_state one paused
before=$(ticks)
sleep 0.3
ok "$mode: it stands still" is "$(ticks)" "$before"
rt exec one /probe.wasm
ok "$mode: nothing is started in it" one_error "cannot exec in a container that is paused"
rt resume one
moved() { [ "$(ticks)" -gt "$before" ]; }
ok "$mode: resume" in_state one running
ok "$mode: it goes on" wait_until moved
rt pause one
rt kill one KILL
ok "$mode: what is paused can be killed" wait_until in_state one stopped
rt delete one
create one spin
rt start one
rt pause one
rt delete --force one
ok "$mode: and deleted" nothing_left

# Processes -----------------------------------------------------------------------------------------------
create one sleeping
rt start one
rt exec --detach one /probe.wasm sleep 1000
rt ps --format json one
ok "$mode: exec joins the group, ps shows it" json "length == 2 and index($(pid_of one)) != null"
other=$(jq ".[] | select(. != $(pid_of one))" <<<"$out")
rt ps one
ok "$mode: ps as a table" eval '[ "$(wc -l <<<"$out")" = 3 ] && contains "$out" "probe.wasm"'
rt ps one -o pid,comm
ok "$mode: ps takes options of ps(1)" is "$out" "$(ps -o pid,comm -p "$(pid_of one),$other")"
rt ps one -o comm
ok "$mode: ps needs the column that tells processes apart" one_error "couldn't find PID field in ps output"
rt ps one --no-such-option
ok "$mode: ps says what ps(1) says" one_error "unknown gnu long option"
rt ps -f xml one
ok "$mode: ps has two forms" one_error "invalid format option"
rt kill --all one USR2
ok "$mode: kill --all ends both" wait_until eval '! [ -e /proc/$other/root/probe.wasm ] && in_state one stopped'
rt delete one
ok "$mode: and nothing is left" nothing_left

# Statistics beside runc's, of one cgroup that two containers share ----------------------------------------
# Ours are read before and after: what runc says of a number is between, and it says the same numbers (but for
# pressure, which it tells since 1.2).
stats_as_runc() {
  jq -n --slurpfile before "$scratch/stats.before" --slurpfile runc "$scratch/stats.runc" \
    --slurpfile after "$scratch/stats.after" '
    def numbers: . as $all | [paths(scalars)] | map({key: (map(tostring) | join(".")), value: (. as $at | $all | getpath($at))});
    ($before[0].data | numbers | from_entries) as $b | ($after[0].data | numbers | from_entries) as $a |
    ($runc[0].data | numbers) as $r |
    {missing: (($r | map(.key)) - ($a | keys)), more: (($a | keys | map(select(contains(".psi.") | not))) - ($r | map(.key))),
     other: [$r[] | select(.value != $a[.key] and .value != $b[.key] and
       (([$a[.key], $b[.key]] | sort) as $range | .value < $range[0] or .value > $range[1])) | .key]}' >"$scratch/stats.differences"
  is "$(jq -c . "$scratch/stats.differences")" '{"missing":[],"more":[],"other":[]}' || { cat "$scratch/stats.differences" && false; }
}
beside() { runc --root "$scratch/runc" "$@"; }
if ! type -P runc >/dev/null; then
  skip "$mode: statistics beside runc's" "no runc"
else
  clang-19 -O1 -static -x c - -o "$scratch/rootfs/pause" <<<'#include <unistd.h>
int main(void) { return pause(); }' || exit
  make_bundle pause . /pause
  if [ "$mode" = v1 ]; then create one limits; else create one sleeping; fi
  if beside run --detach --bundle "$scratch/pause" two </dev/null >"$scratch/runc.out" 2>&1; then
    sleep 0.2
    rt events --stats one
    echo "$out" >"$scratch/stats.before"
    beside events --stats two >"$scratch/stats.runc"
    rt events --stats one
    echo "$out" >"$scratch/stats.after"
    ok "$mode: statistics are runc's, field by field" stats_as_runc
  else
    skip "$mode: statistics beside runc's" "$(tail -n 1 "$scratch/runc.out")"
  fi
  rt delete --force one
  beside delete --force two >/dev/null 2>&1
  ok "$mode: and nothing is left of both" nothing_left
fi

# Devices -------------------------------------------------------------------------------------------------
create one devices
for file in $(place devices)/cgroup.procs; do
  as_member() { bash -c 'echo $$ >"$0"; exec head -c 1 "$1"' "$file" "$1"; }
  run as_member /dev/urandom
  ok "$mode: a device that is allowed" is "$status" 0
  run as_member /dev/zero
  ok "$mode: one that every container has" is "$status" 0
  run as_member /dev/kmsg
  ok "$mode: one that is not" contains "$err" "Operation not permitted"
done
rt delete --force one

# Statistics ----------------------------------------------------------------------------------------------
create one spin
rt start one
sleep 0.3
rt events --stats one
ok "$mode: events --stats" json '.type == "stats" and .id == "one" and .data.cpu.usage.total > 50000000'
[ "$mode" = v1 ] && ok "$mode: memory and processes" json '.data.memory.usage.usage > 0 and .data.pids.current == 1'
query events --interval 100ms one >"$scratch/stream" &
stream=$!
ok "$mode: events goes on" wait_until eval '[ "$(wc -l <"$scratch/stream")" -ge 3 ]'
rt kill one KILL
ok "$mode: and ends with the container" wait_until eval '! kill -0 $stream 2>/dev/null'
rt events --stats one
ok "$mode: there are none of a stopped one" one_error "is not running"
rt delete one

# Limits --------------------------------------------------------------------------------------------------
create one limits
if [ "$mode" = v1 ]; then
  ok "$mode: memory" holds memory memory.limit_in_bytes 67108864
  ok "$mode: reservation" holds memory memory.soft_limit_in_bytes 33554432
  ok "$mode: shares" holds cpu cpu.shares 512
  ok "$mode: quota" holds cpu cpu.cfs_quota_us 50000
  ok "$mode: cpus" holds cpuset cpuset.cpus 0
  ok "$mode: pids" holds pids pids.max 50
  rt update --memory 96m --pids-limit -1 --cpu-quota 20000 one
  ok "$mode: update by options" eval 'holds memory memory.limit_in_bytes 100663296 && holds pids pids.max max &&
    holds cpu cpu.cfs_quota_us 20000 && holds cpu cpu.cfs_period_us 100000 && holds memory memory.soft_limit_in_bytes 33554432'
  ran='update --resources -' && "$build/bin/wherry-runtime" --root "$scratch/state" update --resources - one \
    <<<'{"cpu": {"shares": 2048}, "pids": {"limit": 7}}'
  ok "$mode: update by a file" eval 'holds cpu cpu.shares 2048 && holds pids pids.max 7'
  rt update --memory lots one
  ok "$mode: what is no size" one_error "'--memory lots': expected a number of bytes"
else
  ok "$mode: a controller that is not there is named" one_error "has no controller 'memory'"
fi
rt delete --force one
ok "$mode: and nothing is left" nothing_left

if [ "$mode" = v1 ]; then
  rt run --bundle "$scratch/memory" one
  ok "$mode: the limit of memory also bounds memory.grow" eval '[ "$status" = 0 ] && [ "$out" -gt 200 ] && [ "$out" -lt 512 ]'
  create one regrow
  rt start one
  printed() { is "$(wc -l <"$scratch/one.out")" "$1"; } # LINES
  ok "$mode: a guest grows to that bound" wait_until printed 1
  rt update --memory 96m one
  ok "$mode: update moves the bound of a running guest" wait_until printed 2
  ok "$mode: as far as it says" eval '[ "$(head -1 "$scratch/one.out")" -lt 32 ] && [ "$(tail -1 "$scratch/one.out")" -gt 80 ] && [ "$(tail -1 "$scratch/one.out")" -lt 96 ]'
  wait_until in_state one stopped
  rt delete one
  rt run --bundle "$scratch/unlimited" one
  ok "$mode: without one there is room" is "$out" filled
  rt run --bundle "$scratch/oom" one
  ok "$mode: out of memory: killed" is "$status" 137
  ok "$mode: out of memory: said" one_error "ran out of memory"
  create one oom
  query events one >"$scratch/stream" &
  stream=$!
  wait_until eval '[ -n "$(pgrep -P $stream; ls -l /proc/$stream/fd | grep eventfd)" ]'
  rt start one
  ok "$mode: out of memory: stopped" wait_until in_state one stopped
  ok "$mode: out of memory: events" wait_until grep -qx '{"id":"one","type":"oom"}' "$scratch/stream"
  rt state one
  ok "$mode: out of memory: state" json '.annotations["org.wherry.oom-kills"] == "1"'
  rt delete one
  wait "$stream"
fi

# What a runtime that was killed leaves, delete --force takes away ----------------------------------------
for pause in 0 1 2 3 4 5 6 7 8 9 10 12 15 20; do
  "$build/bin/wherry-runtime" --root "$scratch/state" create --bundle "$scratch/spin" one </dev/null >/dev/null 2>&1 &
  sleep "0.0$(printf %02d "$pause")"
  kill -KILL $! 2>/dev/null
  wait $! 2>/dev/null
  rt delete --force one
  if [ "$status" != 0 ] || ! nothing_left; then break; fi
done
ok "$mode: nothing is left of a create that was killed" nothing_left
find /sys/fs/cgroup -maxdepth 2 -path "*$top" -type d -exec rmdir '{}' +

# Who may not -----------------------------------------------------------------------------------------------
prefix=(setpriv --reuid 12345 --regid 12345 --clear-groups)
mkdir "$scratch/theirs" && chown 12345:12345 "$scratch/theirs"
as_user='.linux.namespaces += [{type: "user"}]
  | .linux.uidMappings = [{containerID: 0, hostID: 12345, size: 1}]
  | .linux.gidMappings = [{containerID: 0, hostID: 12345, size: 1}]'
make_bundle user "$as_user" /probe.wasm exit 3
make_bundle user_limits "$as_user"' | .linux.resources = {pids: {limit: 5}}' /probe.wasm exit 3
cp "$build/bin/wherry-runtime" "$scratch/"
if as unshare --user --map-root-user --mount true 2>/dev/null; then
  run as "$scratch/wherry-runtime" --root "$scratch/theirs" run --bundle "$scratch/user" one
  ok "$mode: who may make no group goes without" is "$status" 3
  run as "$scratch/wherry-runtime" --root "$scratch/theirs" run --bundle "$scratch/user_limits" one
  ok "$mode: but not without limits that are asked for" one_error "which limits are asked for"
  ok "$mode: and nothing is left" is "$(find "$scratch/theirs" -mindepth 1)" ""
else
  skip "$mode: an ordinary user" "this machine gives ordinary users no user namespaces"
fi
