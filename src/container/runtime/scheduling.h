// process.scheduler, ioPriority and execCPUAffinity of config.json: when a process gets the machine.
#pragma once

#include "oci/runtime_scheduling.h"

namespace wherry::container {

// Of the calling process, and of what threads it makes later. is_exec: it joins a running container.
// Throws Error.
void apply_scheduling(const oci::RuntimeScheduling& scheduling, bool is_exec);

}  // namespace wherry::container
