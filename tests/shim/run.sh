#!/usr/bin/env bash
# How containerd starts a shim, asks what it is, and cleans up after it: run.sh BUILD_DIR
# The calls themselves are tested beside the code, and under real servers in tests/interop.
# shellcheck disable=SC2016,SC2317
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=tests/common.sh
source tests/common.sh "$1"

shim=$build/bin/containerd-shim-wherry-v1
# No containerd's: this name is part of every socket's.
address=$scratch/containerd.sock
flags=(-namespace wherry-test -address "$address" -publish-binary /bin/false)

bundle() { # NAME CONFIG
  mkdir -p "$scratch/$1" && printf '%s' "$2" >"$scratch/$1/config.json"
}
in_bundle() { # NAME COMMAND...
  local name=$1
  shift
  (cd "$scratch/$name" && "$@")
}
field() { # NUMBER TEXT: of a protobuf message, shorter than 128 bytes
  # shellcheck disable=SC2059
  printf "\\$(printf %03o $(($1 << 3 | 2)))\\$(printf %03o ${#2})%s" "$2"
}
server_of() { # SOCKET: the pid of its shim
  pgrep -f "^$shim .*-socket $1 serve" | head -n 1
}
has_ended() { ! grep -q '^State:[^Z]*$' "/proc/$1/status" 2>/dev/null; } # PID; its descriptors are closed then
kill_server() { # SOCKET
  local pid
  pid=$(server_of "$1")
  kill -KILL "$pid" && wait_until has_ended "$pid"
}
end_servers() {
  local pid
  for pid in $(pgrep -f "^$shim .*-address $address "); do kill -KILL "$pid"; done
}
is_quick() { # REPEATS COMMAND...: each under 20 ms, on a machine that is busy
  local repeats=$1 began i
  shift
  began=$(date +%s%N)
  for ((i = 0; i < repeats; ++i)); do "$@" </dev/null >/dev/null || return; done
  [ $((($(date +%s%N) - began) / repeats)) -lt 20000000 ]
}

# What it is: asked for by containerd 2.2 and later before every container
run "$shim" -info </dev/null
ok "it says what it is" eval '[ "$status" = 0 ] && contains "$out" io.containerd.wherry.v1 && contains "$out" ociVersionMax'
ok "and says nothing else" [ -z "$err" ]
ok "quickly" is_quick 20 "$shim" -info
run "$shim" -v
ok "and its version" contains "$out" Version:

run "$shim" start
ok "a start without a namespace is an error" eval '[ "$status" = 1 ] && one_error "-namespace"'
run "$shim" -namespace n -id x -unheard start
ok "so is a flag nobody knows" one_error "unknown flag"
run in_bundle . "$shim" "${flags[@]}" -id one start </dev/null
ok "so is a start without a bundle" one_error config.json

if [ "$(id -u)" -ne 0 ]; then
  skip "starting a shim" "its socket is in /run/containerd, which is root's"
  finish
fi
[ -d /run/containerd/s ] || made='/run/containerd/s /run/containerd'
# shellcheck disable=SC2086
trap 'end_servers; [ -z "${made:-}" ] || rmdir $made 2>/dev/null; clean_up' EXIT

# containerd 1.6: the address, and nothing beside it. `run` returns once nobody holds its output open.
bundle one '{"annotations": {}}'
GRPC_ADDRESS='' run timeout 10 bash -c 'cd "$1" && shift && exec "$@" 2>&1' - "$scratch/one" "$shim" "${flags[@]}" -id one start </dev/null
ok "containerd 1.6 is answered with an address" eval '[[ "$status:$out" =~ ^0:unix:///run/containerd/s/[0-9a-f]{64}$ ]]'
one=${out#unix://}
ok "which is kept in the bundle" [ "$(cat "$scratch/one/address")" = "unix://$one" ]
ok "its socket is root's alone" [ "$(stat -c %a "$one")" = 600 ]
ok "and somebody serves it" eval '[ -n "$(server_of "$one")" ]'

# 1.7 to 2.2
bundle two '{"annotations": {"io.kubernetes.cri.sandbox-id": "pod"}}'
GRPC_ADDRESS=$address run in_bundle two "$shim" "${flags[@]}" -id two start </dev/null
ok "containerd 1.7 is answered with JSON" eval '[ "$(jq -r ".version, .protocol" <<<"$out" | xargs)" = "2 ttrpc" ]'
pod=$(jq -r .address <<<"$out")
ok "another container has another socket" [ "$pod" != "unix://$one" ]

# A pod has one shim.
bundle three '{"annotations": {"io.kubernetes.cri.sandbox-id": "pod"}}'
GRPC_ADDRESS=$address run in_bundle three "$shim" "${flags[@]}" -id three start </dev/null
ok "a second container of a pod has its shim" [ "$(jq -r .address <<<"$out")" = "$pod" ]
ok "and there is one" [ "$(pgrep -fc "^$shim .*-socket ${pod#unix://} serve")" = 1 ]

# 2.3
bundle four '{}'
mkdir "$scratch/s"
{ field 1 four && field 2 wherry-test && field 6 "$address" && field 9 "$scratch/s"; } >"$scratch/params"
GRPC_ADDRESS=$address run in_bundle four "$shim" "${flags[@]}" -id four start <"$scratch/params"
ok "containerd 2.3 is answered with protobuf" contains "$(head -c 2 "$scratch/.out" | xxd -p)" 0803
ok "with a socket where it wants one" contains "$out" "unix://$scratch/s/"

# Options that look like parameters
bundle five '{}'
{ field 1 containerd.runc.v1.Options && field 2 wherry-test; } >"$scratch/options"
GRPC_ADDRESS=$address run in_bundle five "$shim" "${flags[@]}" -id five start <"$scratch/options"
ok "options are not taken for parameters" eval '[ "$(jq -r .version <<<"$out")" = 2 ]'

# A shim that was killed
kill_server "$one"
GRPC_ADDRESS='' run in_bundle one "$shim" "${flags[@]}" -id one start </dev/null
ok "a socket that nobody serves is taken over" eval '[ "$out" = "unix://$one" ] && [ -n "$(server_of "$one")" ]'
kill_server "$one"
printf 4711 >"$scratch/one/init.pid"
run in_bundle one "$shim" "${flags[@]}" -id one -bundle "$scratch/one" delete </dev/null
# pid = 4711, exit_status = 137
ok "what it left is cleaned up, and its end told" contains "$(xxd -p "$scratch/.out")" 08e724108901
ok "its socket too" [ ! -e "$one" ]
ok "quickly" is_quick 20 in_bundle one "$shim" "${flags[@]}" -id one delete
rm -f "${pod#unix://}" "/run/containerd/s/$(basename "$(cut -d/ -f3- <"$scratch/five/address")")"

finish
