// What a container's process is given beside what config.json says: descriptors, a terminal's socket,
// the way to the service manager.
#pragma once

#include <string>

#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

struct Streams {
  std::string console_socket;  // path of the socket that its terminal goes to; empty for none
  unsigned preserved = 0;      // this process's descriptors from 3 on become the guest's
  std::string notify_socket;   // of the service manager; empty for none
};

// The same, open. What the guest has to know of it is put into the config it was made with: LISTEN_FDS,
// NOTIFY_SOCKET, and the mount of the latter.
class OpenStreams {
 public:
  // Throws Error.
  OpenStreams(const Streams& streams, oci::RuntimeConfig& config);

  const Inherited& inherited() const { return inherited_; }
  int console() const { return console_.get(); }

 private:
  Inherited inherited_;
  os::Fd console_;
  os::Fd notify_;
};

// Throws Error(InvalidArgument) where one of the descriptors from 3 on is not open. Requires: this
// process has opened none yet.
void check_preserved(unsigned count);

}  // namespace wherry::container
