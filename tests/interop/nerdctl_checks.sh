#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2016,SC2317
# containerd by nerdctl, which gives every container a logging program and hooks: nerdctl_checks.sh native|wasm
set -uo pipefail
# shellcheck source=tests/interop/checks_common.sh
source /shared/tests/interop/checks_common.sh "$1"
guest=(--runtime "$runtime" --platform "$platform")
mkdir -p /etc/nerdctl /etc/cni/net.d
printf 'cni_path = "/usr/lib/cni"\ncni_netconfpath = "/etc/cni/net.d"\n' >/etc/nerdctl/nerdctl.toml
n() { run timeout 60 nerdctl "$@"; }
n_run() { n run --rm "${guest[@]}" "$@"; }
state_of() { nerdctl container inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1"; }
remember

n_run --net none "$image" args a 'b c'
ok "it runs" is "$status:$out" $'0:[/probe]\n[args]\n[a]\n[b c]'
n_run --net none "$image" exit 42
ok "an exit code" is "$status" 42
n_run --net none -e COLOR=red "$image" env COLOR SHAPE
ok "variables" is "$out" $'COLOR=red\nSHAPE=round'
echo 'of the host' >/tmp/file
n_run --net none -v /tmp/file:/one:ro "$image" cat /one
ok "a volume" is "$out" "of the host"
n_run "$image" ls /sys/class/net
ok "a bridge" is "$status:$out" $'0:eth0\nlo'
run timeout 60 script -qec "nerdctl run --rm --net none -t ${guest[*]} $image terminals" /dev/null
ok "a terminal" contains "$out" "1: terminal"
n run -d --name life --net none "${guest[@]}" "$image" later 600
ok "one in the background" is "$status" 0
wait_until eval '[ "$(nerdctl logs life)" = waiting ]'
n logs life
ok "its logs" is "$out" waiting
n exec life /probe args x
ok "exec" is "$status:$out" $'0:[/probe]\n[args]\n[x]'
n exec life /probe exit 9
ok "its exit code is told" contains "$err" "exit code 9"
n pause life
ok "pause" is "$(state_of life)" "paused 0"
n unpause life
ok "unpause" is "$(state_of life)" "running 0"
n stats --no-stream --format '{{.MemUsage}}' life
ok "stats" contains "$out" iB
began=$(milliseconds)
n stop --time 20 life
ok "stop ends it by SIGTERM" [ "$(took "$began")" -lt 10000 ]
ok "its exit code is kept" is "$(state_of life)" "exited 143"
n start life
ok "it starts again" is "$(state_of life)" "running 0"
n kill life
wait_until eval '[ "$(state_of life)" = "exited 137" ]'
ok "kill" is "$(state_of life)" "exited 137"
n rm life
ok "rm" is "$status" 0
ok "nothing is left" is "$(leavings)" ""
finish
