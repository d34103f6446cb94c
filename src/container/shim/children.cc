#include "container/shim/children.h"

#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace wherry::shim {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

os::ExitStatus status_of(int raw) {
  if (WIFSIGNALED(raw)) return {.signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw)};
}

}  // namespace

pid_t spawn_child(const ChildPlan& plan) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_init(&actions);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (plan.new_session) flags |= POSIX_SPAWN_SETSID;
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  int highest = STDERR_FILENO;
  for (auto [ours, theirs] : plan.descriptors) {
    ::posix_spawn_file_actions_adddup2(&actions, ours, theirs);
    highest = std::max(highest, theirs);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions, highest + 1);
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, plan.path.c_str(), &actions, &attributes,
                            pointers(plan.arguments).data(), pointers(plan.environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error) fail_errno(error, "start '{}'", plan.path);
  return pid;
}

std::string own_program() {
  std::array<char, 4096> path;
  ssize_t length = sys([&] { return ::readlink("/proc/self/exe", path.data(), path.size()); },
                       "find this program");
  return {path.data(), static_cast<std::size_t>(length)};
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

Children::Children(os::EventLoop& loop, OnOther on_other)
    : loop_(loop), on_other_(std::move(on_other)) {
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  // An inherited "ignore" would have the kernel reap our children, exit codes and all.
  ::signal(SIGCHLD, SIG_DFL);
  signals_ = os::Fd(sys([&] { return ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK); },
                        "watch for the ends of processes"));
  sys([] { return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }, "become a subreaper");
  loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { reap(); });
}

Children::~Children() { loop_.forget(signals_.get()); }

pid_t Children::spawn(const ChildPlan& plan, OnEnd on_end) {
  pid_t pid = spawn_child(plan);
  own_[pid] = std::move(on_end);
  return pid;
}

void Children::reap() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) > 0) {
  }
  std::vector<std::pair<OnEnd, os::ExitStatus>> ended;
  for (;;) {
    int raw = 0;
    pid_t pid = ::waitpid(-1, &raw, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    auto own = own_.find(pid);
    if (own == own_.end()) {
      on_other_(pid, status_of(raw));
      continue;
    }
    ended.emplace_back(std::move(own->second), status_of(raw));
    own_.erase(own);
  }
  for (auto& [on_end, status] : ended) on_end(status);
}

}  // namespace wherry::shim
