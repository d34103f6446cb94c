# shellcheck shell=bash disable=SC2154,SC2016,SC2317
# What only a look at the host can tell of a Wasm container under Podman. inside.sh sources it, as root.
# shellcheck source=tests/common.sh
source /shared/tests/common.sh /shared
# shellcheck source=tests/probe/host.sh
source /shared/tests/probe/host.sh
podman build --quiet --platform "$platform" -t probe "$context" >/dev/null || exit
start=(podman run -d --platform "$platform")

pid_of() { podman inspect --format '{{.State.Pid}}' "$1"; }
until_logged() { wait_until eval "podman logs '$1' 2>&1 | grep -q '$2'"; } # CONTAINER TEXT

# Who runs it
run podman run --rm --platform "$platform" probe
ok "an image of the platform runs with no option" is "$status:$out:$err" "0:hello:"
"${start[@]}" --name who probe sleep 600 >/dev/null
ok "its runtime is Wherry" is "$(podman inspect --format '{{.OCIRuntime}}' who)" wherry
ok "its process is the one Podman has the pid of" is "$(readlink "/proc/$(pid_of who)/exe")" /usr/local/bin/wherry-runtime
ok "which is the first of its namespace" grep -q "^NSpid:.*[[:space:]]1$" "/proc/$(pid_of who)/status"
podman rm --force --time 0 who >/dev/null

# Limits
if has_controllers; then
  "${start[@]}" --name limited --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20 probe sleep 600 >/dev/null
  pid=$(pid_of limited)
  ok "--memory is the cgroup's" is "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
  ok "--pids-limit is the cgroup's" is "$(limit "$pid" pids pids.max pids.max)" 20
  ok "--cpus is the cgroup's" grep -qE '^50000( 100000)?$' <<<"$(limit "$pid" cpu cpu.cfs_quota_us cpu.max)"
  run podman stats --no-stream --format '{{.MemUsage}}|{{.PIDs}}' limited
  ok "stats tells memory, its limit and processes" grep -qE '^[1-9][0-9.]*[kM]B / 67\.11MB\|1$' <<<"$out"
  if podman update --help 2>&1 | grep -q -- --memory; then
    run podman update --memory 128m --memory-swap 128m limited
    ok "update changes the limit" is "$status:$(limit "$pid" memory memory.limit_in_bytes memory.max)" 0:134217728
  fi
  podman rm --force --time 0 limited >/dev/null
  run podman run --rm --platform "$platform" --memory 64m --memory-swap 64m probe allocate 16
  ok "a guest within its memory limit" is "$status:$out" "0:allocated 16 MiB"
  run podman run --rm --platform "$platform" --memory 64m --memory-swap 64m probe allocate 256
  ok "a guest beyond it ends" eval '[[ $status -ne 0 && $out != *allocated* ]]'
else
  skip "limits" "no memory controller in this machine's cgroups"
fi

# Ends
for program in sleep spin; do
  "${start[@]}" --name ending probe $program 600 >/dev/null
  until_logged ending ing
  began=$(milliseconds)
  podman stop --time 10 ending >/dev/null
  took=$(took "$began")
  ok "stop of '$program' ends it by SIGTERM" is "$(podman inspect --format '{{.State.ExitCode}}' ending)" 143
  ok "and does not wait (took $took ms)" [ "$took" -lt 3000 ]
  podman rm ending >/dev/null
done
run podman run --rm --platform "$platform" probe trap
ok "a trap is exit code 134 and says what it was" eval '[[ $status = 134 && $err == *unreachable* ]]'

# Pause
"${start[@]}" --name paused probe spin >/dev/null
until_logged paused ing
run podman pause paused
ok "pause" is "$status" 0
before=$(ticks_of "$(pid_of paused)")
sleep 0.3
ok "a paused guest uses no time" is "$(ticks_of "$(pid_of paused)")" "$before"
run podman unpause paused
sleep 0.3
ok "an unpaused one does" [ "$(ticks_of "$(pid_of paused)")" -gt "$before" ]
podman rm --force --time 0 paused >/dev/null

# The other names and platforms
if podman --version | grep -qv ' 4\.[0-3]\.'; then
  for other in wasi/wasm32 wasip1/wasm wasip2/wasm; do
    podman build --quiet --no-cache --platform $other -t other "$context" >/dev/null
    run podman run --rm --platform $other other args
    ok "an image for $other runs" is "$status:$out" $'0:[/probe]\n[args]'
    podman rmi --force other >/dev/null
  done
  # Podman looks in /usr/bin first, where Debian's crun has a link of that name.
  mkdir /tmp/aside && mv /etc/containers/containers.conf.d/50-wherry.conf /tmp/aside/
  rm -f /usr/bin/crun-wasm
  run podman run --rm --platform "$platform" probe exit 9
  ok "the link crun-wasm alone is enough" is "$status:$err" "9:"
  mv /tmp/aside/50-wherry.conf /etc/containers/containers.conf.d/
fi
run podman --runtime wherry run --rm --platform linux/amd64 sidecar sh -c 'echo native; exit 4'
ok "a Linux image given to Wherry runs" is "$status:$out:$err" "4:native:"
run podman run --rm --runtime /usr/local/bin/wherry-runtime --platform "$platform" probe exit 8
[[ $err == *"unknown flag"* ]] && run podman --runtime /usr/local/bin/wherry-runtime run --rm --platform "$platform" probe exit 8
ok "named by its path" is "$status" 8

# After all that
podman rm --all --force --time 0 >/dev/null 2>&1
# What `run --rm` started cleans up behind it.
wait_until eval '! pgrep -f "wherry-runtime|conmon|probe"'
ok "no process is left" is "$(pgrep -fl 'wherry-runtime|conmon|probe')" ""
# What crun caches for itself in its folder of the state is not a container's.
ok "no state is left" is "$(find /run/wherry-runtime /run/crun -mindepth 1 ! -path '*/.linux@*' 2>/dev/null;
  find /run/wherry-runtime/.linux@* -mindepth 1 ! -path '*/.cache*' 2>/dev/null)" ""
ok "no cgroup is left" is "$(find /sys/fs/cgroup -type d -name 'libpod-*' ! -name '*conmon*')" ""
ok "no mount is left" is "$(grep -cE '/overlay/[^ ]*/merged ' /proc/self/mountinfo)" 0
finish
