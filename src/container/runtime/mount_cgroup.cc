#include "container/runtime/mount_cgroup.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "container/runtime/mount_target.h"
#include "container/runtime/namespaces.h"
#include "os/cgroup.h"
#include "os/mount.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

bool is_cgroup2(const char* path) {
  struct statfs system{};
  return ::statfs(path, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

os::Fd bound(int directory, const std::string& path, std::uint64_t attributes) {
  os::Fd tree = os::clone_tree(directory, path, os::Subtree::Only);
  os::change_mount(tree.get(), {.set = attributes, .propagation = MS_PRIVATE}, os::Subtree::Only);
  return tree;
}

// Nothing where the machine has none. A namespace of the host's is not to be mounted in a user
// namespace: what the host has mounted is shown then.
std::optional<os::Fd> unified(const oci::RuntimeMount& mount, const MountOptions& options) {
  auto made = os::new_filesystem_if_permitted("cgroup2", mount.source, split_options(options.data),
                                              options.set);
  if (made) return made;
  for (const os::CgroupHierarchy& hierarchy : os::find_cgroups()) {
    if (hierarchy.is_v2()) return bound(AT_FDCWD, hierarchy.mount, options.set);
  }
  return std::nullopt;
}

// Nothing where the group is not to be seen from here.
std::optional<os::Fd> own_group(const os::CgroupHierarchy& hierarchy, std::uint64_t attributes,
                                bool in_namespace) {
  if (in_namespace) {
    const std::vector<std::string> which = split_options({hierarchy.controllers});
    return os::new_filesystem_if_permitted("cgroup", "cgroup", which, attributes);
  }
  auto group = os::CgroupFolder::open(hierarchy.mount, hierarchy.own);
  if (!group) return std::nullopt;
  return bound(group->get(), "", attributes);
}

// "cpu,cpuacct" is known by the names "cpu" and "cpuacct" too.
void link_controllers(int folder, const std::string& name, const std::string& controllers) {
  for (const std::string& controller : split_options({controllers})) {
    if (controller == name || controller.starts_with("name=")) continue;
    if (::symlinkat(name.c_str(), folder, controller.c_str()) != 0 && errno != EEXIST) {
      fail_errno(errno, "link '{}'", controller);
    }
  }
}

void add_hierarchies(int target, const MountOptions& options, bool in_namespace) {
  const std::uint64_t read_only = options.set & MOUNT_ATTR_RDONLY;
  const std::vector<std::string> small = {"mode=755", "size=1m"};
  os::Fd folder = os::new_filesystem("tmpfs", "tmpfs", small, options.set & ~read_only);
  os::attach_mount(folder.get(), target);
  for (const os::CgroupHierarchy& hierarchy : os::find_cgroups()) {
    if (hierarchy.is_v2()) continue;
    std::optional<os::Fd> group = own_group(hierarchy, options.set, in_namespace);
    if (!group) continue;
    const std::string name = hierarchy.mount.substr(hierarchy.mount.find_last_of('/') + 1);
    os::Fd place = make_target(folder.get(), name, true);
    os::attach_mount(group->get(), place.get());
    link_controllers(folder.get(), name, hierarchy.controllers);
  }
  if (read_only) os::change_mount(folder.get(), {.set = read_only}, os::Subtree::Only);
}

}  // namespace

bool is_cgroup_mount(const oci::RuntimeMount& mount) {
  return mount.type == "cgroup" || mount.type == "cgroup2";
}

void add_cgroup_mount(int root, const oci::RuntimeMount& mount, const MountOptions& options,
                      const oci::RuntimeConfig& config) {
  os::Fd target = make_target(root, mount.destination, true);
  if (mount.type == "cgroup" && !is_cgroup2("/sys/fs/cgroup")) {
    // In a cgroup namespace a new mount begins at the container's own group, and what else is to be seen of
    // the host's does not.
    return add_hierarchies(target.get(), options, has_namespace(config, "cgroup"));
  }
  if (auto tree = unified(mount, options)) os::attach_mount(tree->get(), target.get());
}

}  // namespace wherry::container
