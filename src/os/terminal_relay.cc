// At most one buffer is read ahead in each direction: who does not read is not read for.
#include "os/terminal_relay.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "os/interrupt.h"

namespace wherry::os {
namespace {

// No more than a pipe that is ready takes without blocking.
constexpr std::size_t kBufferBytes = 4096;

// Our own descriptor for a terminal, so that it can be made not to block: the one that we were given
// is shared with the caller. -1 for what is none.
Fd own_screen() {
  if (!::isatty(STDOUT_FILENO)) return {};
  return Fd(::open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

Fd other_end(const Fd& master) {
  return Fd(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

bool is_ready(std::span<const pollfd> watched, int fd, short events) {
  return std::ranges::any_of(watched, [&](const pollfd& each) {
    return each.fd == fd && (each.revents & (events | POLLHUP | POLLERR));
  });
}

bool would_block() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

std::optional<int> caller_terminal() {
  for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(standard)) return standard;
  }
  return std::nullopt;
}

TerminalRelay::TerminalRelay(Fd master, int terminal)
    : master_(std::move(master)),
      slave_(other_end(master_)),
      screen_(own_screen()),
      terminal_(terminal),
      raw_(terminal) {
  ::fcntl(master_.get(), F_SETFL, O_NONBLOCK);
  std::signal(SIGPIPE, SIG_IGN);
  follow_window();
}

TerminalRelay::~TerminalRelay() = default;

void TerminalRelay::follow_window() {
  auto size = window_size(terminal_);
  if (!size || !master_.is_open()) return;
  winsize window{.ws_row = size->rows, .ws_col = size->columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(master_.get(), TIOCSWINSZ, &window);
}

bool TerminalRelay::take_signal(int number) {
  if (number != SIGWINCH) return false;
  follow_window();
  return true;
}

void TerminalRelay::hang_up() {
  slave_.reset();
  master_.reset();
  screen_bytes_.clear();
  keys_.clear();
  keys_end_ = true;
}

void TerminalRelay::watch(std::vector<pollfd>& watched) {
  if (!master_.is_open()) return;
  auto add = [&](int fd, short events) {
    if (events) watched.push_back({.fd = fd, .events = events, .revents = 0});
  };
  if (!keys_end_ && keys_.empty()) add(STDIN_FILENO, POLLIN);
  if (!screen_bytes_.empty()) add(screen_.is_open() ? screen_.get() : STDOUT_FILENO, POLLOUT);
  add(master_.get(),
      static_cast<short>((screen_bytes_.empty() ? POLLIN : 0) | (keys_.empty() ? 0 : POLLOUT)));
}

void TerminalRelay::attend(std::span<const pollfd> watched) {
  const int screen = screen_.is_open() ? screen_.get() : STDOUT_FILENO;
  if (!keys_end_ && keys_.empty() && is_ready(watched, STDIN_FILENO, POLLIN)) read_keys();
  if (!keys_.empty() && is_ready(watched, master_.get(), POLLOUT)) write_keys();
  if (!screen_bytes_.empty()) {
    if (is_ready(watched, screen, POLLOUT)) write_screen();
  } else if (is_ready(watched, master_.get(), POLLIN)) {
    read_screen();
  }
}

void TerminalRelay::read_keys() {
  char buffer[kBufferBytes];
  ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (got > 0) {
    keys_.assign(buffer, static_cast<std::size_t>(got));
    write_keys();
  } else if (got == 0 || !would_block()) {
    keys_end_ = true;
  }
}

void TerminalRelay::write_keys() {
  ssize_t put = ::write(master_.get(), keys_.data(), keys_.size());
  if (put > 0) {
    keys_.erase(0, static_cast<std::size_t>(put));
  } else if (put < 0 && !would_block()) {
    keys_.clear();
    keys_end_ = true;
  }
}

void TerminalRelay::read_screen() {
  char buffer[kBufferBytes];
  ssize_t got = ::read(master_.get(), buffer, sizeof buffer);
  if (got > 0) {
    screen_bytes_.assign(buffer, static_cast<std::size_t>(got));
  } else if (got == 0 || !would_block()) {
    hang_up();
  }
}

void TerminalRelay::write_screen() {
  const int screen = screen_.is_open() ? screen_.get() : STDOUT_FILENO;
  ssize_t put = ::write(screen, screen_bytes_.data(), screen_bytes_.size());
  if (put > 0) {
    screen_bytes_.erase(0, static_cast<std::size_t>(put));
  } else if (put < 0 && !would_block()) {
    hang_up();
  }
}

// The program's terminal was hung up as it ended: what it wrote is there to be read, then an error.
void TerminalRelay::finish() {
  while (master_.is_open()) {
    if (screen_bytes_.empty()) {
      read_screen();
      if (screen_bytes_.empty()) return;
    }
    pollfd screen{
        .fd = screen_.is_open() ? screen_.get() : STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    constexpr int kLookForSignalsMs = 100;
    if (::poll(&screen, 1, kLookForSignalsMs) > 0) {
      write_screen();
    } else if (is_asked_to_end()) {
      return;  // there is no program any more that the signal could be passed on to
    }
  }
}

}  // namespace wherry::os
