// The link is a socket pair of sequenced packets, so that a message arrives whole or not at all:
//   child to parent   'r'                          ready
//                     'e' kind:byte text           the Error the child ended with
//   parent to child   'g'                          go on
//                     'd' and a descriptor         here it is
// The death of either end reads as an empty packet at the other.
#include "os/clone.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "os/unix_socket.h"

namespace wherry::os {
namespace {

constexpr int kOwnFailure = 125;  // as Docker: the runtime failed, not the guest
constexpr std::size_t kMaxMessage = 4096;

// Without allocation: memory may be what ran out.
void report_failure(int socket, ErrorKind kind, std::string_view text) noexcept {
  char message[kMaxMessage];
  message[0] = 'e';
  message[1] = static_cast<char>(kind);
  std::size_t length = std::min(text.size(), sizeof message - 2);
  std::memcpy(message + 2, text.data(), length);
  if (socket >= 0 && ::send(socket, message, length + 2, MSG_NOSIGNAL) >= 0) return;
  (void)!::write(STDERR_FILENO, "error: ", 7);
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
}

[[noreturn]] void run_child(const std::function<int(ParentLink&)>& body, Fd socket) noexcept {
  ParentLink link(std::move(socket));
  int code = kOwnFailure;
  try {
    code = body(link);
  } catch (const Error& error) {
    report_failure(link.descriptor(), error.kind(), error.what());
  } catch (const std::exception& error) {
    report_failure(link.descriptor(), ErrorKind::Internal, error.what());
  }
  ::_exit(code);
}

struct Link {
  Fd ours;
  Fd theirs;
};

Link make_link() {
  int pair[2];
  sys([&] { return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair); },
      "make a socket pair");
  return {Fd(pair[0]), Fd(pair[1])};
}

clone_args arguments_of(std::uint64_t flags, int cgroup) {
  clone_args arguments{};
  arguments.flags = flags;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  return arguments;
}

[[noreturn]] void fail_clone(int error, std::uint64_t flags, int cgroup) {
  if ((flags & CLONE_NEWUSER) && (error == EPERM || error == ENOSPC)) {
    fail_errno(error, "create a user namespace (does this machine allow it to ordinary users?)");
  }
  fail_errno(error, "create a process in new namespaces{}",
             cgroup >= 0 ? " and in its cgroup" : "");
}

}  // namespace

bool ParentLink::try_await_parent() noexcept {
  char go = 0;
  ssize_t got;
  do {
    got = ::recv(socket_.get(), &go, 1, 0);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

void ParentLink::await_parent() noexcept {
  if (!try_await_parent()) ::_exit(kOwnFailure);
}

Fd ParentLink::await_descriptor() {
  Fd received = try_receive_descriptor(socket_.get()).fd;
  if (!received.is_open()) ::_exit(kOwnFailure);
  return received;
}

std::vector<Fd> ParentLink::await_descriptors() {
  for (std::vector<Fd> received;;) {
    auto [fd, text] = try_receive_descriptor(socket_.get());
    if (text.empty()) ::_exit(kOwnFailure);
    if (!fd.is_open()) return received;
    received.push_back(std::move(fd));
  }
}

void ParentLink::report_ready() {
  sys([&] { return ::send(socket_.get(), "r", 1, MSG_NOSIGNAL); }, "report to the runtime");
}

void ParentLink::report_ready(int descriptor) {
  in_context([] { return std::string("report to the runtime"); },
             [&] { send_descriptor(socket_.get(), descriptor, "r"); });
}

void Child::check_sent(int error, std::string_view doing) const {
  // A child that is gone already says why when it is waited for.
  if (error && error != EPIPE && error != ECONNRESET)
    fail_errno(error, "{} process {}", doing, pid_);
}

void Child::release() {
  check_sent(::send(socket_.get(), "g", 1, MSG_NOSIGNAL) < 0 ? errno : 0, "release");
}

void Child::give(int descriptor) {
  check_sent(try_send_descriptor(socket_.get(), descriptor, "d"), "give a descriptor to");
}

void Child::await_child() { (void)await_descriptor(); }

Fd Child::await_descriptor() {
  auto [fd, message] = in_context([&] { return fmt::format("wait for process {}", pid_); },
                                  [&] { return try_receive_descriptor(socket_.get()); });
  if (message == "r") return std::move(fd);
  if (message.size() >= 2 && message[0] == 'e') {
    throw Error(static_cast<ErrorKind>(message[1]), message.substr(2));
  }
  fail(ErrorKind::Internal, "process {} ended before it was ready", pid_);
}

Child clone_child(std::uint64_t flags, const std::function<int(ParentLink&)>& body, int cgroup) {
  Link link = make_link();
  clone_args arguments = arguments_of(flags, cgroup);
  int pidfd = -1;
  arguments.flags |= CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    link.ours.reset();
    run_child(body, std::move(link.theirs));
  }
  if (pid < 0) fail_clone(errno, flags, cgroup);
  return Child(static_cast<pid_t>(pid), Fd(pidfd), std::move(link.ours));
}

Child clone_child_after(const std::function<void()>& before, std::uint64_t flags,
                        const std::function<int(ParentLink&)>& body, int cgroup) {
  Link link = make_link();
  Link number = make_link();
  Child between = clone_child(0, [&](ParentLink& parent) {
    before();
    // Born as its brother: its end is told with the same signal.
    clone_args arguments = arguments_of(flags | CLONE_PARENT, cgroup);
    long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
      parent.detach();
      number = {};
      link.ours.reset();
      run_child(body, std::move(link.theirs));
    }
    if (pid < 0) fail_clone(errno, flags, cgroup);
    sys([&] { return ::send(number.theirs.get(), &pid, sizeof pid, MSG_NOSIGNAL); },
        "report to the runtime");
    parent.report_ready();
    return 0;
  });
  ChildEnd end(between.pid());
  between.await_child();
  long pid = 0;
  sys([&] { return ::recv(number.ours.get(), &pid, sizeof pid, 0); }, "wait for a process");
  // It cannot be another by now: nobody has reaped it.
  Fd pidfd(static_cast<int>(
      sys([&] { return ::syscall(SYS_pidfd_open, pid, 0); }, "watch process {}", pid)));
  return Child(static_cast<pid_t>(pid), std::move(pidfd), std::move(link.ours));
}

ChildEnd::~ChildEnd() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void die_with_parent() {
  sys([] { return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }, "ask to end with the parent");
}

void outlive_parent() {
  sys([] { return ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }, "ask to outlive the parent");
}

}  // namespace wherry::os
