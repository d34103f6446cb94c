// A program's terminal shown on the terminal of whoever started it: keys one way, the screen the other.
//
// The caller's terminal is in raw mode for as long as this lives, so that every key is the program's:
// Ctrl-C is a signal that its own terminal makes. Destroy it before anything else is printed.
#pragma once

#include <optional>
#include <string>

#include "os/process.h"
#include "os/tty.h"

namespace wherry::os {

// The first of descriptors 0, 1 and 2 that is a terminal; nothing where none is.
std::optional<int> caller_terminal();

// Keys come from descriptor 0, a terminal or not; the screen goes to descriptor 1. The window of the
// program's terminal is as large as the caller's, from the beginning and after every SIGWINCH. When the
// screen cannot be written any more the program's terminal is hung up, as if its window was closed.
class TerminalRelay final : public Attendant {
 public:
  // master: of the program's terminal. terminal: the caller's. From here on SIGPIPE is ignored.
  // Throws Error.
  TerminalRelay(Fd master, int terminal);
  ~TerminalRelay() override;
  TerminalRelay(const TerminalRelay&) = delete;
  TerminalRelay& operator=(const TerminalRelay&) = delete;

  void watch(std::vector<pollfd>& watched) override;
  void attend(std::span<const pollfd> watched) override;
  bool take_signal(int number) override;
  void finish() override;

 private:
  void read_keys();
  void write_keys();
  void read_screen();
  void write_screen();
  void follow_window();
  void hang_up();

  Fd master_;
  Fd slave_;   // held open: a program that closes its terminal may open it again
  Fd screen_;  // descriptor 1 by a file of its own, where that can be made not to block
  int terminal_;
  bool keys_end_ = false;
  std::string keys_;          // read, not yet written
  std::string screen_bytes_;  // the same
  RawMode raw_;               // last: nothing that throws comes after it
};

}  // namespace wherry::os
