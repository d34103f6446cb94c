#include "os/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "os/fd.h"

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

ExitStatus wait_for(pid_t pid) {
  int raw = 0;
  sys([&] { return ::waitpid(pid, &raw, 0); }, "wait for process {}", pid);
  return status_of(raw);
}

std::optional<std::uint64_t> start_time_of(pid_t pid) {
  Fd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  char buffer[1024];
  ssize_t length = ::read(file.get(), buffer, sizeof buffer);
  if (length <= 0) return std::nullopt;
  // The second field is the name in parentheses and may hold anything; the 22nd is the start time.
  std::string_view text(buffer, static_cast<std::size_t>(length));
  std::size_t at = text.rfind(')');
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + 1);
  if (text.size() > 1 && (text[1] == 'Z' || text[1] == 'X')) return std::nullopt;
  for (int field = 2; field < 22; ++field) {
    std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  std::uint64_t ticks = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), ticks).ec != std::errc()) {
    return std::nullopt;
  }
  return ticks;
}

std::optional<int> parse_signal(const std::string& text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (number < 1 || number >= NSIG) return std::nullopt;
    return number;
  }
  std::string_view name = text;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (number = 1; number < NSIG; ++number) {
    const char* abbreviation = ::sigabbrev_np(number);
    if (abbreviation && name == abbreviation) return number;
  }
  return std::nullopt;
}

}  // namespace wherry::os
