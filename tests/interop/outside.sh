# shellcheck shell=bash disable=SC2154
# What run.sh and shell do on this machine: `source tests/interop/outside.sh` from the project's root, with $build and
# $scratch set.
#
# shellcheck source=tests/probe/contexts.sh
source tests/probe/contexts.sh

#   root_of SUITE         prints where that root is, made where it is not there yet
#   make_archives ROOT    for `ctr image import`: what those contexts' Dockerfiles say, without a builder
#   make_shared FOLDER    what tests/enter shows as /shared

root_of() {
  local packages=(containerd runc crun iptables nftables iproute2 procps busybox-static util-linux
    python3-minimal)
  [ "$1" = bookworm ] || packages+=(docker.io docker-cli docker-buildx docker-compose containernetworking-plugins
    python3-grpcio)
  tools/debian_root "$1" "interop-$1" "${packages[@]}"
}

make_archives() { # ROOT: where its busybox is
  local kind name platform applet
  mkdir -p "$scratch/contexts/sidecar/root/bin"
  cp "$1/bin/busybox" "$scratch/contexts/sidecar/root/bin/" || return
  for applet in sh cat sleep hostname; do ln -sf busybox "$scratch/contexts/sidecar/root/bin/$applet"; done
  tests/interop/make_archive docker.io/library/sidecar:latest linux/amd64 "$scratch/contexts/sidecar/root" \
    "$scratch/contexts/sidecar.tar" '{"Cmd": ["sleep", "1000000"], "Env": ["PATH=/bin"]}' || return
  for kind in native:probe-native:linux/amd64 wasm:probe-wasm:wasi/wasm; do
    IFS=: read -r kind name platform <<<"$kind"
    tests/interop/make_archive "docker.io/library/$name:latest" "$platform" "$scratch/contexts/$kind/root" \
      "$scratch/contexts/$name.tar" '{"Entrypoint": ["/probe"], "Env": ["SHAPE=round"], "WorkingDir": "/"}' || return
  done
  # The same module as a layer: runwasi's image, the CNCF's artifact, and that in an index.
  local module=$scratch/contexts/wasm/root/probe form
  for form in 'layered:{"Entrypoint": ["probe.wasm"], "Env": ["SHAPE=round"]}' artifact:artifact indexed:indexed; do
    tests/interop/make_archive "docker.io/library/probe-${form%%:*}:latest" wasip1/wasm "$module" \
      "$scratch/contexts/probe-${form%%:*}.tar" "${form#*:}" || return
  done
}

make_shared() {
  local program
  mkdir -p "$1"/{bin,tests,logs}
  for program in containerd-shim-wherry-v1 wherry-runtime wherry; do
    [ ! -f "$build/bin/$program" ] || cp "$build/bin/$program" "$1/bin/" || return
  done
  cp -r tests/common.sh tests/interop tests/probe "$1/tests/" && cp -r "$scratch/contexts" packaging "$1/" &&
    chmod -R a+rX "$1"
}
