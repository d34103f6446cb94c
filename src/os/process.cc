#include "os/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/error.h"

namespace wherry::os {
namespace {

constexpr std::array kForwarded = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

ExitStatus status_of(int raw) {
  if (WIFSIGNALED(raw)) return {.signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw)};
}

struct SpawnAttributes {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
  }
  ~SpawnAttributes() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
};

}  // namespace

SignalForwarder::SignalForwarder() {
  ::sigemptyset(&watched_);
  for (int number : kForwarded) ::sigaddset(&watched_, number);
  ::sigaddset(&watched_, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched_, &before_);
  // An inherited "ignore" would have the kernel reap our children, exit codes and all.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, nullptr);
}

SignalForwarder::~SignalForwarder() { restore(); }

void SignalForwarder::restore() const noexcept { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

pid_t SignalForwarder::spawn(const SpawnPlan& plan) const {
  std::vector<char*> arguments;
  for (const std::string& argument : plan.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  SpawnAttributes how;
  ::posix_spawnattr_setflags(&how.attributes, POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setsigmask(&how.attributes, &before_);
  if (plan.standard_input >= 0) {
    ::posix_spawn_file_actions_adddup2(&how.actions, plan.standard_input, STDIN_FILENO);
  }
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, plan.path.c_str(), &how.actions, &how.attributes,
                            arguments.data(), environ);
  if (error) fail_errno(error, "start '{}'", plan.path);
  return pid;
}

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

}  // namespace wherry::os
