#!/usr/bin/env bash
# Podman with Wherry, on Debian 12 (Podman 4.3) and Debian 13 (5.4): run.sh BUILD_DIR [SUITE...]
#
# The same podman commands (commands.sh) with a native program and with the same program as a Wasm module, as root and
# as an ordinary user: output and exit codes are the same. Then what the comparison cannot tell (checks.sh).
# Everything runs in roots of debootstrap's that tools/debian_root keeps; nothing of this machine is touched.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
here=tests/podman
# shellcheck source=tests/common.sh
source tests/common.sh "$1"
# shellcheck source=tests/probe/contexts.sh
source tests/probe/contexts.sh
shift
[ $# -gt 0 ] || set -- bookworm trixie

packages=(podman crun runc netavark aardvark-dns uidmap slirp4netns catatonit iptables nftables iproute2 procps
  busybox-static util-linux)

# inside ROOT NAME KIND WHO WHAT: in the background; the output is in $scratch/NAME.
inside() {
  local root=$1 name=$2 shared=$scratch/shared-$2
  shift 2
  mkdir -p "$shared"/{bin,tests,contexts}
  cp "$build/bin/wherry-runtime" "$shared/bin/"
  cp -r tests/common.sh tests/podman tests/probe "$shared/tests/"
  cp -r packaging "$shared/"
  cp -r "$scratch/contexts" "$shared/"
  chmod -R a+rX "$shared"
  timeout 300 tests/enter "$root" "$shared" /shared/tests/podman/inside.sh "$@" \
    >"$scratch/$name" 2>"$scratch/$name.err" </dev/null &
}

# What the native program gives depends on nothing of ours but these files.
native_transcript() { # SUITE WHO
  kept_transcript "podman-$1-$2" tests/enter $here/{commands.sh,inside.sh} tests/probe/{probe.c,*.sh} "$(cache)/podman-$1.packages"
}

compare() { # SUITE WHO
  tests/probe/compare "$1-wasm-$2" "$scratch/$1-native-$2" "$scratch/$1-wasm-$2" >"$scratch/$1-$2.compared"
}

needs_machines
make_contexts || exit
suites=()
for suite in "$@"; do
  extra=()
  [ "$suite" = trixie ] && extra=(passt)
  if why=$({ tools/debian_root "$suite" "podman-$suite" "${packages[@]}" "${extra[@]}" >"$scratch/$suite.root"; } 2>&1); then
    suites+=("$suite")
  else
    skip "Podman on Debian's $suite" "$why"
  fi
done

# All at once: what takes time is mostly waiting.
for suite in "${suites[@]}"; do
  root=$(cat "$scratch/$suite.root")
  for who in root user; do
    transcript=$(native_transcript "$suite" $who)
    if ! cp "$transcript" "$scratch/$suite-native-$who" 2>/dev/null; then
      inside "$root" "$suite-native-$who" native $who commands
    fi
    inside "$root" "$suite-wasm-$who" wasm $who commands
  done
  inside "$root" "$suite-checks" wasm root checks
done
wait
for suite in "${suites[@]}"; do
  for who in root user; do
    keep_transcript "$scratch/$suite-native-$who" "$(native_transcript "$suite" $who)"
    if ! compare "$suite" $who; then
      # With a terminal Podman loses a program's last words now and then, a native one's, too (once in sixty runs beside
      # others). What is wrong with ours is so again.
      echo "$suite, $who: not what the native program did; both once more:"
      head -n -1 "$scratch/$suite-$who.compared" | sed 's/^FAILED/DIFFERENT/'
      root=$(cat "$scratch/$suite.root")
      inside "$root" "$suite-native-$who" native $who commands
      inside "$root" "$suite-wasm-$who" wasm $who commands
      wait
      keep_transcript "$scratch/$suite-native-$who" "$(native_transcript "$suite" $who)"
      compare "$suite" $who
    fi
    count "$scratch/$suite-$who.compared"
  done
  count "$scratch/$suite-checks"
done
finish
