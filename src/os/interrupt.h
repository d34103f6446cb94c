// Signals that would end this process, held back while work that must be undone is under way.
#pragma once

#include <csignal>

namespace wherry::os {

// While it lives SIGINT, SIGTERM and SIGHUP are only noted, for the work to ask about and stop; when it goes, a
// noted one is delivered as if nobody had been in its way. One at a time in a process, made and gone
// in the main thread; raised() may be asked anywhere.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool raised() noexcept;

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction former_[3];
};

// Whether somebody wants this process to end, by a signal that a guard has noted or that is blocked. For what
// waits long; the signal stays for whoever takes it.
bool is_asked_to_end() noexcept;

}  // namespace wherry::os
