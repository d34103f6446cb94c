// The input is a file in memory rather than a pipe: nobody has to feed it while the program runs, and
// a program that does not read it stops nobody. The output is a pipe, so that a program that writes
// without end fills no memory.
#include "os/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"

namespace wherry::os {
namespace {

using Clock = std::chrono::steady_clock;

Fd input_file(std::string_view text) {
  Fd file(sys([] { return ::memfd_create("input", MFD_CLOEXEC); }, "make a file in memory"));
  write_all(file.get(), as_bytes(text));
  sys([&] { return ::lseek(file.get(), 0, SEEK_SET); }, "rewind a file in memory");
  return file;
}

// A handler or "ignore" that we inherited would reap the program before us.
class DefaultChildSignal {
 public:
  DefaultChildSignal() {
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &before_);
  }
  ~DefaultChildSignal() { ::sigaction(SIGCHLD, &before_, nullptr); }
  DefaultChildSignal(const DefaultChildSignal&) = delete;
  DefaultChildSignal& operator=(const DefaultChildSignal&) = delete;

 private:
  struct sigaction before_;
};

// The end of what a program writes.
struct Output {
  std::string text;
  std::size_t kept;
};

// Takes what is there to read. False at the end of it.
bool drain(int pipe, Output& output) {
  char buffer[4096];
  for (;;) {
    ssize_t got = ::read(pipe, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0;
    std::string& text = output.text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > output.kept) text.erase(0, text.size() - output.kept);
  }
}

int milliseconds_until(std::optional<Clock::time_point> end) {
  if (!end) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

// Reads what the process writes until it ends. False where the time is over first.
bool await_end(pid_t pid, int pipe, std::optional<Clock::time_point> end, Output& output) {
  Fd process(static_cast<int>(
      sys([&] { return ::syscall(SYS_pidfd_open, pid, 0); }, "watch process {}", pid)));
  pollfd watched[] = {{.fd = process.get(), .events = POLLIN, .revents = 0},
                      {.fd = pipe, .events = POLLIN, .revents = 0}};
  for (;;) {
    int left = milliseconds_until(end);
    int ready = ::poll(watched, 2, left);
    if (ready < 0 && errno != EINTR) fail_errno(errno, "wait for process {}", pid);
    if (ready > 0 && watched[1].revents && !drain(pipe, output)) watched[1].fd = -1;
    if (ready > 0 && watched[0].revents) return true;
    if (ready == 0 && milliseconds_until(end) == 0) return false;
  }
}

}  // namespace

CommandResult run_command(const Command& command) {
  DefaultChildSignal standard;
  Fd input = input_file(command.input);
  int ends[2];
  sys([&] { return ::pipe2(ends, O_CLOEXEC); }, "make a pipe");
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  sys([&] { return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK); }, "make a pipe not block");

  std::optional<Clock::time_point> end;
  if (command.timeout) end = Clock::now() + *command.timeout;
  pid_t pid = spawn({.path = command.path,
                     .arguments = command.arguments,
                     .environment = command.environment,
                     .descriptors = {{.ours = input.get(), .theirs = STDIN_FILENO},
                                     {.ours = theirs.get(), .theirs = STDOUT_FILENO},
                                     {.ours = theirs.get(), .theirs = STDERR_FILENO}},
                     .group = ProcessGroup::New,
                     .apart = true});
  theirs.reset();

  CommandResult result;
  Output output{.text = {}, .kept = command.kept_output};
  result.timed_out = !await_end(pid, ours.get(), end, output);
  if (result.timed_out) ::kill(-pid, SIGKILL);
  int raw = 0;
  sys([&] { return ::waitpid(pid, &raw, 0); }, "wait for process {}", pid);
  drain(ours.get(), output);
  result.output = std::move(output.text);
  result.status = exit_status_of(raw);
  return result;
}

}  // namespace wherry::os
