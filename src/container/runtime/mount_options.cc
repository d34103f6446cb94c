#include "container/runtime/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <string_view>

namespace wherry::container {
namespace {

struct OptionName {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};
// Each has a form that begins with 'r', for whatever is mounted below as well. A restriction reaches
// there in both forms.
constexpr OptionName kAttributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", 0, MOUNT_ATTR__ATIME},
    {"relatime", 0, MOUNT_ATTR__ATIME},
    {"norelatime", 0, 0},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", 0, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

// They mean something to other programs, or to kernels of old.
constexpr std::string_view kWithoutEffect[] = {"defaults",   "iversion", "loud",  "mand",
                                               "noiversion", "nomand",   "silent"};

struct PropagationName {
  std::string_view name;
  std::uint64_t flag;
};
constexpr PropagationName kPropagations[] = {{"private", MS_PRIVATE},
                                             {"slave", MS_SLAVE},
                                             {"shared", MS_SHARED},
                                             {"unbindable", MS_UNBINDABLE}};

// "rslave" and "slave" both give MS_SLAVE; 0 for what is no propagation.
std::uint64_t propagation_of(std::string_view name, bool& recursive) {
  for (const PropagationName& known : kPropagations) {
    if (name == known.name) return known.flag;
    if (name.size() == known.name.size() + 1 && name[0] == 'r' && name.substr(1) == known.name) {
      recursive = true;
      return known.flag;
    }
  }
  return 0;
}

// "idmap", "ridmap", either with maps behind it or not.
bool apply_id_map(std::string_view option, MountOptions& into) {
  const bool recursive = option.starts_with('r');
  if (recursive) option.remove_prefix(1);
  constexpr std::string_view kWithMaps = "idmap=";
  const bool has_maps = option.starts_with(kWithMaps);
  if (option != "idmap" && !has_maps) return false;
  into.id_mapped = true;
  into.ids_recursive |= recursive;
  if (has_maps) into.id_maps = option.substr(kWithMaps.size());
  return true;
}

bool apply_attribute(std::string_view option, MountOptions& into) {
  for (const OptionName& known : kAttributes) {
    const bool below = option.starts_with('r') && option.substr(1) == known.name;
    if (option != known.name && !below) continue;
    into.set = (into.set & ~known.clear) | known.set;
    into.clear = (into.clear & ~known.set) | known.clear;
    into.clear_below = (into.clear_below & ~known.set) | (below ? known.clear : 0);
    return true;
  }
  return false;
}

}  // namespace

MountOptions sort_mount_options(const std::vector<std::string>& options) {
  MountOptions sorted;
  for (const std::string& option : options) {
    if (option == "bind") {
      sorted.bind = true;
    } else if (option == "rbind") {
      sorted.bind = sorted.recursive = true;
    } else if (option == "remount") {
      sorted.remount = true;
    } else if (option == "tmpcopyup") {
      sorted.copy_up = true;
    } else if (apply_id_map(option, sorted)) {
      continue;
    } else if (std::ranges::find(kWithoutEffect, option) != std::end(kWithoutEffect)) {
      continue;
    } else if (std::uint64_t flag = propagation_of(option, sorted.propagation_recursive)) {
      sorted.propagation = flag;
    } else if (!apply_attribute(option, sorted)) {
      sorted.data.push_back(option);
    }
  }
  return sorted;
}

std::vector<std::string> mount_option_names() {
  // The last five the kernel takes for a file system of any type.
  std::vector<std::string> names = {"bind",  "rbind", "remount", "tmpcopyup", "idmap",     "ridmap",
                                    "async", "sync",  "dirsync", "lazytime",  "nolazytime"};
  for (std::string_view known : kWithoutEffect) names.emplace_back(known);
  for (const OptionName& known : kAttributes) {
    names.emplace_back(known.name);
    names.push_back("r" + std::string(known.name));
  }
  for (const PropagationName& known : kPropagations) {
    names.emplace_back(known.name);
    names.push_back("r" + std::string(known.name));
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> split_options(const std::vector<std::string>& options) {
  std::vector<std::string> split;
  for (const std::string& option : options) {
    for (std::size_t at = 0; at <= option.size();) {
      std::size_t comma = std::min(option.find(',', at), option.size());
      if (comma > at) split.push_back(option.substr(at, comma - at));
      at = comma + 1;
    }
  }
  return split;
}

}  // namespace wherry::container
