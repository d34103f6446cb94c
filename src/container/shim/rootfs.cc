#include "container/shim/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "os/fd.h"
#include "os/path_at.h"

namespace wherry::shim {
namespace {

struct FlagOption {
  std::string_view name;
  unsigned long set;
  unsigned long clear;
};
constexpr std::array kFlags = {
    FlagOption{"async", 0, MS_SYNCHRONOUS},
    FlagOption{"atime", 0, MS_NOATIME},
    FlagOption{"bind", MS_BIND, 0},
    FlagOption{"defaults", 0, 0},
    FlagOption{"dev", 0, MS_NODEV},
    FlagOption{"diratime", 0, MS_NODIRATIME},
    FlagOption{"dirsync", MS_DIRSYNC, 0},
    FlagOption{"exec", 0, MS_NOEXEC},
    FlagOption{"mand", MS_MANDLOCK, 0},
    FlagOption{"noatime", MS_NOATIME, 0},
    FlagOption{"nodev", MS_NODEV, 0},
    FlagOption{"nodiratime", MS_NODIRATIME, 0},
    FlagOption{"noexec", MS_NOEXEC, 0},
    FlagOption{"nomand", 0, MS_MANDLOCK},
    FlagOption{"norelatime", 0, MS_RELATIME},
    FlagOption{"nostrictatime", 0, MS_STRICTATIME},
    FlagOption{"nosuid", MS_NOSUID, 0},
    FlagOption{"rbind", MS_BIND | MS_REC, 0},
    FlagOption{"relatime", MS_RELATIME, 0},
    FlagOption{"remount", MS_REMOUNT, 0},
    FlagOption{"ro", MS_RDONLY, 0},
    FlagOption{"rw", 0, MS_RDONLY},
    FlagOption{"strictatime", MS_STRICTATIME, 0},
    FlagOption{"suid", 0, MS_NOSUID},
    FlagOption{"sync", MS_SYNCHRONOUS, 0},
};
constexpr std::array kPropagation = {
    FlagOption{"private", MS_PRIVATE, 0},
    FlagOption{"rprivate", MS_PRIVATE | MS_REC, 0},
    FlagOption{"shared", MS_SHARED, 0},
    FlagOption{"rshared", MS_SHARED | MS_REC, 0},
    FlagOption{"slave", MS_SLAVE, 0},
    FlagOption{"rslave", MS_SLAVE | MS_REC, 0},
    FlagOption{"unbindable", MS_UNBINDABLE, 0},
    FlagOption{"runbindable", MS_UNBINDABLE | MS_REC, 0},
};

constexpr std::string_view kLower = "lowerdir=";
constexpr std::size_t kPage = 4096;
constexpr unsigned long kAtTheMount = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
                                      MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

// Puts the working directory back.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& directory) {
    if (directory.empty()) return;
    before_ = os::Fd(sys([] { return ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC); },
                         "open the working directory"));
    sys([&] { return ::chdir(directory.c_str()); }, "change to directory '{}'", directory);
  }
  ~WorkingDirectory() {
    if (before_.is_open()) (void)!::fchdir(before_.get());
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  os::Fd before_;
};

void mount_one(const std::string& directory, const RootfsMount& mount) {
  MountOptions options = parse_mount_options(mount.options);
  std::string from = mount.type == "overlay" ? shorten_overlay(options.data) : std::string();
  if (options.data.size() >= kPage) {
    fail(ErrorKind::InvalidArgument, "its options are longer than {} bytes", kPage - 1);
  }
  std::string target = directory;
  os::Fd inside;
  if (!mount.target.empty() && mount.target != "/") {
    os::Fd root(sys([&] { return ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); },
                    "open '{}'", directory));
    inside = os::open_at(root.get(), mount.target, {.flags = O_PATH});
    target = fmt::format("/proc/self/fd/{}", inside.get());
  }
  WorkingDirectory there(from);
  bool is_bind = (options.flags & MS_BIND) || mount.type == "bind";
  unsigned long flags = is_bind ? (options.flags & (MS_BIND | MS_REC)) | MS_BIND : options.flags;
  sys(
      [&] {
        return ::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(), flags,
                       options.data.empty() ? nullptr : options.data.c_str());
      },
      "mount it");
  if (is_bind && (options.flags & kAtTheMount)) {
    unsigned long again = MS_REMOUNT | MS_BIND | (options.flags & kAtTheMount);
    sys([&] { return ::mount(nullptr, target.c_str(), nullptr, again, nullptr); },
        "set its options");
  }
  if (options.propagation) {
    sys([&] { return ::mount(nullptr, target.c_str(), nullptr, options.propagation, nullptr); },
        "set its propagation");
  }
}

}  // namespace

MountOptions parse_mount_options(std::span<const std::string> options) {
  MountOptions result;
  for (const std::string& option : options) {
    if (const auto* flag = std::ranges::find(kFlags, option, &FlagOption::name);
        flag != kFlags.end()) {
      result.flags = (result.flags & ~flag->clear) | flag->set;
    } else if (const auto* kind = std::ranges::find(kPropagation, option, &FlagOption::name);
               kind != kPropagation.end()) {
      result.propagation |= kind->set;
    } else if (option == "loop" || option.starts_with("uidmap=") || option.starts_with("gidmap=") ||
               option.starts_with("X-containerd.")) {
      fail(ErrorKind::Unimplemented, "mount option '{}' is not supported", option);
    } else {
      if (!result.data.empty()) result.data += ',';
      result.data += option;
    }
  }
  return result;
}

std::string shorten_overlay(std::string& data) {
  std::size_t at = data.starts_with(kLower) ? 0 : data.find("," + std::string(kLower));
  if (data.size() < kPage || at == std::string::npos) return {};
  at = data.find(kLower, at) + kLower.size();
  std::size_t end = std::min(data.find(',', at), data.size());
  std::string lower = data.substr(at, end - at);
  // What all have in common, up to a slash.
  std::size_t common = lower.find(':');
  for (std::size_t start = 0; start != std::string::npos;) {
    std::size_t stop = lower.find(':', start);
    std::string_view one = std::string_view(lower).substr(start, stop - start);
    std::string_view first = std::string_view(lower).substr(0, common);
    common = static_cast<std::size_t>(std::ranges::mismatch(first, one).in1 - first.begin());
    start = stop == std::string::npos ? stop : stop + 1;
  }
  common = lower.substr(0, common).rfind('/');
  if (common == std::string::npos || common == 0) return {};
  std::string directory = lower.substr(0, common);
  std::string shorter;
  for (std::size_t start = 0; start != std::string::npos;) {
    std::size_t stop = lower.find(':', start);
    if (!shorter.empty()) shorter += ':';
    shorter += lower.substr(start + common + 1,
                            stop == std::string::npos ? stop : stop - start - common - 1);
    start = stop == std::string::npos ? stop : stop + 1;
  }
  data.replace(at, end - at, shorter);
  return directory;
}

void mount_rootfs(const std::string& directory, std::span<const RootfsMount> mounts) {
  if (mounts.empty()) return;
  if (::mkdir(directory.c_str(), 0711) != 0 && errno != EEXIST) {
    fail_errno(errno, "create directory '{}'", directory);
  }
  struct Undo {
    const std::string& directory;
    bool done = false;
    ~Undo() {
      if (!done) unmount_rootfs(directory);
    }
  } undo{directory};
  for (const RootfsMount& mount : mounts) {
    in_context([&] { return fmt::format("mount the root file system of type '{}'", mount.type); },
               [&] { mount_one(directory, mount); });
  }
  undo.done = true;
}

void unmount_rootfs(const std::string& directory) noexcept {
  while (::umount2(directory.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
}

}  // namespace wherry::shim
