// What runs inside a sandbox. The runtime makes the sandbox and knows nothing of Wasm.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci/runtime_config.h"
#include "os/fd.h"
#include "os/process.h"
#include "os/seccomp.h"

namespace wherry::container {

// Descriptors that a process was given beyond 0, 1 and 2.
struct Inherited {
  std::vector<int> given;  // what the guest has as 3, 4, …
  // A datagram socket for what the service manager is to hear, and the file the guest knows it by; -1 for none.
  int notify = -1;
  std::string notify_path;
  // The file of what is to run, where that is not in the container's root; -1 where it is.
  int module = -1;
};

// prepare() and run() are called in the container's init process, once each, in this order, with the
// sandbox complete: "/" is the container's root, the working directory its cwd, the credentials
// those of the guest, no descriptor open but 0, 1, 2, those inherited, the runtime's own link and the
// file of its memory's limit.
class Workload {
 public:
  virtual ~Workload() = default;

  // The system calls it makes from prepare() on, for a filter that refuses all others; nothing where
  // it may make any.
  virtual std::optional<os::SeccompPolicy> needed_calls() const { return std::nullopt; }

  // The kernel's file with the limit of this process's memory, which may change as long as the guest
  // runs. Called before prepare(), where there is such a limit or could be one.
  virtual void follow_memory_limit(os::Fd) {}

  // A connected datagram socket: opening path is to open it. Called before prepare(), where the process's
  // NOTIFY_SOCKET names a socket in the container and none was given in Inherited.
  virtual void give_notify(os::Fd /*socket*/, const std::string& /*path*/) {}

  // Called in the process that made init, while that makes its sandbox: what provide() will need.
  virtual void get_ready() {}
  // Opens the file of what is to run and reads none of it. Called in init, in the sandbox but before it is
  // confined; the descriptor stays the workload's. -1 where there is none: prepare() says why.
  virtual int open() noexcept { return -1; }
  // Called in the process that made init, before init goes on: what open() gave, and whose mount namespace it
  // is of. What it returns init gets. What cannot be had is done without.
  virtual std::vector<os::Fd> provide(os::Fd /*opened*/, pid_t /*init*/) { return {}; }
  // Called in init, still before it is confined, with what provide() returned.
  virtual void take(std::vector<os::Fd> /*provided*/) {}
  // Called in the process that made init where it leaves init to itself, and where it stays until init ends.
  virtual void leave() {}
  virtual os::Attendant* attendant() { return nullptr; }

  // Makes ready whatever can fail before the guest runs: finds the entrypoint, loads it. Throws
  // Error; its kind says what the caller's exit code is (exit_code_of).
  virtual void prepare() = 0;

  // Runs the guest to its end and returns its exit code. What goes wrong here the workload itself
  // says on stderr: the runtime may be long gone.
  virtual int run() noexcept = 0;
};

}  // namespace wherry::container
