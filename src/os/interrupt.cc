#include "os/interrupt.h"

#include <algorithm>
#include <atomic>
#include <iterator>

namespace wherry::os {
namespace {

std::atomic<int> noted_signal = 0;

void note(int signal) { noted_signal = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  noted_signal = 0;
  struct sigaction action{};
  action.sa_handler = note;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    ::sigaction(kSignals[i], nullptr, &former_[i]);
    // Whoever had it ignored (nohup) keeps it ignored.
    if (former_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    ::sigaction(kSignals[i], &former_[i], nullptr);
  }
  if (int signal = noted_signal.exchange(0)) ::raise(signal);
}

bool InterruptGuard::raised() noexcept { return noted_signal != 0; }

bool is_asked_to_end() noexcept {
  sigset_t pending;
  ::sigpending(&pending);
  constexpr int kEnding[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  return InterruptGuard::raised() || std::ranges::any_of(kEnding, [&](int number) {
           return ::sigismember(&pending, number) == 1;
         });
}

}  // namespace wherry::os
