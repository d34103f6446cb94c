# shellcheck shell=bash disable=SC2034,SC2154
# For ctr_checks.sh and docker_checks.sh: `source checks_common.sh native|wasm`. With `native` the same checks are
# made of runc and a native program, which proves the checks.
#
#   remember, leavings           what is there now; what is there that was not then: nothing, at the end

kind=$1
# shellcheck source=tests/interop/servers.sh
source /shared/tests/interop/servers.sh
# shellcheck source=tests/common.sh
source /shared/tests/common.sh /shared
# shellcheck source=tests/probe/host.sh
source /shared/tests/probe/host.sh
case $kind in
  native) runtime=io.containerd.runc.v2 platform=linux/amd64 image=docker.io/library/probe-native:latest ;;
  wasm) runtime=io.containerd.wherry.v1 platform=wasi/wasm image=docker.io/library/probe-wasm:latest ;;
esac
shim="containerd-shim-$(cut -d. -f3 <<<"$runtime")-$(cut -d. -f4 <<<"$runtime")"

# What newer clients say of this machine is not about a container.
eval "$(declare -f run | sed '1s/run/run_any/')"
run() {
  run_any "$@"
  err=$(grep -v 'DEPRECATION: ' <<<"$err")
}

# Processes of shims, runtimes and guests, mounts of root file systems, cgroups, and files of state, one a line.
present() {
  pgrep -af '^[^ ]*(containerd-shim-|wherry-runtime|/probe|runc)' | sed 's/^[0-9]*/process/'
  grep -oE ' /run/[^ ]*/rootfs ' /proc/self/mountinfo | sed 's/^/mount/'
  # Docker's own group of a hierarchy is made with the first container and stays.
  find /sys/fs/cgroup -mindepth 2 -type d ! -name init ! -name docker ! -name default ! -name moby | sed 's/^/cgroup /'
  # What runc's shim leaves of its socket when it is killed is not ours to judge.
  [ "$kind" = native ] || find /run/containerd/s -mindepth 1 2>/dev/null | sed 's/^/socket /'
  find /run/wherry-runtime /run/containerd/runc /run/wherry /run/docker/runtime-* -mindepth 1 \
    ! -name moby ! -name default ! -path '*/.*' 2>/dev/null | sed 's/^/state /'
  find /run/containerd/io.containerd.runtime.v2.task -mindepth 2 -maxdepth 2 2>/dev/null | sed 's/^/bundle /'
}
remember() { present | sort >"$scratch/present"; }
leavings() { # what is ending may take a moment
  local tries=0 found
  while found=$(present | sort | comm -13 "$scratch/present" -) && [ -n "$found" ]; do
    [ $((tries += 1)) -le 60 ] || break
    sleep 0.05
  done
  printf '%s' "$found"
}
