// What a container's process is given beside what config.json says: descriptors, a terminal's socket,
// the way to the service manager.
#pragma once

#include <memory>
#include <string>

#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/fd.h"
#include "os/terminal_relay.h"

namespace wherry::container {

struct Streams {
  std::string console_socket;  // path of the socket that its terminal goes to; empty for none
  unsigned preserved = 0;      // this process's descriptors from 3 on become the guest's
  std::string notify_socket;   // of the service manager; empty for none
  // This process stays until that one's end: a terminal that has no socket to go to is shown on the
  // caller's.
  bool attached = false;
};

// The same, open. What the guest has to know of it is put into the config it was made with: LISTEN_FDS,
// NOTIFY_SOCKET, and the mount of the latter.
class OpenStreams {
 public:
  // folder is where a socket for the guest's messages to the service manager may be made, which needs
  // streams.notify_socket. Throws Error.
  OpenStreams(const Streams& streams, oci::RuntimeConfig& config, const std::string& folder = {});

  const Inherited& inherited() const { return inherited_; }
  int console() const { return console_.get(); }
  int notified() const { return notified_.get(); }
  // Of a process that stands in its sandbox: its terminal, where it is to be shown on the caller's.
  // Nothing where not. Called once. Throws Error.
  std::unique_ptr<os::TerminalRelay> show_terminal();

 private:
  void open_console(const Streams& streams, const oci::RuntimeProcess& process);

  Inherited inherited_;
  os::Fd console_;
  os::Fd screen_;  // the other end of console_, where that is ours
  os::Fd notified_;
  os::Fd notify_;
};

// Throws Error(InvalidArgument) where one of the descriptors from 3 on is not open. Requires: this
// process has opened none yet.
void check_preserved(unsigned count);

}  // namespace wherry::container
