#include "container/runtime/mount_devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "container/runtime/mount_options.h"
#include "container/runtime/mount_target.h"
#include "os/mount.h"
#include "os/path_at.h"

namespace wherry::container {
namespace {

struct Device {
  const char* name;
  unsigned minor;
  unsigned major = 1;
};

constexpr std::array kDevices = {Device{"null", 3},   Device{"zero", 5},    Device{"full", 7},
                                 Device{"random", 8}, Device{"urandom", 9}, Device{"tty", 0, 5}};

struct Link {
  const char* target;
  const char* name;
};
constexpr std::array kLinks = {Link{"/proc/self/fd", "fd"},       Link{"/proc/self/fd/0", "stdin"},
                               Link{"/proc/self/fd/1", "stdout"}, Link{"/proc/self/fd/2", "stderr"},
                               Link{"pts/ptmx", "ptmx"},          Link{"/proc/kcore", "core"}};

// A root file system that is not to be written has what it has: a guest can do without the rest.
bool is_not_to_be_written(int error) { return error == EROFS || error == EACCES; }

bool is_bound(const oci::RuntimeConfig& config, std::string_view destination) {
  bool bound = false;
  for (const oci::RuntimeMount& mount : config.mounts) {
    if (mount.destination == destination) bound = sort_mount_options(mount.options).bind;
  }
  return bound;
}

// Not open where it is missing and cannot be made.
os::Fd open_dev(int root) {
  os::OpenResult there = os::try_open_at(root, "/dev", {.flags = O_PATH | O_DIRECTORY});
  if (there.fd.is_open()) return std::move(there.fd);
  if (::mkdirat(root, "dev", 0755) != 0 && is_not_to_be_written(errno)) return {};
  return os::open_at(root, "/dev", {.flags = O_PATH | O_DIRECTORY});
}

// 0, or what mknod says. What an image has in its place goes, unless it is that device.
int make_node(int dev, const Device& device) {
  const dev_t number = makedev(device.major, device.minor);
  auto make = [&] { return ::mknodat(dev, device.name, S_IFCHR | 0666, number) == 0 ? 0 : errno; };
  int error = make();
  if (error != EEXIST) return error;
  struct stat status{};
  sys([&] { return ::fstatat(dev, device.name, &status, AT_SYMLINK_NOFOLLOW); }, "stat '/dev/{}'",
      device.name);
  if (S_ISCHR(status.st_mode) && status.st_rdev == number) return 0;
  os::remove_all_at(dev, device.name);
  return make();
}

// A node of its own where that is allowed, which it is not in a user namespace: a mount each for the
// host's nodes costs more than the rest of /dev.
void add_default_device(int root, int dev, const Device& device) {
  int error = make_node(dev, device);
  if (error == 0 || is_not_to_be_written(error)) return;
  std::string path = std::string("/dev/") + device.name;
  std::optional<os::Fd> node = os::clone_tree_if_exists(AT_FDCWD, path, os::Subtree::Only);
  if (!node) return;  // a host without it, such as a bare chroot, has it not to give
  os::Fd target = make_target(root, path, false);
  os::attach_mount(node->get(), target.get());
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

}  // namespace

void add_default_devices(int root, const oci::RuntimeConfig& config) {
  if (is_bound(config, "/dev")) return;
  os::Fd dev = open_dev(root);
  if (!dev.is_open()) return;
  for (const Device& device : kDevices) add_default_device(root, dev.get(), device);
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, dev.get(), link.name) != 0 && errno != EEXIST &&
        !is_not_to_be_written(errno)) {
      fail_errno(errno, "link '/dev/{}'", link.name);
    }
  }
}

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
  const dev_t number = makedev(device.major, device.minor);
  if (::mknodat(parent.get(), name.c_str(), type | mode, number) == 0) {
    // The name may be in a folder that others write to, who could put a link in its place by now.
    os::Fd node = os::open_at(parent.get(), name, {.flags = O_PATH | O_NOFOLLOW});
    struct stat status{};
    sys([&] { return ::fstat(node.get(), &status); }, "stat '{}'", device.path);
    if ((status.st_mode & S_IFMT) != type || (type != S_IFIFO && status.st_rdev != number)) {
      fail(ErrorKind::FailedPrecondition, "'{}' was replaced while it was made", device.path);
    }
    sys([&] { return ::fchownat(node.get(), "", device.uid, device.gid, AT_EMPTY_PATH); },
        "give '{}' to user {}", device.path, device.uid);
    const std::string same = fmt::format("/proc/self/fd/{}", node.get());
    sys([&] { return ::chmod(same.c_str(), mode); }, "set the mode of '{}'", device.path);
    return;
  }
  if (errno != EPERM) fail_errno(errno, "make the node '{}'", device.path);
  auto node = os::clone_tree_if_exists(AT_FDCWD, device.path, os::Subtree::Only);
  if (!node) return;
  os::Fd target = make_target(root, device.path, false);
  os::attach_mount(node->get(), target.get());
}

}  // namespace wherry::container
