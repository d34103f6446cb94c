// One container by its id: what the verbs of an OCI runtime do to it (runtime-spec, runtime.md).
//
// A Container holds the lock of its state folder: verbs on one container follow one another. The
// exception is a `run` in the foreground, which gives the lock back while the guest runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "container/runtime/bundle.h"
#include "container/runtime/cgroup.h"
#include "container/runtime/init_process.h"
#include "container/runtime/lifecycle.h"
#include "container/runtime/notify.h"
#include "container/runtime/state_store.h"
#include "container/runtime/streams.h"
#include "container/runtime/workload.h"
#include "os/process.h"

namespace wherry::container {

// The config outlives the workload.
using WorkloadMaker =
    std::function<std::unique_ptr<Workload>(const oci::RuntimeConfig&, const Inherited&)>;

// Told, in one line, what went wrong without stopping anything.
using Warn = std::function<void(const std::string& text)>;

struct CreateRequest {
  std::string id;
  Bundle bundle;
  std::string pid_file;  // empty for none
  // What is to run, where it is not in the container's root: a path of the host. Empty where it is.
  std::string module;
  Streams streams;
  char** argv = nullptr;  // see InitPlan
  // Its init ends with this process, which starts it and waits for it itself.
  bool foreground = false;
  CgroupManager cgroup_manager = CgroupManager::Cgroupfs;
};

struct ExecRequest {
  oci::RuntimeProcess process;
  std::string pid_file;  // empty for none
  Streams streams;
  char** argv = nullptr;  // see InitPlan
  bool detach = false;
};

class Container {
 public:
  // Makes the container: its init stands in its final sandbox, the workload prepared, and waits.
  // Throws Error (WorkloadError where the sandbox was ready), and then nothing of it is left.
  static std::unique_ptr<Container> create(const StateStore& store, const CreateRequest& request,
                                           const WorkloadMaker& make_workload, Warn warn);
  // Throws Error(NotFound).
  static std::unique_ptr<Container> open(const StateStore& store, const std::string& id, Warn warn);

  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Lets the guest run. Throws Error. What a poststart hook met is a warning, and stops nothing.
  // Where the guest was given a socket to the service manager, what it says there goes to notify_socket,
  // if that is not empty: of one in the foreground during wait(), of others here, until it is ready. The
  // container's lock is given back meanwhile.
  void start(const std::string& notify_socket);
  // Of one that was created in the foreground, and started: passes signals on until it ends.
  os::ExitStatus wait();
  // Sends a signal to init, or to everything in the container's cgroup. Throws
  // Error(FailedPrecondition) where there is nobody left to get it.
  void kill(int signal, bool all);
  // Removes all that is left of it. One that has not ended is killed first where force is given, and
  // refused where not. Throws Error.
  void remove(bool force);

  // Runs another workload in the container's sandbox, as another process there. Returns its exit
  // code; 0 at once where it is detached. Throws Error (WorkloadError where the process stood in the
  // sandbox). Gives the container's lock back.
  int exec(const ExecRequest& request, const WorkloadMaker& make_workload);

  // Its processes stand still until resume(). Both throw Error(FailedPrecondition) where it has no
  // cgroup or is in another state.
  void pause();
  void resume();
  // Changes its limits; what resources does not mention stays. Throws Error.
  void update(const oci::RuntimeResources& resources);

  // How many of its processes the kernel has ended because a limit of memory was reached.
  std::uint64_t oom_kills() const { return cgroup_.oom_kills(); }

  State state() const;
  const StateRecord& record() const { return record_; }
  const oci::RuntimeConfig& config() const { return bundle_.config; }
  const Bundle& bundle() const { return bundle_; }

 private:
  Container(const StateStore& store, std::optional<StateFolder> folder, Warn warn)
      : store_(store), folder_(std::move(folder)), warn_(std::move(warn)) {}
  void make(const CreateRequest& request, const WorkloadMaker& make_workload);
  void call_creation_hooks();
  void call_poststop_hooks() const;
  Bundle read_bundle() const;
  os::Fd start_from_outside();
  os::Fd open_module(const oci::RuntimeProcess& process) const;
  void plan_cgroup(const CreateRequest& request);
  void create_in_cgroup(InitProcess& init);
  void check_process_limit(std::uint64_t more) const;
  bool signal_all(int signal);

  const StateStore& store_;
  std::optional<StateFolder> folder_;
  Warn warn_;
  StateRecord record_;
  Bundle bundle_;
  Cgroup cgroup_;
  std::optional<OpenStreams> streams_;
  std::unique_ptr<os::TerminalRelay> screen_;  // of one in the foreground
  std::optional<NotifyProxy> notify_;          // the same
  std::unique_ptr<Workload> workload_;
  std::unique_ptr<InitProcess> init_;  // of one that was created here
};

// The state of a container whose folder is not locked by us. Nothing where there is none.
std::optional<StateAndRecord> look_at(const StateStore& store, const std::string& id);
// All of them, by id.
std::vector<StateAndRecord> look_at_all(const StateStore& store);

// As Docker counts: 127 an entrypoint that is not there, 126 one that cannot be run, 125 for
// whatever else failed before the guest ran.
int exit_code_of(const std::exception& error);

}  // namespace wherry::container
