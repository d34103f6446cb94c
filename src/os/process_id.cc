#include "os/process_id.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace wherry::os {
namespace {

struct Stat {
  char state;
  std::uint64_t start_time;
};

std::optional<Stat> read_stat(pid_t pid) {
  Fd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  char buffer[1024];
  ssize_t got = ::read(file.get(), buffer, sizeof buffer);
  if (got <= 0) return std::nullopt;
  // The second field is the program's name in brackets, and may hold anything.
  std::string_view text(buffer, static_cast<std::size_t>(got));
  std::size_t end_of_name = text.rfind(") ");
  if (end_of_name == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end_of_name + 2);
  Stat stat{.state = text[0], .start_time = 0};
  constexpr int kFieldsBetween = 19;  // from the state, field 3, to the start time, field 22
  for (int i = 0; i < kFieldsBetween; ++i) {
    std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  std::from_chars(text.data(), text.data() + text.size(), stat.start_time);
  return stat;
}

bool has_ended(const Stat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

}  // namespace

std::optional<ProcessId> identify(pid_t pid) {
  auto stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return ProcessId{.pid = pid, .start_time = stat->start_time};
}

bool is_alive(const ProcessId& process) {
  if (process.pid <= 0) return false;
  auto stat = read_stat(process.pid);
  return stat && stat->start_time == process.start_time && !has_ended(*stat);
}

Fd open_process(const ProcessId& process) {
  if (process.pid <= 0) return Fd();
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // Asked after opening: the number cannot change hands any more.
  if (!pidfd.is_open() || !is_alive(process)) return Fd();
  return pidfd;
}

bool send_signal(const Fd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  fail_errno(errno, "send signal {}", signal);
}

bool wait_for_end(const Fd& pidfd, int milliseconds) {
  pollfd waiting{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return sys([&] { return ::poll(&waiting, 1, milliseconds); }, "wait for a process") > 0;
}

}  // namespace wherry::os
