#include "os/tty.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "os/path_at.h"

namespace wherry::os {

Terminal open_terminal(int root) {
  OpenResult master = try_open_at(root, "/dev/pts/ptmx", {.flags = O_RDWR | O_NOCTTY});
  if (master.error == ENOENT || master.error == ENOTDIR) {
    fail(ErrorKind::FailedPrecondition,
         "a terminal needs a mount of type 'devpts' on '/dev/pts', which is not there");
  }
  if (!master.fd.is_open()) fail_errno(master.error, "open '/dev/pts/ptmx'");
  int unlock = 0;
  sys([&] { return ::ioctl(master.fd.get(), TIOCSPTLCK, &unlock); }, "unlock a terminal");
  // By the master, not by name: what is on /dev/pts may be anything by now.
  Fd slave(sys([&] { return ::ioctl(master.fd.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); },
               "open the other end of a terminal"));
  unsigned number = 0;
  sys([&] { return ::ioctl(master.fd.get(), TIOCGPTN, &number); }, "number a terminal");
  return {std::move(master.fd), std::move(slave), fmt::format("/dev/pts/{}", number)};
}

void set_window_size(int terminal, WindowSize size) {
  winsize window{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  sys([&] { return ::ioctl(terminal, TIOCSWINSZ, &window); }, "set the size of a terminal");
}

std::optional<WindowSize> window_size(int terminal) {
  winsize window{};
  if (::ioctl(terminal, TIOCGWINSZ, &window) != 0) return std::nullopt;
  return WindowSize{.rows = window.ws_row, .columns = window.ws_col};
}

void take_terminal(const Fd& slave) {
  sys([&] { return ::ioctl(slave.get(), TIOCSCTTY, 0); }, "take the terminal");
  for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    sys([&] { return ::dup2(slave.get(), standard); }, "take the terminal as descriptor {}",
        standard);
  }
}

RawMode::RawMode(int terminal) noexcept {
  if (::tcgetattr(terminal, &before_) != 0) return;
  terminal_ = terminal;
  termios raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(terminal, TCSANOW, &raw);
}

RawMode::~RawMode() {
  if (terminal_ >= 0) ::tcsetattr(terminal_, TCSANOW, &before_);
}

}  // namespace wherry::os
