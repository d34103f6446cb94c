#!/usr/bin/env bash
# containerd's CRI, which is what Kubernetes sees of it: cri_checks.sh native|wasm [CHECKS]. inside.sh runs it in a root.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/interop/servers.sh
source "$here/servers.sh"
end_server "$containerd" TERM
configure_containerd cri
start_containerd || show_logs
import_images k8s.io probe-native:linux/amd64 probe-wasm:wasi/wasm sidecar:linux/amd64 \
  probe-artifact:wasip1/wasm || exit
exec "$here/${2:-cri_checks.py}" "$1"
