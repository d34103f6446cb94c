#include "os/mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>

#include "base/error.h"

namespace wherry::os {
namespace {

// The last message of the file system's own, without its level and name: "e overlay: …".
std::string kernel_message(int context) {
  std::string last;
  char buffer[512];
  for (ssize_t length; (length = ::read(context, buffer, sizeof buffer)) > 0;) {
    std::string_view text(buffer, static_cast<std::size_t>(length));
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
    last = text;
  }
  return last;
}

// A file system on its way from fsopen() to fsmount(): stops at the first step that is refused.
struct Attempt {
  Fd mount;
  int error = 0;
  std::string doing;
  std::string message;
};

Attempt attempt_filesystem(const std::string& type, const std::string& source,
                           std::span<const std::string> options, std::uint64_t attributes) {
  Attempt attempt;
  Fd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  auto refused = [&](std::string doing) {
    attempt.error = errno;
    attempt.doing = std::move(doing);
    if (context.is_open()) attempt.message = kernel_message(context.get());
    return std::move(attempt);
  };
  auto configure = [&](unsigned command, const char* key, const char* value) {
    return ::fsconfig(context.get(), command, key, value, 0) == 0;
  };
  if (!context.is_open()) return refused("open it");
  if (!source.empty() && !configure(FSCONFIG_SET_STRING, "source", source.c_str())) {
    return refused("set its source");
  }
  for (const std::string& option : options) {
    std::size_t equals = option.find('=');
    bool taken = equals == std::string::npos
                     ? configure(FSCONFIG_SET_FLAG, option.c_str(), nullptr)
                     : configure(FSCONFIG_SET_STRING, option.substr(0, equals).c_str(),
                                 option.c_str() + equals + 1);
    if (!taken) return refused(fmt::format("option '{}'", option));
  }
  if (!configure(FSCONFIG_CMD_CREATE, nullptr, nullptr)) return refused("create it");
  attempt.mount.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!attempt.mount.is_open()) return refused("use it");
  return attempt;
}

[[noreturn]] void fail_attempt(const Attempt& attempt, const std::string& type) {
  if (attempt.message.empty()) {
    fail_errno(attempt.error, "mount a {}: {}", type, attempt.doing);
  }
  fail_errno(attempt.error, "mount a {}: {}: {}", type, attempt.doing, attempt.message);
}

int open_tree_copy(int directory, const std::string& path, Subtree subtree) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                   (subtree == Subtree::Recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u);
  return ::open_tree(directory, path.c_str(), flags);
}

}  // namespace

Fd new_filesystem(const std::string& type, const std::string& source,
                  std::span<const std::string> options, std::uint64_t attributes) {
  Attempt attempt = attempt_filesystem(type, source, options, attributes);
  if (!attempt.mount.is_open()) fail_attempt(attempt, type);
  return std::move(attempt.mount);
}

std::optional<Fd> new_filesystem_if_permitted(const std::string& type, const std::string& source,
                                              std::span<const std::string> options,
                                              std::uint64_t attributes) {
  Attempt attempt = attempt_filesystem(type, source, options, attributes);
  if (attempt.mount.is_open()) return std::move(attempt.mount);
  if (attempt.error == EPERM) return std::nullopt;
  fail_attempt(attempt, type);
}

Fd clone_tree(int directory, const std::string& path, Subtree subtree) {
  return Fd(sys([&] { return open_tree_copy(directory, path, subtree); }, "bind '{}'", path));
}

std::optional<Fd> clone_tree_if_exists(int directory, const std::string& path, Subtree subtree) {
  Fd tree(open_tree_copy(directory, path, subtree));
  if (tree.is_open()) return tree;
  if (errno == ENOENT) return std::nullopt;
  fail_errno(errno, "bind '{}'", path);
}

void change_mount(int mount, const MountChange& change, Subtree subtree) {
  mount_attr attributes{};
  attributes.attr_set = change.set;
  attributes.attr_clr = change.clear;
  // The times of access are one field of several values: it is replaced as a whole.
  if ((change.set | change.clear) & MOUNT_ATTR__ATIME) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  attributes.propagation = change.propagation;
  unsigned flags =
      AT_EMPTY_PATH | (subtree == Subtree::Recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u);
  sys([&] { return ::mount_setattr(mount, "", flags, &attributes, sizeof attributes); },
      "change a mount's attributes");
}

void map_ids(int mount, int user_namespace, Subtree subtree) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  unsigned flags =
      AT_EMPTY_PATH | (subtree == Subtree::Recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u);
  if (::mount_setattr(mount, "", flags, &attributes, sizeof attributes) == 0) return;
  if (errno == EINVAL) {
    fail(ErrorKind::Unimplemented, "this kernel cannot map the ids of that file system");
  }
  fail_errno(errno, "map its ids");
}

void attach_mount(int mount, int target) {
  sys(
      [&] {
        return ::move_mount(mount, "", target, "",
                            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
      },
      "attach a mount");
}

void pivot_into(int root) {
  sys([&] { return ::fchdir(root); }, "enter the new root");
  // Old and new root on the same place: the old one comes to lie on top, and is taken off.
  sys([] { return ::syscall(SYS_pivot_root, ".", "."); }, "pivot into the new root");
  sys([] { return ::umount2(".", MNT_DETACH); }, "let go of the old root");
  sys([] { return ::chdir("/"); }, "enter the new root");
}

}  // namespace wherry::os
