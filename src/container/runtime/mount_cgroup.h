// The control groups that a guest sees: mounts of type "cgroup" and "cgroup2".
//
// "cgroup" stands for what the machine has. Of v1 that is a small tmpfs with a directory for each
// hierarchy, which shows the container's own group alone; beside a v1 in use v2 is not shown, as no other
// runtime does. Of v2 it is the hierarchy, whose top is the container's own group where it has a cgroup
// namespace.
#pragma once

#include "container/runtime/mount_options.h"
#include "oci/runtime_config.h"

namespace wherry::container {

bool is_cgroup_mount(const oci::RuntimeMount& mount);

// Mounts it, its place made where it is missing, which is all that is done where there are no groups to
// be shown. Requires: this process is in the container's group and cgroup namespace. Throws Error.
void add_cgroup_mount(int root, const oci::RuntimeMount& mount, const MountOptions& options,
                      const oci::RuntimeConfig& config);

}  // namespace wherry::container
