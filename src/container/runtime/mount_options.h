// The options of a mount, from config.json's list of strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  bool remount = false;                // changes the attributes of what is mounted there already
  bool copy_up = false;                // tmpcopyup: starts with what the image has there
  bool id_mapped = false;              // idmap, ridmap
  bool ids_recursive = false;          // ridmap
  std::optional<std::string> id_maps;  // of "idmap=…": see id_map_option.h
  std::vector<std::string> data;       // the file system's own: "mode=755"
  bool operator==(const MountOptions&) const = default;
};
MountOptions sort_mount_options(const std::vector<std::string>& options);

// Every option that is not a file system's own, sorted.
std::vector<std::string> mount_option_names();

// "mode=755,size=64k" is as good as two options, but for an overlay, whose paths may hold commas.
std::vector<std::string> split_options(const std::vector<std::string>& options);

}  // namespace wherry::container
