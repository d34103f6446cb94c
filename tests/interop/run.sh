#!/usr/bin/env bash
# The shim under real servers: run.sh BUILD_DIR [SUITE...]
#
# bookworm (containerd 1.6), trixie (containerd 1.7, Docker 26.1, Compose 2.26), sid (what Debian has now) and current
# (a newer containerd, in sid's root). In each, ctr_checks.sh; in all but bookworm, cri_checks.sh; in current, nerdctl_checks.sh
# and crictl_checks.sh where those clients can be had; where there is Docker, docker_checks.sh, and the same docker and
# compose commands with a native program under runc and with the same program as a Wasm module: output and exit codes are
# the same. In sid, those commands run where it is named.
# Everything runs in roots of debootstrap's that tools/debian_root keeps; nothing of this machine is touched.
# INTEROP_KIND=native makes the same checks of runc, which proves them.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/interop
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
# shellcheck source=tests/interop/outside.sh
source $here/outside.sh
shift
compared=" $* "
if [ $# -eq 0 ]; then
  set -- bookworm trixie sid current
  compared=' trixie '
fi
kind=${INTEROP_KIND:-wasm}

# inside ROOT NAME SERVERS COMMAND...: in the background; the output is in $scratch/NAME.
inside() {
  local root=$1 name=$2 servers=$3 command=$4 shared=$scratch/shared-$2
  shift 4
  make_shared "$shared" || return
  [ -z "${programs:-}" ] || cp -r "$programs/." "$scratch/clients/." "$shared/bin/" || return
  timeout 900 tests/enter "$root" "$shared" /shared/tests/interop/inside.sh "$servers" "/shared/$here/$command" "$@" \
    >"$scratch/$name" 2>"$scratch/$name.err" </dev/null &
  children+=($!)
}
children=()
trap 'kill "${children[@]}" 2>/dev/null; wait; exit 1' TERM INT

is_compared() { has_docker "$1" && [[ "$compared" == *" $1 "* ]]; }
has_docker() { [ "$1" = trixie ] || [ "$1" = sid ]; }

native_transcript() { # SUITE
  kept_transcript "interop-$1" tests/enter $here/{docker_*,compose_*,servers.sh,inside.sh,make_*,outside.sh} \
    tests/probe/{probe.c,*.sh} "$(cache)/interop-$1.packages"
}

compare() { # SUITE
  tests/probe/compare "$1" "$scratch/$1-native" "$scratch/$1-wasm" >"$scratch/$1-compared"
}

needs_machines
if [ ! -x "$build/bin/containerd-shim-wherry-v1" ] && [ "$kind" = wasm ]; then
  skip_all "this build has no containerd-shim-wherry-v1"
fi
make_contexts || exit
mkdir "$scratch/clients"
suites=() clients=()
for suite in "$@"; do
  root=$suite
  [ "$suite" = current ] && root=sid
  if why=$({
    root_of "$root" >"$scratch/$suite.root" &&
      { [ "$suite" != current ] || $here/current_containerd >"$scratch/programs"; }
  } 2>&1); then
    suites+=("$suite")
    [ -f "$scratch/contexts/sidecar.tar" ] || make_archives "$(cat "$scratch/$suite.root")" || exit
  else
    skip "the servers of $suite" "$(tail -n 1 <<<"$why")"
  fi
done
for client in nerdctl crictl; do
  [[ " $* " == *" current "* ]] || break
  if [[ " ${suites[*]} " != *" current "* ]]; then
    skip $client "there is no containerd for it"
  elif folder=$($here/go_client $client 2>"$scratch/why"); then
    cp "$folder/$client" "$scratch/clients/" || exit
    clients+=("$client")
  else
    skip $client "$(tail -n 1 "$scratch/why")"
  fi
done

# All at once: what takes time is mostly waiting.
for suite in "${suites[@]}"; do
  root=$(cat "$scratch/$suite.root")
  programs=''
  [ "$suite" = current ] && programs=$(cat "$scratch/programs")
  if [ "$suite" = bookworm ]; then  # which has the least else to do: its rows are long
    WHERRY_INTEROP_RUNS=${WHERRY_INTEROP_RUNS:-1000} WHERRY_INTEROP_PARALLEL=${WHERRY_INTEROP_PARALLEL:-50} \
      inside "$root" "$suite-ctr" containerd ctr_checks.sh "$kind"
  else
    inside "$root" "$suite-ctr" containerd ctr_checks.sh "$kind"
  fi
  [ "$suite" = bookworm ] || inside "$root" "$suite-cri" containerd cri_checks.sh "$kind"
  if [ "$suite" = current ]; then
    [[ " ${clients[*]} " == *" nerdctl "* ]] && inside "$root" nerdctl containerd nerdctl_checks.sh "$kind"
    [[ " ${clients[*]} " == *" crictl "* ]] && inside "$root" crictl containerd cri_checks.sh "$kind" crictl_checks.sh
  fi
  has_docker "$suite" || continue
  inside "$root" "$suite-docker" docker docker_checks.sh "$kind"
  is_compared "$suite" || continue
  [ "$kind" = wasm ] && inside "$root" "$suite-wasm" docker docker_transcript.sh wasm
  transcript=$(native_transcript "$suite")
  if [ -f "$transcript" ]; then
    cp "$transcript" "$scratch/$suite-native"
  else
    inside "$root" "$suite-native" docker docker_transcript.sh native
  fi
done
wait
for client in "${clients[@]}"; do count "$scratch/$client"; done
for suite in "${suites[@]}"; do
  count "$scratch/$suite-ctr"
  [ "$suite" = bookworm ] || count "$scratch/$suite-cri"
  has_docker "$suite" || continue
  count "$scratch/$suite-docker"
  is_compared "$suite" || continue
  if grep -q '^#### compose .* docker volume ls' "$scratch/$suite-native"; then
    cp "$scratch/$suite-native" "$(native_transcript "$suite")"
  else
    failed=$((failed + 1))
    printf 'FAILED the native commands broke off:\n%s\n' "$(tail -n 5 "$scratch/$suite-native" "$scratch/$suite-native.err")"
  fi
  [ "$kind" = wasm ] || continue
  if ! compare "$suite"; then
    # Docker's client loses a native program's last words now and then: what was kept of it may be what is wrong.
    echo "$suite: not what the native program did; that once more:"
    head -n -1 "$scratch/$suite-compared" | sed 's/^FAILED/DIFFERENT/'
    echo "$suite: what the commands that failed said:"
    tail -n 60 "$scratch/$suite-wasm.err"
    root=$(cat "$scratch/$suite.root") programs=''
    inside "$root" "$suite-native" docker docker_transcript.sh native
    wait
    compare "$suite" && cp "$scratch/$suite-native" "$(native_transcript "$suite")"
  fi
  count "$scratch/$suite-compared"
done
finish
