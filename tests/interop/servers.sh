# shellcheck shell=bash disable=SC2034
# The servers inside a root of tests/enter: inside.sh and what it calls source it. /shared/bin comes first in their
# PATH, so a shim or a runtime of the build is the one they find.
#
#   start_containerd, start_dockerd      in the background; return when they answer, $containerd and $dockerd are the pids
#   end_server PID SIGNAL                ends one of them and waits for it
#   import_images NAMESPACE IMAGE...     of /shared/contexts
#   show_logs                            the ends of their logs, for one who looks for the reason of a failure
#
# They log to /tmp/containerd.log and /tmp/dockerd.log. What they keep is on a tmpfs: an overlay holds no overlays.

export PATH=/shared/bin:$PATH
containerd=${containerd:-} dockerd=${dockerd:-}

containerd_is() { # VERSION: its version is of that line
  containerd --version | grep -qE " v?${1//./\\.}\."
}

# CRI's part takes a while to start: it is there only where it is asked for.
configure_containerd() { # cri|plain
  local version=2 images='"io.containerd.grpc.v1.cri"' runtime='"io.containerd.grpc.v1.cri"' pause='sandbox_image =' split='' plugins='bin_dir = "/usr/lib/cni"'
  mkdir -p /etc/containerd
  if containerd_is 2; then
    version=3 images='"io.containerd.cri.v1.images"' runtime='"io.containerd.cri.v1.runtime"'
  fi
  if [ "$1" != cri ]; then
    printf 'version = %s\ndisabled_plugins = [%s, %s]\n' $version "$images" "$runtime" >/etc/containerd/config.toml
    return
  fi
  if [ $version = 3 ]; then
    pause='pinned_images.sandbox =' split="[plugins.$runtime]" plugins='bin_dirs = ["/usr/lib/cni"]'
  fi
  mkdir -p /etc/cni/net.d
  # A machine may have no right to lower a process's oom_score_adj.
  cat >/etc/containerd/config.toml <<TOML
version = $version
[plugins.$images]
$pause "docker.io/library/sidecar:latest"
$split
restrict_oom_score_adj = true
[plugins.$runtime.cni]
$plugins
conf_dir = "/etc/cni/net.d"
[plugins.$runtime.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.$runtime.containerd.runtimes.wherry]
runtime_type = "io.containerd.wherry.v1"
TOML
  cat >/etc/cni/net.d/10-pods.conflist <<'JSON'
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.78.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "loopback"}]}
JSON
}

# Waits until a command succeeds: at most about 20 seconds, and no longer than the server lives.
until_answers() { # PID COMMAND...
  local pid=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    [ $((tries += 1)) -le 200 ] && kill -0 "$pid" 2>/dev/null || return
    sleep 0.1
  done
}

mount_state() { # FOLDER
  mountpoint -q "$1" && return
  mkdir -p "$1" && mount -t tmpfs -o mode=711 tmpfs "$1"
}

start_containerd() {
  mount_state /var/lib/containerd
  [ -f /tmp/containerd.log ] || configure_containerd plain
  containerd --log-level "${LOG_LEVEL:-debug}" >>/tmp/containerd.log 2>&1 </dev/null &
  containerd=$!
  until_answers $containerd ctr version
}

start_dockerd() { # OPTION...
  mount_state /var/lib/docker
  [ -f /etc/docker/daemon.json ] || {
    mkdir -p /etc/docker
    echo '{"features": {"containerd-snapshotter": true}, "ip6tables": false}' >/etc/docker/daemon.json
  }
  dockerd --containerd /run/containerd/containerd.sock "$@" >>/tmp/dockerd.log 2>&1 </dev/null &
  dockerd=$!
  until_answers $dockerd docker version
}

# Puts images of /shared/contexts into a namespace of containerd: NAME:PLATFORM each.
import_images() { # NAMESPACE IMAGE...
  local namespace=$1 image options=()
  shift
  # containerd 2's transfer service unpacks nothing but Linux images, unless configured.
  [[ "$(ctr image import --help)" == *--local* ]] && options=(--local)
  for image in "$@"; do
    ctr --namespace "$namespace" image import "${options[@]}" --platform "${image#*:}" \
      "/shared/contexts/${image%:*}.tar" >/dev/null || return
  done
}

end_server() { # PID SIGNAL
  kill "-$2" "$1" || return
  while kill -0 "$1" 2>/dev/null; do sleep 0.02; done # it may be another shell's child
}

show_logs() {
  local log
  for log in /tmp/dockerd.log /tmp/containerd.log; do
    [ -f $log ] && printf -- '-- %s\n' $log && grep -vE 'level=(debug|info)' $log | tail -n 30
  done
}
