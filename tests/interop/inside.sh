#!/usr/bin/env bash
# What tests/interop runs inside a root: inside.sh containerd|docker COMMAND...
# In /shared: bin (the build's programs), tests, packaging, contexts, and logs, where the servers' logs are left.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/interop/servers.sh
source "$here/servers.sh"
what=$1
shift

start_containerd || {
  echo "containerd does not start" >&2
  show_logs >&2
  exit 1
}
if [ "$what" = docker ]; then
  # shellcheck disable=SC2119 # without options
  start_dockerd || {
    echo "dockerd does not start" >&2
    show_logs >&2
    exit 1
  }
fi
namespace=default
[ "$what" = containerd ] || namespace=moby
import_images $namespace probe-native:linux/amd64 probe-wasm:wasi/wasm || exit
export containerd dockerd
"$@"
status=$?
cp /tmp/*.log /shared/logs/
exit $status
