// How a tree is built that an image may have filled with traps.
//
// The root file system is somebody else's: "/proc" in it may be a link to "/../../etc", a mount
// target may not exist, a bind source may be a file. Every target is therefore resolved by openat2
// with the new root as "/", made there if it is missing, and mounted on as a descriptor. The root
// is attached to root.path only inside this mount namespace; the host never sees it.
#include "container/runtime/mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "os/copy_tree.h"
#include "os/mount.h"
#include "os/path_at.h"

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

// "mode=755,size=64k" is as good as two options, but for an overlay, whose paths may hold commas.
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
                   const MountContext& context) {
  std::string source =
      mount.source.starts_with('/') ? mount.source : context.bundle + "/" + mount.source;
  auto subtree = options.recursive ? os::Subtree::Recursive : os::Subtree::Only;
  os::Fd tree = os::clone_tree(AT_FDCWD, source, subtree);
  if (options.propagation != MS_SHARED) {
    const std::uint64_t link = options.propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
    os::change_mount(tree.get(), {.propagation = link}, subtree);
  }
  set_attributes(tree, options, subtree);
  return tree;
}

bool is_directory(int fd) {
  struct stat status{};
  sys([&] { return ::fstat(fd, &status); }, "stat a mount");
  return S_ISDIR(status.st_mode);
}

// The place for a mount, made where it is missing: a directory, or an empty file for a file.
os::Fd make_target(int root, const std::string& path, bool directory) {
  if (directory) return os::make_directories(root, path, 0755, os::Scope::InRoot);
  os::OpenResult there = os::try_open_at(root, path.c_str(), {.flags = O_PATH});
  if (there.fd.is_open()) return std::move(there.fd);
  if (there.error != ENOENT) fail_errno(there.error, "open '{}'", path);
  std::size_t slash = path.find_last_of('/');
  if (slash != 0 && slash != std::string::npos) {
    os::make_directories(root, path.substr(0, slash), 0755, os::Scope::InRoot);
  }
  return os::open_at(root, path, {.flags = O_WRONLY | O_CREAT | O_NOFOLLOW, .mode = 0644});
}

// Views of the kernel that it refuses to a user namespace which does not see all of the host's, as
// inside another container, or in the host's network. A Wasm guest can do without.
bool may_be_missing(const oci::RuntimeMount& mount) {
  constexpr std::array kViews = {"proc", "sysfs", "mqueue", "cgroup2"};
  return std::ranges::find(kViews, mount.type) != kViews.end();
}

bool is_cgroup2(const char* path) {
  struct statfs system{};
  return ::statfs(path, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
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
  if (options.set & MOUNT_ATTR_RDONLY) {
    os::change_mount(tree, {.set = MOUNT_ATTR_RDONLY}, os::Subtree::Only);
  }
}

// What is mounted; nothing where the kernel does not permit it and the guest can do without.
std::optional<os::Fd> make_mount(const oci::RuntimeMount& mount, const MountOptions& options) {
  if (mount.type == "cgroup") {
    // The name for whatever the machine has. Of the hierarchies of version 1 a guest sees none.
    if (!is_cgroup2("/sys/fs/cgroup")) return std::nullopt;
    oci::RuntimeMount unified = mount;
    unified.type = unified.source = "cgroup2";
    return make_mount(unified, options);
  }
  if (!may_be_missing(mount)) return make_filesystem(mount, options);
  return os::new_filesystem_if_permitted(mount.type, mount.source, split_options(options.data),
                                         options.set);
}

void add_mount(int root, const oci::RuntimeMount& mount, os::Fd bound) {
  MountOptions options = sort_mount_options(mount.options);
  if (options.id_mapped || !mount.uid_mappings.empty() || !mount.gid_mappings.empty()) {
    fail(ErrorKind::Unimplemented, "id-mapped mounts are not there yet");
  }
  if (options.remount && !options.bind) return remount(root, mount, options);
  const bool copies_up = options.copy_up && mount.type == "tmpfs" && !options.bind;
  std::optional<os::Fd> tree;
  if (options.bind) {
    tree = std::move(bound);
  } else {
    MountOptions first = options;
    if (copies_up) first.set &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
    tree = make_mount(mount, first);
  }
  if (!tree) {
    make_target(root, mount.destination, true);
    return;
  }
  os::Fd target = make_target(root, mount.destination, is_directory(tree->get()));
  if (copies_up) copy_up(target.get(), tree->get(), options);
  os::attach_mount(tree->get(), target.get());
  if (options.propagation) {
    os::change_mount(tree->get(), {.propagation = options.propagation},
                     options.propagation_recursive ? os::Subtree::Recursive : os::Subtree::Only);
  }
}

bool has_dev_tmpfs(const oci::RuntimeConfig& config) {
  for (const oci::RuntimeMount& mount : config.mounts) {
    if (mount.destination == "/dev" && mount.type == "tmpfs") return true;
  }
  return false;
}

struct Device {
  const char* name;
  unsigned minor;
  unsigned major = 1;
};

// A node of its own where that is allowed, which it is not in a user namespace: a mount each for the
// host's nodes costs more than the rest of /dev.
bool make_node(int dev, const Device& device) {
  return ::mknodat(dev, device.name, S_IFCHR | 0666, makedev(device.major, device.minor)) == 0;
}

// The devices every container has (config-linux.md, "Default Devices").
void add_devices(int root) {
  constexpr std::array kDevices = {Device{"null", 3},   Device{"zero", 5},    Device{"full", 7},
                                   Device{"random", 8}, Device{"urandom", 9}, Device{"tty", 0, 5}};
  os::Fd dev = os::open_at(root, "/dev", {.flags = O_PATH | O_DIRECTORY});
  for (const Device& device : kDevices) {
    if (make_node(dev.get(), device)) continue;
    std::string path = std::string("/dev/") + device.name;
    std::optional<os::Fd> node = os::clone_tree_if_exists(AT_FDCWD, path, os::Subtree::Only);
    if (!node) continue;  // a host without it, such as a bare chroot, has it not to give
    os::Fd target = make_target(root, path, false);
    os::attach_mount(node->get(), target.get());
  }
  struct Link {
    const char* target;
    const char* name;
  };
  constexpr std::array kLinks = {
      Link{"/proc/self/fd", "fd"},       Link{"/proc/self/fd/0", "stdin"},
      Link{"/proc/self/fd/1", "stdout"}, Link{"/proc/self/fd/2", "stderr"},
      Link{"pts/ptmx", "ptmx"},          Link{"/proc/kcore", "core"}};
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, dev.get(), link.name) != 0 && errno != EEXIST) {
      fail_errno(errno, "link '/dev/{}'", link.name);
    }
  }
}

struct NodeType {
  std::string_view name;
  mode_t mode;
};
constexpr NodeType kNodeTypes[] = {{"c", S_IFCHR}, {"u", S_IFCHR}, {"b", S_IFBLK}, {"p", S_IFIFO}};

mode_t node_type(const oci::RuntimeDevice& device) {
  for (const NodeType& known : kNodeTypes) {
    if (known.name == device.type) return known.mode;
  }
  fail(ErrorKind::InvalidArgument, "config.json: linux.devices: '{}' is of the unknown type '{}'",
       device.path, device.type);
}

// A node that the config asks for; what an image has in its place goes. Where nodes cannot be made it
// is the host's of the same path.
void add_device(int root, const oci::RuntimeDevice& device) {
  const mode_t type = node_type(device);
  std::size_t slash = device.path.find_last_of('/');
  std::string name = device.path.substr(slash + 1);
  if (!device.path.starts_with('/') || name.empty() || name == "." || name == "..") {
    fail(ErrorKind::InvalidArgument, "config.json: linux.devices: '{}' is no absolute path",
         device.path);
  }
  os::Fd parent = os::make_directories(root, slash == 0 ? "/" : device.path.substr(0, slash), 0755,
                                       os::Scope::InRoot);
  ::unlinkat(parent.get(), name.c_str(), 0);
  const mode_t mode = device.file_mode.value_or(0666) & 07777;
  if (::mknodat(parent.get(), name.c_str(), type | mode, makedev(device.major, device.minor)) ==
      0) {
    sys([&] { return ::fchownat(parent.get(), name.c_str(), device.uid, device.gid, 0); },
        "give '{}' to user {}", device.path, device.uid);
    sys([&] { return ::fchmodat(parent.get(), name.c_str(), mode, 0); }, "set the mode of '{}'",
        device.path);
    return;
  }
  if (errno != EPERM) fail_errno(errno, "make the node '{}'", device.path);
  auto node = os::clone_tree_if_exists(AT_FDCWD, device.path, os::Subtree::Only);
  if (!node) return;
  os::Fd target = make_target(root, device.path, false);
  os::attach_mount(node->get(), target.get());
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
    } else if (option == "idmap" || option == "ridmap") {
      sorted.id_mapped = true;
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
  std::vector<std::string> names = {"bind", "rbind", "remount", "tmpcopyup"};
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

MountSources open_mount_sources(const oci::RuntimeConfig& config, const MountContext& context) {
  MountSources sources;
  sources.root_directory = open_root_directory(config, context);
  for (const oci::RuntimeMount& mount : config.mounts) {
    os::Fd& bound = sources.binds.emplace_back();
    const bool is_root = mount.destination == "/";
    MountOptions options = is_root ? root_options(mount) : sort_mount_options(mount.options);
    if (!options.bind) continue;
    in_context([&] { return fmt::format("mount '{}'", mount.destination); },
               [&] { bound = bind_source(mount, options, context); });
  }
  return sources;
}

os::Fd build_root(const oci::RuntimeConfig& config, MountSources sources) {
  os::Fd root = mount_root(config, sources);
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const oci::RuntimeMount& mount = config.mounts[i];
    if (mount.destination == "/") continue;
    in_context([&] { return fmt::format("mount '{}'", mount.destination); },
               [&] { add_mount(root.get(), mount, std::move(sources.binds[i])); });
  }
  if (has_dev_tmpfs(config)) {
    in_context([] { return std::string("fill /dev"); }, [&] { add_devices(root.get()); });
  }
  for (const oci::RuntimeDevice& device : config.linux_section.devices) {
    in_context([&] { return fmt::format("device '{}'", device.path); },
               [&] { add_device(root.get(), device); });
  }
  os::OpenResult cwd =
      os::try_open_at(root.get(), config.process.cwd.c_str(), {.flags = O_PATH | O_DIRECTORY});
  if (!cwd.fd.is_open()) {
    os::make_directories(root.get(), config.process.cwd, 0755, os::Scope::InRoot);
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
