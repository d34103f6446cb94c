#include "container/runtime/streams.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <filesystem>

#include "base/error.h"
#include "os/unix_socket.h"

namespace wherry::container {
namespace {

constexpr int kFirst = 3;
constexpr const char* kNotifyPath = "/run/notify/notify.sock";

void set_variable(std::vector<std::string>& env, const std::string& name,
                  const std::string& value) {
  std::erase_if(env, [&](const std::string& each) { return each.starts_with(name + "="); });
  env.push_back(name + "=" + value);
}

}  // namespace

OpenStreams::OpenStreams(const Streams& streams, oci::RuntimeConfig& config,
                         const std::string& folder) {
  for (unsigned i = 0; i < streams.preserved; ++i) {
    inherited_.given.push_back(kFirst + static_cast<int>(i));
  }
  if (streams.preserved > 0) {
    set_variable(config.process.env, "LISTEN_FDS", std::to_string(streams.preserved));
    set_variable(config.process.env, "LISTEN_PID", "1");
  }
  open_console(streams, config.process);
  if (!streams.notify_socket.empty()) {
    const std::string socket = std::filesystem::absolute(folder).string() + "/notify";
    notified_ = os::bind_unix(socket, SOCK_DGRAM);
    notify_ = os::connect_unix(socket, SOCK_DGRAM);
    inherited_.notify = notify_.get();
    inherited_.notify_path = kNotifyPath;
    set_variable(config.process.env, "NOTIFY_SOCKET", kNotifyPath);
    config.mounts.push_back(
        {.destination = kNotifyPath, .type = "bind", .source = socket, .options = {"bind", "ro"}});
  }
}

void OpenStreams::open_console(const Streams& streams, const oci::RuntimeProcess& process) {
  if (!streams.console_socket.empty()) {
    console_ = in_context([] { return std::string("reach the console socket"); },
                          [&] { return os::connect_unix(streams.console_socket, SOCK_STREAM); });
    return;
  }
  if (!process.terminal || !streams.attached) return;
  if (!os::caller_terminal()) {
    fail(ErrorKind::FailedPrecondition,
         "process.terminal: there is no terminal to show it on, and no --console-socket");
  }
  int pair[2];
  sys([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); },
      "make a socket pair");
  console_ = os::Fd(pair[0]);
  screen_ = os::Fd(pair[1]);
}

std::unique_ptr<os::TerminalRelay> OpenStreams::show_terminal() {
  if (!screen_.is_open()) return nullptr;
  console_.reset();
  os::ReceivedDescriptor master = os::receive_descriptor(screen_.get());
  screen_.reset();
  return std::make_unique<os::TerminalRelay>(std::move(master.fd), os::caller_terminal().value());
}

void check_preserved(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    if (::fcntl(kFirst + static_cast<int>(i), F_GETFD) >= 0) continue;
    fail(ErrorKind::InvalidArgument, "--preserve-fds {}: descriptor {} is not open", count,
         kFirst + i);
  }
}

}  // namespace wherry::container
