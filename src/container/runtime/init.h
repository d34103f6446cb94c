// The container's first process: sets up its own sandbox, then runs the workload.
#pragma once

#include <sched.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/cgroup.h"
#include "os/clone.h"

namespace wherry::container {

// Everything init needs, made ready before it is cloned; borrowed for its whole life.
struct InitPlan {
  const oci::RuntimeConfig& config;
  std::string bundle;
  // CLONE_NEW* that init was cloned with, but for a cgroup namespace, which it makes itself.
  std::uint64_t new_namespaces = 0;
  // A network namespace that it was not: the maker gives it, after it has let init on.
  bool network_follows = false;
  // The runtime's own argument vector, whose strings and environment are wiped: init keeps the
  // memory it was cloned from, and the guest may read /proc/self/environ. May be null.
  char** argv = nullptr;
  // Of those it is not born in: init enters them before anything else.
  const os::CgroupEntrance& cgroup;
  // Opens the file with the limit of the group's memory, once the group is made; none where it has none.
  std::function<os::Fd()> open_memory_limit;
  // A listening socket on which init waits for `start` once its maker has left; -1 where the maker
  // itself starts it.
  int listener = -1;
  // Who cloned init had entered the namespaces of config.json that are to be joined: see
  // is_born_into_namespaces().
  bool is_born_into_namespaces = false;
  // The process whose namespaces are joined instead of making any: a pidfd, and which (CLONE_NEW*), less
  // those that init was born into.
  int joined = -1;
  std::uint64_t joined_namespaces = 0;
  bool joined_user_namespace = false;
  // From open_id_mapped_sources().
  std::span<const os::Fd> id_mapped;
  // Kept open for the workload.
  std::vector<int> kept;
  // One of them is the guest's way to the service manager.
  bool has_notify = false;
  // A connected stream socket on which whoever shows the container's terminal waits for it; -1 where
  // it has none.
  int console = -1;
  // A file with the state as hooks get it, filled in by the maker before init is let on; -1 where
  // nothing of config.json is called but before init and after its start.
  int state = -1;
  // Where what the guest says to the service manager arrives: goes to whoever starts it, with the last
  // report. -1 for nowhere.
  int notified = -1;
  // Lives on when its maker ends, once it was started.
  bool detached = false;
};

// The body of init, for os::clone_child(). Reports ready with its mounts made where hooks are to see
// them (InitPlan::state), with the sandbox complete, with the workload
// prepared, where it was left alone, and last when it was started; between them it waits to be let go.
// Returns the guest's exit code. Throws Error.
int run_init(const InitPlan& plan, Workload& workload, os::ParentLink& parent);

}  // namespace wherry::container
