#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"
#include "base/error.h"
#include "container/shim/actions.h"
#include "container/shim/publisher.h"
#include "container/shim/runtime_command.h"
#include "container/shim/task_service.h"
#include "container/ttrpc/server.h"
#include "os/event_loop.h"
#include "os/file.h"
#include "os/program.h"

namespace wherry::shim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShutdownPause{2};
constexpr milliseconds kLongestShutdown{5'000};

// containerd copies it into its own log. A log that is full is no reason to wait.
void report(std::string_view error) {
  char when[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
  std::string line = fmt::format("time=\"{}\" level=error msg=\"", when);
  for (char c : error) {
    if (c == '"' || c == '\\') line += '\\';
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  line += "\"\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

// A little more likely to be killed for want of memory than containerd is.
void adjust_oom_score() {
  constexpr const char* kFile = "/proc/self/oom_score_adj";
  constexpr int kHighest = 1000;
  (void)outcome_of([&] {
    std::string text = os::read_file(AT_FDCWD, kFile, 64);
    int score = 0;
    std::from_chars(text.data(), text.data() + text.size(), score);
    os::Fd file(sys([&] { return ::open(kFile, O_WRONLY | O_CLOEXEC); }, "open '{}'", kFile));
    os::write_all(file.get(), as_bytes(std::to_string(std::min(score + 1, kHighest))));
    return true;
  });
}

// The shim's life is its containers': it ends when containerd says so, by no signal but SIGKILL.
void ignore_signals() {
  for (int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2}) {
    ::signal(number, SIG_IGN);
  }
}

}  // namespace

void serve(const Invocation& invocation) {
  ignore_signals();
  adjust_oom_score();
  sys([] { return ::chdir("/"); }, "change to directory '/'");
  os::Fd listener(kListener);
  sys([&] { return ::fcntl(kListener, F_SETFD, FD_CLOEXEC); }, "use descriptor {}", kListener);
  sys([&] { return ::fcntl(kListener, F_SETFL, O_NONBLOCK); }, "use descriptor {}", kListener);
  os::EventLoop loop(report);
  Publisher publisher(loop, invocation.ttrpc_address, invocation.namespace_name);
  auto deadline = os::EventLoop::Clock::time_point::max();
  std::function<void()> end_when_quiet;
  bool is_ending = false;
  TaskService tasks({.loop = loop,
                     .publisher = publisher,
                     .namespace_name = invocation.namespace_name,
                     .address = invocation.address,
                     .program = os::own_program(),
                     .runtime = find_runtime(),
                     .socket_directory = invocation.socket.substr(0, invocation.socket.rfind('/')),
                     .on_shutdown = [&] {
                       if (std::exchange(is_ending, true)) return;
                       ::unlink(invocation.socket.c_str());
                       deadline = os::EventLoop::Clock::now() + kLongestShutdown;
                       end_when_quiet();
                     }});
  auto service = [&tasks](std::string_view method, std::string_view payload,
                          const ttrpc::Responder& responder) {
    tasks.call(method, payload, responder);
  };
  ttrpc::Server server(
      loop, std::move(listener),
      {{"containerd.task.v2.Task", service}, {"containerd.task.v3.Task", service}});
  // What is still to be said, or to be read, is first.
  end_when_quiet = [&] {
    bool quiet = publisher.is_idle() && !server.has_unsent() && !tasks.has_unread();
    if (quiet || os::EventLoop::Clock::now() >= deadline) return loop.stop();
    loop.after(kShutdownPause, end_when_quiet);
  };
  loop.run();
}

}  // namespace wherry::shim
