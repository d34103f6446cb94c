// The file systems of a container: from config.json's root and mounts to one tree, ready to be "/".
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

struct MountContext {
  std::string bundle;                 // directory that relative paths of config.json start from
  std::span<const os::Fd> id_mapped;  // from open_id_mapped_sources()
};

// What the tree is made from of the host's: the root file system's directory, and the sources of bind
// mounts, each at its mount's place in config.json (not open for other mounts).
struct MountSources {
  os::Fd root_directory;
  std::vector<os::Fd> binds;
};

// Id-mapped bind mounts, each at its place in config.json, made by the process that is to clone init: only
// the owner of a file system may map its users, which no user namespace's root is. Empty where there are
// none. Throws Error.
std::vector<os::Fd> open_id_mapped_sources(const oci::RuntimeConfig& config,
                                           const MountContext& context);

// Requires: the mount namespace is the container's own; it is not cut off from the host's yet, or no
// mount can stay shared with it; the process still has the rights of whoever started it. Throws Error.
MountSources open_mount_sources(const oci::RuntimeConfig& config, const MountContext& context);

// Makes the tree in the current mount namespace and returns its root: what is mounted on it is
// complete, masked and read-only as the config says, and its working directory exists. Calls
// before_sysfs() each time before it makes what shows the network namespace of its maker.
// Requires: the mount namespace is cut off from the host's; the process owns what it makes. Throws
// Error.
os::Fd build_root(const oci::RuntimeConfig& config, MountSources sources,
                  const std::function<void()>& before_sysfs);

}  // namespace wherry::container
