// How a tree is built that an image may have filled with traps.
//
// The root file system is somebody else's: "/proc" in it may be a link to "/../../etc", a mount
// target may not exist, a bind source may be a file. Every target is therefore resolved by openat2
// with the new root as "/", made there if it is missing, and mounted on as a descriptor. The root
// is attached to root.path only inside this mount namespace; the host never sees it.
#include "container/runtime/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "container/runtime/id_map_option.h"
#include "container/runtime/id_ranges.h"
#include "container/runtime/mount_cgroup.h"
#include "container/runtime/mount_devices.h"
#include "container/runtime/mount_options.h"
#include "container/runtime/mount_target.h"
#include "os/copy_tree.h"
#include "os/mount.h"
#include "os/namespaces.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

// A file system that is made from directories of the host gets them as descriptors: no path of the
// host is then to be read in the guest's /proc/self/mountinfo, and none is too long for an option.
class OverlayDirectories {
 public:
  std::string handle(const std::string& path) {
    int fd = sys([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
                 "open '{}'", path);
    held_.emplace_back(fd);
    return fmt::format("/proc/self/fd/{}", fd);
  }

 private:
  std::vector<os::Fd> held_;
};

// Layers of lowerdir are separated by ':', which '\' escapes.
std::string overlay_option(const std::string& option, OverlayDirectories& directories) {
  std::size_t equals = option.find('=');
  if (equals == std::string::npos) return option;
  std::string key = option.substr(0, equals);
  if (key != "lowerdir" && key != "upperdir" && key != "workdir") return option;
  std::string result = key + "=";
  std::string path;
  for (std::size_t i = equals + 1; i <= option.size(); ++i) {
    bool end = i == option.size() || (option[i] == ':' && key == "lowerdir");
    if (end) {
      if (result.back() != '=') result += ':';
      result += directories.handle(path);
      path.clear();
    } else {
      if (option[i] == '\\' && i + 1 < option.size()) ++i;
      path += option[i];
    }
  }
  return result;
}

os::Fd make_filesystem(const oci::RuntimeMount& mount, const MountOptions& options) {
  if (mount.type != "overlay") {
    return os::new_filesystem(mount.type, mount.source, split_options(options.data), options.set);
  }
  OverlayDirectories directories;
  std::vector<std::string> data;
  for (const std::string& option : options.data)
    data.push_back(overlay_option(option, directories));
  return os::new_filesystem(mount.type, "overlay", data, options.set);
}

// The time of access is one field of several values: it is changed where it is cleared.
constexpr std::uint64_t kAccessTime = MOUNT_ATTR__ATIME;

void set_attributes(const os::Fd& mount, const MountOptions& options, os::Subtree subtree) {
  if (std::uint64_t cleared = options.clear & ~(options.clear_below | kAccessTime)) {
    os::change_mount(mount.get(), {.clear = cleared}, os::Subtree::Only);
  }
  if (std::uint64_t cleared = options.clear_below | (options.clear & kAccessTime);
      options.set | cleared) {
    os::change_mount(mount.get(), {.set = options.set, .clear = cleared}, subtree);
  }
}

// A copy of the host's mounts. Unless it is asked for, nothing that is mounted there later comes in
// (slave), and nothing of ours goes out (shared).
os::Fd bind_source(const oci::RuntimeMount& mount, const MountOptions& options,
                   const MountContext& context, const os::Fd& ids = {}) {
  std::string source =
      mount.source.starts_with('/') ? mount.source : context.bundle + "/" + mount.source;
  auto subtree = options.recursive ? os::Subtree::Recursive : os::Subtree::Only;
  os::Fd tree = os::clone_tree(AT_FDCWD, source, subtree);
  if (ids.is_open()) {
    os::map_ids(tree.get(), ids.get(),
                options.ids_recursive ? os::Subtree::Recursive : os::Subtree::Only);
  }
  if (options.propagation != MS_SHARED) {
    const std::uint64_t link = options.propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
    os::change_mount(tree.get(), {.propagation = link}, subtree);
  }
  set_attributes(tree, options, subtree);
  return tree;
}

bool is_id_mapped(const oci::RuntimeMount& mount, const MountOptions& options) {
  return options.id_mapped || !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
}

// The user namespace whose maps a mount goes by: its own, or else the container's.
os::Fd id_map_of(const oci::RuntimeMount& mount, const MountOptions& options,
                 const oci::RuntimeLinux& section) {
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    fail(ErrorKind::InvalidArgument, "uidMappings and gidMappings belong together");
  }
  if (options.id_maps && !mount.uid_mappings.empty()) {
    fail(ErrorKind::InvalidArgument,
         "its ids are mapped by uidMappings or by an option, not by both");
  }
  if (options.id_maps) {
    const IdMaps maps = in_context([] { return std::string("option 'idmap'"); },
                                   [&] { return parse_id_map_option(*options.id_maps, section); });
    return os::make_user_namespace(ranges_of(maps.users), ranges_of(maps.groups));
  }
  if (!mount.uid_mappings.empty()) {
    return os::make_user_namespace(ranges_of(mount.uid_mappings), ranges_of(mount.gid_mappings));
  }
  for (const oci::RuntimeNamespace& space : section.namespaces) {
    if (space.type != "user") continue;
    if (space.path.empty()) {
      return os::make_user_namespace(ranges_of(section.uid_mappings),
                                     ranges_of(section.gid_mappings));
    }
    return os::Fd(sys([&] { return ::open(space.path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'",
                      space.path));
  }
  fail(ErrorKind::InvalidArgument,
       "'idmap' without uidMappings and gidMappings needs a user namespace to take them from");
}

// Views of the kernel that it refuses to a user namespace which does not see all of the host's, as
// inside another container, or in the host's network. A Wasm guest can do without.
bool may_be_missing(const oci::RuntimeMount& mount) {
  constexpr std::array kViews = {"proc", "sysfs", "mqueue"};
  return std::ranges::find(kViews, mount.type) != kViews.end();
}

// Of a mount that is there already, as its options say.
void remount(int root, const oci::RuntimeMount& mount, const MountOptions& options) {
  os::Fd target = os::open_at(root, mount.destination, {.flags = O_PATH});
  set_attributes(target, options, os::Subtree::Only);
}

// What a new file system hides is copied into it before.
void copy_up(int hidden, int tree, const MountOptions& options) {
  os::copy_contents(hidden, tree);
  struct stat status{};
  sys([&] { return ::fstat(hidden, &status); }, "stat a directory");
  sys([&] { return ::fchownat(tree, "", status.st_uid, status.st_gid, AT_EMPTY_PATH); },
      "give a mount to user {}", status.st_uid);
  if (std::ranges::none_of(split_options(options.data),
                           [](auto& option) { return option.starts_with("mode="); })) {
    sys([&] { return ::fchmodat(tree, ".", status.st_mode & 07777, 0); }, "set a mount's mode");
  }
}

// What is mounted; nothing where the kernel does not permit it and the guest can do without.
std::optional<os::Fd> make_mount(const oci::RuntimeMount& mount, const MountOptions& options) {
  if (!may_be_missing(mount)) return make_filesystem(mount, options);
  return os::new_filesystem_if_permitted(mount.type, mount.source, split_options(options.data),
                                         options.set);
}

// What is to be filled further before it is made read-only: other mounts' places, nodes of devices.
using ReadOnlyLater = std::vector<os::Fd>;

void add_mount(int root, const oci::RuntimeMount& mount, os::Fd bound,
               const oci::RuntimeConfig& config, ReadOnlyLater& later) {
  MountOptions options = sort_mount_options(mount.options);
  if (options.remount && !options.bind) return remount(root, mount, options);
  if (is_cgroup_mount(mount) && !options.bind) {
    return add_cgroup_mount(root, mount, options, config);
  }
  const bool is_tmpfs = mount.type == "tmpfs" && !options.bind;
  const bool read_only_later = is_tmpfs && (options.set & MOUNT_ATTR_RDONLY);
  if (read_only_later) options.set &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  std::optional<os::Fd> tree = options.bind ? std::move(bound) : make_mount(mount, options);
  if (!tree) {
    make_target(root, mount.destination, true);
    return;
  }
  os::Fd target = make_target(root, mount.destination, is_directory(tree->get()));
  if (options.copy_up && is_tmpfs) copy_up(target.get(), tree->get(), options);
  os::attach_mount(tree->get(), target.get());
  if (options.propagation) {
    os::change_mount(tree->get(), {.propagation = options.propagation},
                     options.propagation_recursive ? os::Subtree::Recursive : os::Subtree::Only);
  }
  if (read_only_later) later.push_back(std::move(*tree));
}

// Paths that the guest is not to read: a file shows as /dev/null, a directory as an empty one.
void mask(int root, const std::string& path) {
  os::OpenResult target = os::try_open_at(root, path.c_str(), {.flags = O_PATH});
  if (!target.fd.is_open()) {
    if (target.error == ENOENT || target.error == ENOTDIR || target.error == EACCES) return;
    fail_errno(target.error, "mask '{}'", path);
  }
  os::Fd cover = is_directory(target.fd.get())
                     ? os::new_filesystem("tmpfs", "tmpfs", {}, MOUNT_ATTR_RDONLY)
                     : os::clone_tree(AT_FDCWD, "/dev/null", os::Subtree::Only);
  os::attach_mount(cover.get(), target.fd.get());
}

void make_read_only(int root, const std::string& path) {
  os::OpenResult target = os::try_open_at(root, path.c_str(), {.flags = O_PATH});
  if (!target.fd.is_open()) {
    if (target.error == ENOENT || target.error == ENOTDIR || target.error == EACCES) return;
    fail_errno(target.error, "make '{}' read-only", path);
  }
  os::Fd copy = os::clone_tree(target.fd.get(), "", os::Subtree::Recursive);
  os::change_mount(copy.get(), {.set = MOUNT_ATTR_RDONLY}, os::Subtree::Recursive);
  os::attach_mount(copy.get(), target.fd.get());
}

// Read-only comes last: mount targets may have to be made first. Nothing of ours goes out by the root.
MountOptions root_options(const oci::RuntimeMount& mount) {
  MountOptions options = sort_mount_options(mount.options);
  options.set &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  options.propagation = 0;
  return options;
}

// A link would show the guest what the bundle does not name.
os::Fd open_root_directory(const oci::RuntimeConfig& config, const MountContext& context) {
  const std::string& given = config.root.path;
  std::string path = given.starts_with('/') ? given : context.bundle + "/" + given;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  os::Fd place(sys([&] { return ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC); },
                   "open the root file system '{}'", path));
  struct stat status{};
  sys([&] { return ::fstat(place.get(), &status); }, "stat the root file system '{}'", path);
  if (S_ISLNK(status.st_mode)) {
    fail(ErrorKind::InvalidArgument, "the root file system '{}' is a symbolic link", path);
  }
  if (!S_ISDIR(status.st_mode)) {
    fail(ErrorKind::InvalidArgument, "the root file system '{}' is no directory", path);
  }
  return place;
}

// The root itself: what a mount on "/" says, else the directory root.path.
os::Fd mount_root(const oci::RuntimeConfig& config, MountSources& sources) {
  os::Fd& place = sources.root_directory;
  os::Fd root;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const oci::RuntimeMount& mount = config.mounts[i];
    if (mount.destination != "/") continue;
    root = sources.binds[i].is_open() ? std::move(sources.binds[i])
                                      : make_filesystem(mount, root_options(mount));
  }
  if (!root.is_open()) {
    root = os::clone_tree(place.get(), "", os::Subtree::Recursive);
    os::change_mount(root.get(), {.propagation = MS_PRIVATE}, os::Subtree::Recursive);
  }
  os::attach_mount(root.get(), place.get());
  return root;
}

}  // namespace

std::vector<os::Fd> open_id_mapped_sources(const oci::RuntimeConfig& config,
                                           const MountContext& context) {
  std::vector<os::Fd> sources;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const oci::RuntimeMount& mount = config.mounts[i];
    MountOptions options = sort_mount_options(mount.options);
    if (!is_id_mapped(mount, options)) continue;
    in_context([&] { return fmt::format("mount '{}' id-mapped", mount.destination); },
               [&] {
                 if (!options.bind || mount.destination == "/") {
                   fail(ErrorKind::InvalidArgument, "only a bind mount can be");
                 }
                 sources.resize(config.mounts.size());
                 sources[i] = bind_source(mount, options, context,
                                          id_map_of(mount, options, config.linux_section));
               });
  }
  return sources;
}

MountSources open_mount_sources(const oci::RuntimeConfig& config, const MountContext& context) {
  MountSources sources;
  sources.root_directory = open_root_directory(config, context);
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const oci::RuntimeMount& mount = config.mounts[i];
    os::Fd& bound = sources.binds.emplace_back();
    const bool is_root = mount.destination == "/";
    MountOptions options = is_root ? root_options(mount) : sort_mount_options(mount.options);
    if (!options.bind) continue;
    if (i < context.id_mapped.size() && context.id_mapped[i].is_open()) {
      bound = os::Fd(sys([&] { return ::fcntl(context.id_mapped[i].get(), F_DUPFD_CLOEXEC, 0); },
                         "keep a mount"));
      continue;
    }
    in_context([&] { return fmt::format("mount '{}'", mount.destination); },
               [&] { bound = bind_source(mount, options, context); });
  }
  return sources;
}

os::Fd build_root(const oci::RuntimeConfig& config, MountSources sources,
                  const std::function<void()>& before_sysfs) {
  os::Fd root = mount_root(config, sources);
  ReadOnlyLater later;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const oci::RuntimeMount& mount = config.mounts[i];
    if (mount.destination == "/") continue;
    if (mount.type == "sysfs") before_sysfs();
    in_context([&] { return fmt::format("mount '{}'", mount.destination); },
               [&] { add_mount(root.get(), mount, std::move(sources.binds[i]), config, later); });
  }
  in_context([] { return std::string("fill /dev"); },
             [&] { add_default_devices(root.get(), config); });
  for (const oci::RuntimeDevice& device : config.linux_section.devices) {
    in_context([&] { return fmt::format("device '{}'", device.path); },
               [&] { add_device(root.get(), device); });
  }
  if (config.process.terminal) make_target(root.get(), "/dev/console", /*directory=*/false);
  os::OpenResult cwd =
      os::try_open_at(root.get(), config.process.cwd.c_str(), {.flags = O_PATH | O_DIRECTORY});
  if (!cwd.fd.is_open()) {
    os::make_directories(root.get(), config.process.cwd, 0755, os::Scope::InRoot);
  }
  for (const os::Fd& mount : later) {
    os::change_mount(mount.get(), {.set = MOUNT_ATTR_RDONLY}, os::Subtree::Only);
  }
  for (const std::string& path : config.linux_section.readonly_paths) {
    make_read_only(root.get(), path);
  }
  for (const std::string& path : config.linux_section.masked_paths) mask(root.get(), path);
  if (config.root.readonly) {
    os::change_mount(root.get(), {.set = MOUNT_ATTR_RDONLY}, os::Subtree::Only);
  }
  return root;
}

}  // namespace wherry::container
