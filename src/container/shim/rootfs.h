// A container's root file system: what containerd's snapshotter wants mounted, and undoing it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::shim {

// As mount(8) writes it: "ro", "nosuid", "lowerdir=/a:/b".
struct RootfsMount {
  std::string type;
  std::string source;
  std::string target;  // inside the root file system; empty for the root itself
  std::vector<std::string> options;
};

// The options of a mount as mount(2) takes them.
struct MountOptions {
  unsigned long flags = 0;
  unsigned long propagation = 0;  // MS_PRIVATE and the like, with MS_REC
  std::string data;
};
// Throws Error(Unimplemented) for those that are somebody else's work, as "loop".
MountOptions parse_mount_options(std::span<const std::string> options);

// An overlay's data holds a page at most: where all lower directories lie in one, they are named from
// there. Returns that directory, or an empty one where nothing was changed.
std::string shorten_overlay(std::string& data);

// Mounts them one on another at directory, which is made where it is missing. On failure none is left.
// Throws Error.
void mount_rootfs(const std::string& directory, std::span<const RootfsMount> mounts);
// Whatever is mounted there, and nothing where nothing is.
void unmount_rootfs(const std::string& directory) noexcept;

}  // namespace wherry::shim
