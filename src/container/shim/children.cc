#include "container/shim/children.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "base/error.h"

namespace wherry::shim {

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

pid_t Children::spawn(const os::SpawnPlan& plan, OnEnd on_end) {
  pid_t pid = os::spawn(plan);
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
      on_other_(pid, os::exit_status_of(raw));
      continue;
    }
    ended.emplace_back(std::move(own->second), os::exit_status_of(raw));
    own_.erase(own);
  }
  for (auto& [on_end, status] : ended) on_end(status);
}

}  // namespace wherry::shim
