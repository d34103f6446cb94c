#!/usr/bin/env bash
# What tests/podman runs inside a root: inside.sh native|wasm|delegated, root|user, commands|checks.
# In /shared: bin (the build's programs), tests, packaging, and contexts/{native,wasm}.
#   native      a native program, run by crun: what the others are held to
#   wasm        the same program as a module, run by Wherry
#   delegated   a native program given to Wherry, which hands it on
set -uo pipefail
kind=$1 who=$2 what=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Podman chooses by the platform from 4.4 on.
by_platform() { ! podman --version | grep -q ' 4\.[0-3]\.'; }

set_up_machine() {
  mkdir -p /etc/containers/containers.conf.d
  cat >/etc/containers/containers.conf.d/90-test.conf <<'CONF'
[containers]
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
CONF
  case $kind in
    wasm) if by_platform; then /shared/packaging/install_podman /shared/bin; else
      /shared/packaging/install_podman --default /shared/bin
    fi ;;
    delegated) /shared/packaging/install_podman --default /shared/bin ;;
  esac
  mkdir -p /tmp/sidecar/bin
  cp /bin/busybox /tmp/sidecar/bin/
  for name in sh cat sleep hostname true id; do ln -s busybox "/tmp/sidecar/bin/$name"; done
  printf 'FROM scratch\nCOPY bin /bin\nENV PATH=/bin\n' >/tmp/sidecar/Dockerfile
  chmod -R a+rX /tmp/sidecar
}

become_user() {
  useradd --create-home tester
  mkdir -p /run/user/1000
  chown tester: /run/user/1000
  cd /home/tester || exit
  exec setpriv --reuid tester --regid tester --init-groups --reset-env \
    env HOME=/home/tester USER=tester XDG_RUNTIME_DIR=/run/user/1000 LC_ALL=C.UTF-8 PATH="$PATH" \
    "$here/inside.sh" "$kind" user "$what"
}

export PODMAN_IGNORE_CGROUPSV1_WARNING=1
if [ "$(id -u)" -eq 0 ]; then
  set_up_machine
  [ "$who" = user ] && become_user
fi
case $kind in
  wasm) context=/shared/contexts/wasm platform=wasi/wasm ;;
  *) context=/shared/contexts/native platform=linux/amd64 ;;
esac
export platform context who kind
cd "$HOME" || exit
podman build --quiet --platform linux/amd64 -t sidecar /tmp/sidecar >/dev/null || exit
if [ "$what" = commands ]; then
  # shellcheck source=tests/podman/commands.sh
  source "$here/commands.sh"
else
  # shellcheck source=tests/podman/checks.sh
  source "$here/checks.sh"
fi
