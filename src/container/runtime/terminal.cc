#include "container/runtime/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "os/mount.h"
#include "os/path_at.h"
#include "os/tty.h"
#include "os/unix_socket.h"

namespace wherry::container {

os::Fd make_terminal(int root, const oci::RuntimeProcess& process, int socket) {
  os::Terminal terminal = os::open_terminal(root);
  const oci::RuntimeConsoleSize& size = process.console_size;
  if (size.height || size.width) {
    os::set_window_size(terminal.slave.get(), {.rows = size.height, .columns = size.width});
  }
  sys([&] { return ::fchown(terminal.slave.get(), process.user.uid, static_cast<gid_t>(-1)); },
      "give the terminal to user {}", process.user.uid);
  in_context([] { return std::string("hand over the terminal"); },
             [&] { os::send_descriptor(socket, terminal.master.get(), terminal.path); });
  return std::move(terminal.slave);
}

void mount_console(int root, const os::Fd& slave) {
  // In this order: a link by that name is resolved below root, and never made through.
  os::OpenResult target = os::try_open_at(root, "/dev/console", {.flags = O_PATH});
  if (target.error == ENOENT) {
    os::open_at(root, "/dev/console", {.flags = O_WRONLY | O_CREAT | O_NOFOLLOW, .mode = 0600});
    target = os::try_open_at(root, "/dev/console", {.flags = O_PATH});
  }
  if (!target.fd.is_open()) fail_errno(target.error, "open '/dev/console'");
  os::Fd copy = os::clone_tree(slave.get(), "", os::Subtree::Only);
  os::attach_mount(copy.get(), target.fd.get());
}

}  // namespace wherry::container
