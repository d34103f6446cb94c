#include "os/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::os {
namespace {

// Those that would end this process, or that tell of its terminal, less the faults and what it brings on
// itself. Those of real time come on top.
constexpr std::array kForwarded = {SIGHUP,  SIGINT,    SIGQUIT, SIGTERM,   SIGUSR1,
                                   SIGUSR2, SIGALRM,   SIGPOLL, SIGVTALRM, SIGPROF,
                                   SIGPWR,  SIGSTKFLT, SIGWINCH};

ExitStatus status_of(int raw) {
  if (WIFSIGNALED(raw)) return {.signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw)};
}

struct SpawnActions {
  posix_spawn_file_actions_t actions;
  SpawnActions() { ::posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions); }
};

}  // namespace

pid_t spawn(const SpawnPlan& plan) {
  std::vector<char*> arguments;
  for (const std::string& argument : plan.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  SpawnActions how;
  for (const GivenDescriptor& given : plan.descriptors) {
    ::posix_spawn_file_actions_adddup2(&how.actions, given.ours, given.theirs);
  }
  pid_t pid = -1;
  int error =
      ::posix_spawn(&pid, plan.path.c_str(), &how.actions, nullptr, arguments.data(), environ);
  if (error) fail_errno(error, "start '{}'", plan.path);
  return pid;
}

SignalForwarder::SignalForwarder() {
  ::sigemptyset(&watched_);
  for (int number : kForwarded) ::sigaddset(&watched_, number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::sigaddset(&watched_, number);
  ::sigaddset(&watched_, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched_, &before_);
  // An inherited "ignore" would have the kernel reap our children, exit codes and all.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, nullptr);
}

SignalForwarder::~SignalForwarder() { restore(); }

void SignalForwarder::restore() const noexcept { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

ExitStatus SignalForwarder::wait_for(pid_t pid) const {
  for (;;) {
    int raw = 0;
    pid_t reaped = sys([&] { return ::waitpid(pid, &raw, WNOHANG); }, "wait for process {}", pid);
    if (reaped == pid) return status_of(raw);
    int number = ::sigwaitinfo(&watched_, nullptr);
    // Not reaped yet, so the pid is still the child's.
    if (number > 0 && number != SIGCHLD) ::kill(pid, number);
  }
}

ExitStatus SignalForwarder::wait_for(pid_t pid, std::span<Attendant* const> attendants) const {
  if (attendants.empty()) return wait_for(pid);
  Fd signals(sys([&] { return ::signalfd(-1, &watched_, SFD_CLOEXEC | SFD_NONBLOCK); },
                 "wait for signals"));
  std::vector<pollfd> watched;
  for (;;) {
    int raw = 0;
    pid_t reaped = sys([&] { return ::waitpid(pid, &raw, WNOHANG); }, "wait for process {}", pid);
    if (reaped == pid) {
      for (Attendant* attendant : attendants) attendant->finish();
      return status_of(raw);
    }
    watched = {{.fd = signals.get(), .events = POLLIN, .revents = 0}};
    for (Attendant* attendant : attendants) attendant->watch(watched);
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
      fail_errno(errno, "wait for process {}", pid);
    }
    signalfd_siginfo signal{};
    while (::read(signals.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
      const int number = static_cast<int>(signal.ssi_signo);
      if (number == SIGCHLD) continue;
      bool taken = std::ranges::any_of(
          attendants, [&](Attendant* attendant) { return attendant->take_signal(number); });
      // Not reaped yet, so the pid is still the child's.
      if (!taken) ::kill(pid, number);
    }
    for (Attendant* attendant : attendants) attendant->attend(watched);
  }
}

}  // namespace wherry::os
