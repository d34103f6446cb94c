// The container's first process: sets up its own sandbox, then runs the workload.
#pragma once

#include <string>

#include "container/runtime/workload.h"
#include "oci/runtime_config.h"
#include "os/clone.h"

namespace wherry::container {

// Everything init needs, made ready before it is cloned; borrowed for its whole life.
struct InitPlan {
  const oci::RuntimeConfig& config;
  std::string bundle;
  std::uint64_t new_namespaces = 0;  // CLONE_NEW* that init was cloned with
  // The runtime's own argument vector, whose strings and environment are wiped: init keeps the
  // memory it was cloned from, and the guest may read /proc/self/environ. May be null.
  char** argv = nullptr;
};

// The body of init, for os::clone_child(). Reports ready twice: with the sandbox complete, and with
// the workload prepared; then waits to be let go. Returns the guest's exit code. Throws Error.
int run_init(const InitPlan& plan, Workload& workload, os::ParentLink& parent);

}  // namespace wherry::container
