#include "container/runtime/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/fd.h"
#include "os/namespaces.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace wherry::container {
namespace {

struct Joined {
  const oci::RuntimeNamespace* space;
  std::uint64_t flag;
  os::Fd file;
};

bool is_same_file(int file, const char* path) {
  struct stat one{};
  struct stat other{};
  return ::fstat(file, &one) == 0 && ::stat(path, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// What is joined becomes the container's: root file system, mounts and all.
void check_mount_namespace(int file) {
  if (is_same_file(file, "/proc/self/ns/mnt") || is_same_file(file, "/proc/1/ns/mnt")) {
    fail(ErrorKind::InvalidArgument, "it is the host's, whose root would be the container's");
  }
}

std::string doing(const oci::RuntimeNamespace& space) {
  return fmt::format("join the {} namespace '{}'", space.type, space.path);
}

// All are opened before the first is joined, in which no path of the host may be there. The mount
// namespace comes last.
std::vector<Joined> open_namespaces(const oci::RuntimeConfig& config) {
  std::vector<Joined> opened;
  for (const oci::RuntimeNamespace& space : config.linux_section.namespaces) {
    if (space.path.empty()) continue;
    in_context([&] { return doing(space); },
               [&] {
                 Joined joined{.space = &space,
                               .flag = os::namespace_flag(space.type).value_or(0),
                               .file = {}};
                 joined.file.reset(sys(
                     [&] { return ::open(space.path.c_str(), O_RDONLY | O_CLOEXEC); }, "open it"));
                 if (joined.flag == CLONE_NEWNS) check_mount_namespace(joined.file.get());
                 opened.push_back(std::move(joined));
               });
  }
  std::ranges::partition(opened, [](const Joined& each) { return each.flag != CLONE_NEWNS; });
  return opened;
}

// False for lack of rights, where that is an outcome.
bool join(const Joined& joined, bool may_lack_rights) {
  if (::setns(joined.file.get(), static_cast<int>(joined.flag)) == 0) return true;
  if (may_lack_rights && errno == EPERM) return false;
  fail_errno(errno, "{}: enter it", doing(*joined.space));
}

void join_namespaces(const oci::RuntimeConfig& config) {
  std::vector<Joined> all = open_namespaces(config);
  auto user = std::ranges::find(all, std::uint64_t{CLONE_NEWUSER}, &Joined::flag);
  const bool joins_user = user != all.end();
  std::vector<const Joined*> later;
  for (const Joined& joined : all) {
    if (joined.flag != CLONE_NEWUSER && !join(joined, joins_user)) later.push_back(&joined);
  }
  if (!joins_user) return;
  join(*user, false);
  for (const Joined* joined : later) join(*joined, false);
}

// A time namespace takes its offsets before anybody stands in it: this process makes it, and only its
// children are born into it.
void enter_new_time(const oci::RuntimeConfig& config) {
  sys([] { return ::unshare(CLONE_NEWTIME); }, "make a time namespace");
  std::string text;
  for (const auto& [clock, offset] : config.linux_section.time_offsets) {
    text += fmt::format("{} {} {}\n", clock, offset.seconds, offset.nanoseconds);
  }
  if (text.empty()) return;
  os::Fd file(sys([] { return ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC); },
                  "open '/proc/self/timens_offsets'"));
  sys([&] { return ::write(file.get(), text.data(), text.size()); }, "set the time offsets");
}

struct Kinds {
  std::uint64_t made = 0;    // CLONE_NEW*
  std::uint64_t joined = 0;  // CLONE_NEW*
};

Kinds kinds_of(const oci::RuntimeConfig& config) {
  Kinds kinds;
  for (const oci::RuntimeNamespace& space : config.linux_section.namespaces) {
    auto flag = os::namespace_flag(space.type);
    if (!flag) fail(ErrorKind::InvalidArgument, "unknown namespace '{}'", space.type);
    if ((kinds.made | kinds.joined) & *flag) {
      fail(ErrorKind::InvalidArgument, "config.json: linux.namespaces: '{}' is there twice",
           space.type);
    }
    (space.path.empty() ? kinds.made : kinds.joined) |= *flag;
  }
  return kinds;
}

}  // namespace

bool has_namespace(const oci::RuntimeConfig& config, std::string_view type) {
  return std::ranges::any_of(config.linux_section.namespaces,
                             [&](const oci::RuntimeNamespace& each) { return each.type == type; });
}

std::uint64_t namespaces_to_make(const oci::RuntimeConfig& config) {
  const Kinds kinds = kinds_of(config);
  const std::uint64_t all = kinds.made | kinds.joined;
  if (!(all & CLONE_NEWNS)) {
    fail(ErrorKind::InvalidArgument, "config.json: a container needs a mount namespace of its own");
  }
  const oci::RuntimeLinux& section = config.linux_section;
  if ((kinds.made & CLONE_NEWUSER) &&
      (section.uid_mappings.empty() || section.gid_mappings.empty())) {
    fail(ErrorKind::InvalidArgument,
         "config.json: a new user namespace needs uidMappings and gidMappings");
  }
  if ((kinds.made & CLONE_NEWUSER) && (kinds.joined & CLONE_NEWNS)) {
    fail(ErrorKind::InvalidArgument,
         "config.json: a new user namespace has no rights over a mount namespace that is joined");
  }
  if (!(all & CLONE_NEWUTS) && !(config.hostname.empty() && config.domainname.empty())) {
    fail(ErrorKind::InvalidArgument,
         "config.json: a host or domain name needs a uts namespace that is not the host's");
  }
  return kinds.made;
}

bool is_born_into_namespaces(const oci::RuntimeConfig& config) {
  const Kinds kinds = kinds_of(config);
  return (kinds.joined & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME)) ||
         (kinds.made & CLONE_NEWTIME) || ((kinds.made & CLONE_NEWUSER) && kinds.joined);
}

void enter_namespaces(const oci::RuntimeConfig& config) {
  join_namespaces(config);
  if (kinds_of(config).made & CLONE_NEWTIME) enter_new_time(config);
}

}  // namespace wherry::container
