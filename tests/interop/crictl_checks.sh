#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2016,SC2317
# A pod with a container of ours and a Linux sidecar, by crictl: crictl_checks.sh native|wasm. cri_checks.sh starts it.
set -uo pipefail
# shellcheck source=tests/interop/checks_common.sh
source /shared/tests/interop/checks_common.sh "$1"
handler=wherry
[ "$kind" = wasm ] || handler=runc
export CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock
export IMAGE_SERVICE_ENDPOINT=$CONTAINER_RUNTIME_ENDPOINT
c() { run timeout 60 crictl --timeout 30s "$@"; }
state_of() { c inspect -o go-template --template '{{.status.state}} {{.status.exitCode}}' "$1" && echo "$out"; }

mkdir -p /tmp/pod /tmp/pod-logs /run/containerd/runc/k8s.io # which runc keeps
cd /tmp/pod || exit
cat >pod.json <<'JSON'
{"metadata": {"name": "pod", "uid": "uid-1", "namespace": "default", "attempt": 1}, "hostname": "in-pod",
 "log_directory": "/tmp/pod-logs", "linux": {"cgroup_parent": "/wherry-pod"}}
JSON
cat >ours.json <<JSON
{"metadata": {"name": "ours"}, "image": {"image": "$image"}, "command": ["/probe", "later", "600"],
 "envs": [{"key": "COLOR", "value": "red"}], "log_path": "ours.log", "linux": {}}
JSON
cat >side.json <<'JSON'
{"metadata": {"name": "side"}, "image": {"image": "docker.io/library/sidecar:latest"},
 "command": ["sh", "-c", "echo beside; trap exit TERM; sleep 600 & wait"], "log_path": "side.log", "linux": {}}
JSON
remember

c runp --runtime "$handler" pod.json
pod=$out
ok "a pod" is "$status" 0
c create "$pod" ours.json pod.json
ours=$out
ok "a container of ours" is "$status" 0
c create "$pod" side.json pod.json
side=$out
ok "a Linux container beside it" is "$status" 0
c start "$ours"
ok "ours starts" is "$status" 0
c start "$side"
ok "so does the other" is "$status" 0
ok "one shim is theirs" is "$(pgrep -fc '^[^ ]*containerd-shim-[^ ]* .*-id ')" 1
wait_until eval '[ "$(crictl logs "$ours")" = waiting ]'
c logs "$ours"
ok "logs" is "$out" waiting
wait_until eval '[ "$(crictl logs "$side")" = beside ]'
c logs "$side"
ok "logs of the other" is "$out" beside
c ps -q
ok "both are listed" is "$(sort <<<"$out")" "$(printf '%s\n' "$ours" "$side" | sort)"
c exec -s "$ours" /probe args 'a b'
ok "exec" is "$status:$out" $'0:[/probe]\n[args]\n[a b]'
c exec "$ours" /probe env COLOR SHAPE
ok "exec through a stream, with the container's variables" is "$status:$out" $'0:COLOR=red\nSHAPE=round'
c exec -s "$ours" /probe exit 7
ok "an exit code" contains "$out$err" 7
c exec -s "$side" hostname
ok "exec in the other" is "$out" in-pod
c stats -o json "$ours"
ok "stats" eval '[[ "$(tr -d " \n" <<<"$out")" =~ workingSetBytes\":\{\"value\":\"[1-9] ]]'
began=$(milliseconds)
c stop --timeout 20 "$ours"
ok "stop ends ours by SIGTERM" [ "$(took "$began")" -lt 10000 ]
ok "its exit code is kept" is "$(state_of "$ours")" "CONTAINER_EXITED 143"
ok "the other goes on" contains "$(state_of "$side")" CONTAINER_RUNNING
c rm "$ours"
ok "ours is removed" is "$status" 0
c stopp "$pod"
c rmp "$pod"
ok "so is the pod, with the other" is "$status" 0
# That of the pod is the kubelet's, which makes it and takes it away.
find /sys/fs/cgroup -depth -name wherry-pod -exec rmdir {} +
ok "nothing is left" is "$(leavings)" ""
finish
