// Mounts as descriptors (open_tree, fsopen, mount_setattr: Linux 5.12).
//
// A mount is made detached, given its attributes, and only then attached to a directory that is
// itself a descriptor. So a target inside an image's root file system is resolved by os/path_at,
// once, and no path is ever looked up twice. Everything throws Error. Thread safety: stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "os/fd.h"

namespace wherry::os {

// A new file system, detached. Options are "key=value" or "flag", as the file system knows them;
// attributes are MOUNT_ATTR_*. What the kernel says about a refusal is part of the Error.
Fd new_filesystem(const std::string& type, const std::string& source,
                  std::span<const std::string> options, std::uint64_t attributes);
// The same with a refusal for lack of rights (EPERM) as an outcome: nothing.
std::optional<Fd> new_filesystem_if_permitted(const std::string& type, const std::string& source,
                                              std::span<const std::string> options,
                                              std::uint64_t attributes);

// A copy of what is mounted at path (relative to directory), detached; the source of a bind mount.
// An empty path means directory itself.
enum class Subtree : bool { Only, Recursive };
Fd clone_tree(int directory, const std::string& path, Subtree subtree);
// The same with a path that is not there as an outcome: nothing.
std::optional<Fd> clone_tree_if_exists(int directory, const std::string& path, Subtree subtree);

// MOUNT_ATTR_* to set and to clear, and one of MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE or 0.
struct MountChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
};
void change_mount(int mount, const MountChange& change, Subtree subtree);

// Shows the files of a detached mount as those of other users: ids are mapped as by a user namespace
// (a descriptor), from the file system's, inside it, to the machine's, outside. Throws Error.
void map_ids(int mount, int user_namespace, Subtree subtree);

// Mounts what was detached on top of target (an open directory, or a file where mount is one).
void attach_mount(int mount, int target);

// Makes root, an attached mount, the process's "/" and its working directory; what was there before
// is gone from the mount namespace.
void pivot_into(int root);

}  // namespace wherry::os
