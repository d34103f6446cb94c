// Terminals: a pair of ends made in a container's own devpts, window sizes, raw mode.
//
// Everything throws Error unless it says otherwise. Thread safety: stateless.
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include <cstdint>
#include <optional>
#include <string>

#include "os/fd.h"

namespace wherry::os {

struct Terminal {
  Fd master;         // the keyboard and the screen
  Fd slave;          // what the program reads and writes
  std::string path;  // of the slave, below the root it was made in: "/dev/pts/0"
};

// A new pair of the devpts that is mounted on /dev/pts below root. Throws Error(FailedPrecondition)
// where there is none.
Terminal open_terminal(int root);

struct WindowSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  bool operator==(const WindowSize&) const = default;
};
// Whoever has the slave as terminal gets SIGWINCH.
void set_window_size(int terminal, WindowSize size);
// Nothing where it is no terminal.
std::optional<WindowSize> window_size(int terminal);

// Makes slave the controlling terminal of this process, and its descriptors 0, 1 and 2.
// Requires: the process leads a session that has no terminal.
void take_terminal(const Fd& slave);

// Puts a terminal into raw mode for as long as it lives: every key is passed on as it is.
class RawMode {
 public:
  // Nothing happens where terminal is none. Borrows the descriptor.
  explicit RawMode(int terminal) noexcept;
  ~RawMode();
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  int terminal_ = -1;
  termios before_{};
};

}  // namespace wherry::os
