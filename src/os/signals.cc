#include "os/signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace wherry::os {
namespace {

// Those whose default action is to end the process, less the faults.
constexpr std::array kEnding = {SIGHUP,    SIGINT,  SIGQUIT, SIGTERM,   SIGUSR1, SIGUSR2, SIGALRM,
                                SIGVTALRM, SIGPROF, SIGPOLL, SIGSTKFLT, SIGPWR,  SIGXCPU, SIGXFSZ};

// Not _exit: before a call that does not return, instrumented code reads /proc, which may not be there.
void end(int number) { ::syscall(SYS_exit_group, 128 + number); }

}  // namespace

void end_on_signals() noexcept {
  struct sigaction action{};
  action.sa_handler = end;
  action.sa_flags = SA_ONSTACK;  // the guest's stack may be full
  for (int number : kEnding) ::sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace wherry::os
