#!/usr/bin/env bash
# docker_transcript.sh native|wasm: what docker_commands.sh and compose_commands.sh show; inside.sh runs it.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case $1 in
  native) context=/shared/contexts/native platform=linux/amd64 runtime=io.containerd.runc.v2 ;;
  wasm) context=/shared/contexts/wasm platform=wasi/wasm runtime=io.containerd.wherry.v1 ;;
esac
export context platform runtime who=docker
cd "$HOME" || exit
"$here/make_sidecar" || exit
# shellcheck source=tests/interop/docker_commands.sh
source "$here/docker_commands.sh"
who=compose
# shellcheck source=tests/interop/compose_commands.sh
source "$here/compose_commands.sh"
