// A bundle becomes a sandboxed process, seen from outside: create, start, wait.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "container/runtime/lifecycle.h"
#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/clone.h"
#include "os/process.h"

namespace wherry::container {

struct ContainerPlan {
  std::string id;
  std::string bundle;  // directory of config.json
  oci::RuntimeConfig config;
  char** argv = nullptr;  // see InitPlan
};

// Reads <bundle>/config.json. Throws Error "read bundle '…': …".
ContainerPlan load_bundle(std::string id, std::string bundle);

// "a-z A-Z 0-9 _ + - ." and not "." or "..": an id is also a file name. Throws
// Error(InvalidArgument).
void check_id(const std::string& id);

// One container, of this process. If the object goes before wait(), init ends with it.
// Thread safety: none; the process has one thread.
class Container {
 public:
  // The workload is borrowed until wait() returns.
  Container(ContainerPlan plan, Workload& workload) : plan_(std::move(plan)), workload_(workload) {}
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Returns when init stands in its sandbox with the workload prepared. Throws Error; is the
  // sandbox ready, it is the workload that failed.
  void create();
  // Lets the guest run.
  void start();
  // Passes signals on until init ends.
  os::ExitStatus wait();

  State state() const { return state_; }
  bool is_sandbox_ready() const { return sandbox_ready_; }
  pid_t pid() const { return init_->pid(); }

 private:
  ContainerPlan plan_;
  Workload& workload_;
  os::SignalForwarder signals_;
  State state_ = State::Creating;
  bool sandbox_ready_ = false;
  std::optional<os::Child> init_;
};

// As Docker counts: 127 an entrypoint that is not there, 126 one that cannot be run, 125 for
// whatever else failed before the guest ran.
int exit_code_of(const Error& error, bool sandbox_was_ready);

}  // namespace wherry::container
