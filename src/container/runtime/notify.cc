#include "container/runtime/notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "os/unix_socket.h"

namespace wherry::container {
namespace {

constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxStatus = 256;
constexpr int kBarrierMs = 5000;
constexpr std::string_view kReady = "READY=1";
constexpr std::array<std::string_view, 3> kWhole = {kReady, "STOPPING=1", "WATCHDOG=1"};

bool has_line(std::string_view message, std::string_view line) {
  return ("\n" + std::string(message)).find("\n" + std::string(line) + "\n") != std::string::npos;
}

// A manager that does not listen is not waited for.
void send_to(const os::Fd& manager, const std::string& message) {
  ::send(manager.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Returns when the manager has read what was sent: it looks at who sent it, who may be gone soon. It
// closes a descriptor that it is given for that.
void await_reading(const os::Fd& manager) {
  int pair[2];
  sys([&] { return ::pipe2(pair, O_CLOEXEC); }, "make a pipe");
  os::Fd ours(pair[0]);
  os::Fd theirs(pair[1]);
  auto sent = outcome_of([&] {
    os::send_descriptor(manager.get(), theirs.get(), "BARRIER=1");
    return true;
  });
  theirs.reset();
  pollfd closed{.fd = ours.get(), .events = POLLIN, .revents = 0};
  if (sent.first) ::poll(&closed, 1, kBarrierMs);
}

}  // namespace

os::Fd connect_to_manager(const std::string& notify_socket) {
  return in_context([] { return std::string("reach the service manager"); },
                    [&] {
                      if (!notify_socket.starts_with('@')) {
                        return os::connect_unix(notify_socket, SOCK_DGRAM);
                      }
                      return os::connect_abstract_unix(notify_socket.substr(1), SOCK_DGRAM);
                    });
}

std::string passed_on(std::string_view message) {
  std::string result;
  while (!message.empty()) {
    std::size_t end = std::min(message.find('\n'), message.size());
    std::string line(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
    bool is_status = line.starts_with("STATUS=");
    if (is_status) {
      std::erase_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
      line.resize(std::min(line.size(), kMaxStatus));
    }
    if (is_status || std::ranges::find(kWhole, line) != kWhole.end()) result += line + "\n";
  }
  return result;
}

// One message, as it may pass: empty where none of it may. Nothing where there is none to be read.
std::optional<std::string> NotifyProxy::receive() {
  std::array<char, kMaxMessage> buffer;
  ssize_t got = ::recv(guest_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return std::nullopt;
  return passed_on({buffer.data(), static_cast<std::size_t>(got)});
}

void NotifyProxy::relay_until_ready(pid_t pid, int pidfd) {
  bool ended = false;
  while (!ended) {
    pollfd watched[] = {{.fd = guest_.get(), .events = POLLIN, .revents = 0},
                        {.fd = pidfd, .events = POLLIN, .revents = 0}};
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) fail_errno(errno, "wait for readiness");
    // What it said before it ended is there by now.
    ended = watched[1].revents != 0;
    while (auto message = receive()) {
      bool is_ready = has_line(*message, kReady);
      if (is_ready && !ended) *message += fmt::format("MAINPID={}\n", pid);
      if (!message->empty()) send_to(manager_, *message);
      if (!is_ready) continue;
      await_reading(manager_);
      return;
    }
  }
}

void NotifyProxy::watch(std::vector<pollfd>& watched) {
  watched.push_back({.fd = guest_.get(), .events = POLLIN, .revents = 0});
}

void NotifyProxy::attend(std::span<const pollfd> watched) {
  bool has_come = std::ranges::any_of(watched, [&](const pollfd& each) {
    return each.fd == guest_.get() && (each.revents & POLLIN);
  });
  if (!has_come) return;
  auto message = receive();
  if (message && !message->empty()) send_to(manager_, *message);
}

bool NotifyProxy::take_signal(int) { return false; }

// There is no more to come: a queue holds a bounded number of messages.
void NotifyProxy::finish() {
  while (auto message = receive()) {
    if (!message->empty()) send_to(manager_, *message);
  }
}

}  // namespace wherry::container
