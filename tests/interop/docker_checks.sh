#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2016,SC2317
# What the transcripts cannot tell of a container under Docker: docker_checks.sh native|wasm. inside.sh runs it in a root.
set -uo pipefail
# shellcheck source=tests/interop/checks_common.sh
source /shared/tests/interop/checks_common.sh "$1"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/make_sidecar" || exit
guest=(--runtime "$runtime" --platform "$platform")
image=probe-$kind
d() { run timeout 60 docker "$@"; }
detached() { timeout 60 docker run -d "${guest[@]}" "$@" >/dev/null; } # OPTION... IMAGE ARGS...
state() { docker inspect --format "{{.State.$2}}" "$1"; }            # CONTAINER FIELD
pid_of() { state "$1" Pid; }
has() { [ "$(state "$1" "$2")" = "$3" ]; }
logged() { wait_until eval "docker logs '$1' 2>&1 | grep -q '$2'"; }
gone() { docker rm --force "$@" >/dev/null 2>&1; }
# Containers that there were nothing to start with.
d run --rm "${guest[@]}" "$image"
ok "it runs" is "$status:$out:$err" "0:hello:"
remember

# Who runs it
detached --name who -p 8767:80 "$image" sleep 600
pid=$(pid_of who)
ok "its shim is the one asked for" [ "$(pgrep -cf "$shim .*-id $(docker inspect --format '{{.Id}}' who)")" -ge 1 ]
ok "its process is the first of its namespace" grep -q "^NSpid:.*[[:space:]]1$" "/proc/$pid/status"

# Networks: what the guest has is wired, and its port is passed on
address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' who)
run nsenter -t "$pid" -n ip -4 -o address show dev eth0
ok "its interface has the address" contains "$out" " $address/"
nsenter -t "$pid" -n timeout 20 busybox nc -l -p 80 -e echo served &
server=$!
wait_until grep -q ':0050 .* 0A ' "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6"
run busybox nc -w 5 127.0.0.1 8767
ok "its port is published" is "$out" served
wait $server
gone who

# Limits
if has_controllers; then
  detached --name limited --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20 "$image" sleep 600
  pid=$(pid_of limited)
  ok "--memory is the cgroup's" is "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
  ok "--pids-limit is the cgroup's" is "$(limit "$pid" pids pids.max pids.max)" 20
  ok "--cpus is the cgroup's" grep -qE '^50000( 100000)?$' <<<"$(limit "$pid" cpu cpu.cfs_quota_us cpu.max)"
  docker update --memory 128m --memory-swap 128m --cpus 0.25 --pids-limit 30 limited >/dev/null
  ok "update changes memory" is "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 134217728
  ok "and processor time" grep -qE '^25000( 100000)?$' <<<"$(limit "$pid" cpu cpu.cfs_quota_us cpu.max)"
  ok "and processes" is "$(limit "$pid" pids pids.max pids.max)" 30
  gone limited
  detached --name greedy --memory 64m --memory-swap 64m "$image" allocate 256
  wait_until has greedy Status exited
  ok "a guest beyond its memory ends" eval '[ "$(state greedy ExitCode)" -ne 0 ]'
  ok "and did not get it" eval '! docker logs greedy 2>&1 | grep -q allocated'
  gone greedy
else
  skip "limits" "no memory controller in this machine's cgroups"
fi

# Numbers of a busy one
detached --name busy "$image" spin
logged busy spinning
d stats --no-stream --format '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' busy
ok "stats has real numbers" grep -qE '^[0-9]*[1-9][0-9]*\.[0-9]+% [1-9][0-9.]*[kKM]i?B / .* [1-9][0-9]*$' <<<"$out"
d pause busy
ok "pause" is "$status:$(state busy Status)" 0:paused
before=$(ticks_of "$(pid_of busy)")
sleep 0.3
ok "a paused guest uses no time" is "$(ticks_of "$(pid_of busy)")" "$before"
docker unpause busy >/dev/null
sleep 0.3
ok "an unpaused one does" [ "$(ticks_of "$(pid_of busy)")" -gt "$before" ]
began=$(milliseconds)
d stop --time 10 busy
took=$(took "$began")
ok "stop of a spinning one ends it by SIGTERM" is "$(state busy ExitCode)" 143
ok "and does not wait ($took ms)" [ "$took" -lt 3000 ]
d start busy
d pause busy
d kill busy
ok "a paused one can be killed" wait_until has busy Status exited
gone busy

if [ "$kind" = wasm ]; then
  d run "${guest[@]}" --name trapped "$image" trap
  ok "a trap says what it was" eval '[[ $status = 134 && $err == *unreachable* ]]'
  d logs trapped
  ok "and docker logs has it" contains "$err" unreachable
  gone trapped
  d run --rm "${guest[@]}" --entrypoint /srv/relative.txt "$image"
  ok "what is no module is an error" eval '[[ $status = 126 && $err == *relative.txt* ]]'
  d run --rm --runtime "$runtime" probe-native exit 6
  ok "a Linux image is handed on" is "$status:$err" "6:"
  docker buildx build --quiet --load --platform linux/amd64 -t mislabelled /shared/contexts/wasm >/dev/null 2>&1
  d run --rm --runtime "$runtime" mislabelled
  ok "a module in an image for Linux runs" is "$status:$out:$err" "0:hello:"
  ln -s "$shim" /shared/bin/containerd-shim-wasmedge-v1
  d run --rm --runtime=io.containerd.wasmedge.v1 --platform=wasi/wasm "$image"
  ok "the article's own command" is "$status:$out:$err" "0:hello:"
  rm /shared/bin/containerd-shim-wasmedge-v1
fi

# A module that is a layer of its image, or an artifact, which has no command of its own
layered() { # IMAGE OPTION... : a probe in it, to its end
  local image=$1
  shift
  d run --rm --runtime "$runtime" --platform wasip1/wasm "$@" "$image" "${command[@]}"
}
if [ "$kind" = native ]; then
  skip "modules as layers" "no native program is one"
elif docker version --format '{{.Server.Version}}' | grep -qE '^2[0-6]\.'; then
  skip "modules as layers" "Docker tells containerd the image of a container from 27.0 on"
else
  import_images moby probe-{layered,artifact,indexed}:wasip1/wasm
  command=()
  layered probe-layered
  ok "a module that is a layer runs" is "$status:$out:$err" "0:hello:"
  command=(exit 5)
  layered probe-layered --entrypoint 'probe.wasm#_start'
  ok "and a function of it" is "$status" 5
  for form in artifact indexed; do
    command=(/ args x)
    layered "probe-$form"
    ok "so does one that is an artifact ($form)" is "$status:$out" $'0:[/]\n[args]\n[x]'
  done
  command=('#nothing')
  layered probe-artifact
  ok "what it does not export is an error" eval '[[ $status = 126 && $err == *"exports no function '"'nothing'"'"* ]]'
  detached --name layered --platform wasip1/wasm probe-artifact / later 600
  d exec layered / exit 9
  ok "exec of the same name is the same module" is "$status" 9
  gone layered
  docker image rm --force probe-{layered,artifact,indexed} >/dev/null 2>&1
fi
if [ "$kind" = wasm ]; then
  d run --rm --runtime "$runtime" --entrypoint /missing probe-native
  ok "a Linux program that is missing is one" eval '[[ $status = 127 && $err == *"/missing"*"not found"* ]]'
  d run --rm "${guest[@]}" --entrypoint 'probe#_start' "$image" exit 4
  ok "a function by a relative name" is "$status" 4
fi

# Fast output, and slow readers
docker run --rm "${guest[@]}" -v /shared/contexts/native/root/probe:/large:ro "$image" cat /large >/tmp/copy
ok "output arrives as it was" cmp -s /shared/contexts/native/root/probe /tmp/copy
detached --name counting "$image" count 50
ok "two followers see the same" eval \
  '[ "$(docker logs -f counting | tee /tmp/first | tail -n 1)" = 50 ] && docker logs counting | cmp -s - /tmp/first'
gone counting

# What it survives: the daemon with and without live-restore, containerd, the shim
detached --name survivor "$image" later 600
detached --name counter "$image" count 200
logged counter '^3$'
pid=$(pid_of survivor)
end_server "$containerd" KILL
start_containerd
ok "containerd is killed, and it goes on" kill -0 "$pid"
ok "which Docker knows" wait_until timeout 10 docker exec survivor /probe
d exec survivor /probe exit 8
ok "and can use" is "$status" 8
wait_until has counter Status exited
ok "logs go on" is "$(docker logs counter | tail -n 1):$(docker logs counter | wc -l)" 200:200
ok "an exit code is not lost" is "$(state counter ExitCode)" 0
gone counter

end_server "$dockerd" TERM
ok "without live-restore, the daemon takes it along" eval '! kill -0 "$pid" 2>/dev/null'
start_dockerd --live-restore || show_logs
ok "and has its exit code" is "$(state survivor Status):$(state survivor ExitCode)" exited:143
gone survivor

detached --name survivor "$image" later 600
detached --name counter "$image" count 150
detached --name ending "$image" later 4 7
ending=$(pid_of ending)
logged counter '^3$'
pid=$(pid_of survivor)
end_server "$dockerd" KILL
wait_until eval "! kill -0 $ending"
start_dockerd --live-restore
ok "the daemon is killed, and it goes on" kill -0 "$pid"
ok "and is known to the next one" is "$(state survivor Status):$(pid_of survivor)" "running:$pid"
d exec survivor /probe
ok "which can use it" is "$status:$out" "0:hello"
ok "one that ended meanwhile has its exit code" is "$(state ending Status):$(state ending ExitCode)" exited:7
wait_until has counter Status exited
# What a killed daemon had read and not written yet is lost, whoever the runtime is.
ok "its log goes on" is "$(docker logs counter | tail -n 1)" 150
d stop --time 5 survivor
ok "and it can be stopped" is "$(state survivor ExitCode)" 143
gone survivor counter ending

detached --name orphan "$image" later 600
logged orphan waiting
pid=$(pid_of orphan)
kill -KILL "$(pgrep -f "$shim .*-id $(docker inspect --format '{{.Id}}' orphan)" | head -n 1)"
ok "without its shim it is reported ended" wait_until has orphan Status exited
ok "and is" eval '! kill -0 "$pid" 2>/dev/null'
gone orphan

# Many
runs=${WHERRY_INTEROP_RUNS:-10} failures=0
began=$(milliseconds)
for ((i = 0; i < runs; ++i)); do
  d run --rm "${guest[@]}" "$image" exit 5
  [ "$status" -eq 5 ] || failures=$((failures + 1))
done
ok "$runs one after the other ($(($(took "$began") / runs)) ms each)" is $failures 0
parallel=${WHERRY_INTEROP_PARALLEL:-6}
for ((i = 0; i < parallel; ++i)); do
  { timeout 60 docker run --rm "${guest[@]}" "$image" args "$i" >"/tmp/beside-$i"; echo $? >>"/tmp/beside-$i"; } &
  beside[i]=$!
done
wait "${beside[@]}"
failures=0
for ((i = 0; i < parallel; ++i)); do
  [ "$(cat "/tmp/beside-$i")" = $'[/probe]\n[args]\n['"$i"$']\n0' ] || failures=$((failures + 1))
done
ok "$parallel beside each other" is $failures 0

ok "Docker knows of nothing" is "$(docker ps --all --quiet)" ""
ok "nothing is left" is "$(leavings)" ""
finish
