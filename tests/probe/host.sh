# shellcheck shell=bash
# What this machine tells of a process of a container:
#   ticks_of PID          its time on processors
#   limit PID V1_CONTROLLER V1_FILE V2_FILE   what that file of its cgroup holds
#   has_controllers       whether limits of memory can be tested here

ticks_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
limit() {
  local path
  path=$(sed -n "s/^[0-9]*:$2://p" "/proc/$1/cgroup")
  if [ -f "/sys/fs/cgroup/$2$path/$3" ]; then
    cat "/sys/fs/cgroup/$2$path/$3"
  else
    path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
    cat "/sys/fs/cgroup$path/$4"
  fi
}
has_controllers() { [ -d /sys/fs/cgroup/memory ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; }
