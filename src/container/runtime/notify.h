// Between a guest that says that it is ready (sd_notify) and the service manager (NOTIFY_SOCKET).
//
// The guest's socket is its own, never the manager's: a manager believes who may write to its socket, and
// takes processes to watch, descriptors to keep and watchdogs to stop from it. What passes is a list of
// words; the pid to watch is ours to say. Nobody stays for it: `run` listens while it waits for the
// guest's end, `start` until the guest is ready, as crun and runc do.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"
#include "os/process.h"

namespace wherry::container {

// Connects to what NOTIFY_SOCKET names: a path, or '@' and an abstract name (sd_notify(3)). Throws Error.
os::Fd connect_to_manager(const std::string& notify_socket);

// What of a guest's message the service manager gets, a line each; empty where that is nothing.
//   READY=1  STOPPING=1  WATCHDOG=1    as they are
//   STATUS=…                           without control characters, cut after 256 bytes
std::string passed_on(std::string_view message);

class NotifyProxy final : public os::Attendant {
 public:
  // guest: the end of a datagram socket that the guest's messages come to; manager: connected to the
  // service manager.
  NotifyProxy(os::Fd guest, os::Fd manager)
      : guest_(std::move(guest)), manager_(std::move(manager)) {}

  // Passes messages on until one says that the guest is ready, or the process behind pidfd ends. The
  // manager then knows that pid, the guest's, is to be watched.
  void relay_until_ready(pid_t pid, int pidfd);

  void watch(std::vector<pollfd>& watched) override;
  void attend(std::span<const pollfd> watched) override;
  bool take_signal(int number) override;
  void finish() override;

 private:
  std::optional<std::string> receive();

  os::Fd guest_;
  os::Fd manager_;
};

}  // namespace wherry::container
