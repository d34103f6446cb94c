// The file systems of a container: from config.json's root and mounts to one tree, ready to be "/".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

// A mount's options, sorted by who understands them.
struct MountOptions {
  bool bind = false;
  bool recursive = false;         // rbind
  std::uint64_t set = 0;          // MOUNT_ATTR_*, for whatever is mounted below it as well
  std::uint64_t clear = 0;        // MOUNT_ATTR_*
  std::uint64_t clear_below = 0;  // of those, what goes from below as well ("rrw")
  std::uint64_t propagation = 0;  // MS_PRIVATE and the like, or 0
  bool propagation_recursive = false;
  bool remount = false;           // changes the attributes of what is mounted there already
  bool copy_up = false;           // tmpcopyup: starts with what the image has there
  bool id_mapped = false;         // idmap, ridmap
  std::vector<std::string> data;  // the file system's own: "mode=755"
  bool operator==(const MountOptions&) const = default;
};
MountOptions sort_mount_options(const std::vector<std::string>& options);

// Every option that is not a file system's own, sorted.
std::vector<std::string> mount_option_names();

struct MountContext {
  std::string bundle;  // directory that relative paths of config.json start from
};

// What the tree is made from of the host's: the root file system's directory, and the sources of bind
// mounts, each at its mount's place in config.json (not open for other mounts).
struct MountSources {
  os::Fd root_directory;
  std::vector<os::Fd> binds;
};

// Requires: the mount namespace is the container's own; it is not cut off from the host's yet, or no
// mount can stay shared with it; the process still has the rights of whoever started it. Throws Error.
MountSources open_mount_sources(const oci::RuntimeConfig& config, const MountContext& context);

// Makes the tree in the current mount namespace and returns its root: what is mounted on it is
// complete, masked and read-only as the config says, and its working directory exists.
// Requires: the mount namespace is cut off from the host's; the process owns what it makes. Throws
// Error.
os::Fd build_root(const oci::RuntimeConfig& config, MountSources sources);

}  // namespace wherry::container
