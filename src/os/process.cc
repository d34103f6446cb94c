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

// What posix_spawn() is told beside the program and its words.
class SpawnSettings {
 public:
  explicit SpawnSettings(const SpawnPlan& plan) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    int highest = STDERR_FILENO;
    for (const GivenDescriptor& given : plan.descriptors) {
      ::posix_spawn_file_actions_adddup2(&actions, given.ours, given.theirs);
      highest = std::max(highest, given.theirs);
    }
    int flags = 0;
    if (plan.group == ProcessGroup::New) flags |= POSIX_SPAWN_SETPGROUP;
    if (plan.group == ProcessGroup::NewSession) flags |= POSIX_SPAWN_SETSID;
    if (plan.apart) {
      ::posix_spawn_file_actions_addclosefrom_np(&actions, highest + 1);
      sigset_t none;
      sigset_t all;
      ::sigemptyset(&none);
      ::sigfillset(&all);
      ::posix_spawnattr_setsigmask(&attributes, &none);
      ::posix_spawnattr_setsigdefault(&attributes, &all);
      flags |= POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    }
    ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  }
  ~SpawnSettings() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

ExitStatus exit_status_of(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {.signal = WTERMSIG(wait_status)};
  return {.code = WEXITSTATUS(wait_status)};
}

pid_t spawn(const SpawnPlan& plan) {
  SpawnSettings settings(plan);
  std::vector<char*> environment;
  if (plan.environment) environment = pointers(*plan.environment);
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, plan.path.c_str(), &settings.actions, &settings.attributes,
                            pointers(plan.arguments).data(),
                            plan.environment ? environment.data() : environ);
  if (error) fail_errno(error, "start '{}'", plan.path);
  return pid;
}

std::vector<std::string> environment_without(std::initializer_list<std::string_view> names) {
  std::vector<std::string> result;
  for (char** variable = environ; *variable; ++variable) {
    std::string_view text = *variable;
    if (std::ranges::find(names, text.substr(0, text.find('='))) == names.end()) {
      result.emplace_back(text);
    }
  }
  return result;
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
    if (reaped == pid) return exit_status_of(raw);
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
      return exit_status_of(raw);
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
