// A container's init, seen from the process that clones it: made, let go, waited for or left alone.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/cgroup.h"
#include "os/clone.h"
#include "os/process.h"
#include "os/process_id.h"

namespace wherry::container {

// The sandbox stood; what was to run in it could not be made ready. Its kind says why.
class WorkloadError : public Error {
 public:
  explicit WorkloadError(const Error& error) : Error(error) {}
};

struct InitProcessPlan {
  const oci::RuntimeConfig* config = nullptr;
  std::string bundle;     // directory of config.json
  char** argv = nullptr;  // see InitPlan
  int listener = -1;      // see InitPlan
  // Instead of a sandbox of its own, that of a running process.
  const os::ProcessId* joined = nullptr;
  bool detached = false;                      // see InitPlan
  std::function<os::Fd()> open_memory_limit;  // see InitPlan
  Inherited inherited;                        // open descriptors of this process
  int console = -1;                           // see InitPlan
  int notified = -1;                          // see InitPlan
};

// The steps in their order: create, await_sandbox, await_workload, and then either start and wait, or
// leave. If the object goes before its last step, init ends with it.
// Thread safety: none; the process has one thread.
class InitProcess {
 public:
  // The plan's config and the workload are borrowed until the last step.
  InitProcess(InitProcessPlan plan, Workload& workload)
      : plan_(std::move(plan)), workload_(workload) {}
  ~InitProcess();
  InitProcess(const InitProcess&) = delete;
  InitProcess& operator=(const InitProcess&) = delete;

  // Clones init into its new namespaces, and into a cgroup; it waits there. Throws Error.
  void create(os::CgroupEntrance cgroup);
  // Where config.json has hooks for it: returns when the container's mounts are made, and has init call
  // its own hooks then, with that state. Throws Error.
  bool has_hooks() const { return state_.is_open(); }
  void await_mounts();
  void give_state(const std::string& state);
  // Returns when init stands in its sandbox. Throws the Error it met.
  void await_sandbox();
  // Returns when the workload is prepared. Throws WorkloadError.
  void await_workload();
  // Lets the guest run. Returns where what it says to the service manager arrives, not open where there
  // is no such place. Throws Error.
  os::Fd start();
  // Passes signals on until init ends, and has the attendants see to theirs.
  os::ExitStatus wait(std::span<os::Attendant* const> attendants = {});
  // Of a started one that is detached: leaves it to itself.
  void let_go() { ended_ = true; }
  // Lets init wait at its listener, and live on when this process ends. Throws Error.
  void leave();

  pid_t pid() const { return child_->pid(); }

 private:
  std::uint64_t open_joined(const os::ProcessId& process);
  void join(std::uint64_t namespaces) const;
  void release();

  InitProcessPlan plan_;
  Workload& workload_;
  os::SignalForwarder signals_;
  os::CgroupEntrance cgroup_;
  os::Fd joined_;
  os::Fd state_;
  std::vector<os::Fd> id_mapped_;
  os::Fd own_network_;  // open while init is owed one of its own, which it gets when it is let on
  std::optional<os::Child> child_;
  bool ended_ = false;
};

}  // namespace wherry::container
