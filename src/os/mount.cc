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

[[noreturn]] void fail_filesystem(int context, int error, const std::string& type,
                                  const std::string& doing) {
  std::string message = kernel_message(context);
  if (message.empty()) fail_errno(error, "mount a {}: {}", type, doing);
  fail_errno(error, "mount a {}: {}: {}", type, doing, message);
}

}  // namespace

Fd new_filesystem(const std::string& type, const std::string& source,
                  std::span<const std::string> options, std::uint64_t attributes) {
  Fd context(sys([&] { return ::fsopen(type.c_str(), FSOPEN_CLOEXEC); }, "mount a {}", type));
  auto configure = [&](unsigned command, const char* key, const char* value,
                       const std::string& doing) {
    if (::fsconfig(context.get(), command, key, value, 0) != 0) {
      fail_filesystem(context.get(), errno, type, doing);
    }
  };
  if (!source.empty()) configure(FSCONFIG_SET_STRING, "source", source.c_str(), "set its source");
  for (const std::string& option : options) {
    std::size_t equals = option.find('=');
    std::string doing = fmt::format("option '{}'", option);
    if (equals == std::string::npos) {
      configure(FSCONFIG_SET_FLAG, option.c_str(), nullptr, doing);
    } else {
      configure(FSCONFIG_SET_STRING, option.substr(0, equals).c_str(), option.c_str() + equals + 1,
                doing);
    }
  }
  configure(FSCONFIG_CMD_CREATE, nullptr, nullptr, "create it");
  int mount = ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
  if (mount < 0) fail_filesystem(context.get(), errno, type, "use it");
  return Fd(mount);
}

Fd clone_tree(int directory, const std::string& path, Subtree subtree) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                   (subtree == Subtree::Recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u);
  return Fd(sys([&] { return ::open_tree(directory, path.c_str(), flags); }, "bind '{}'", path));
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
