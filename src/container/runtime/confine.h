// The second wall around a guest: what its process has given up before the first byte of the guest's
// module is read.
#pragma once

#include "container/runtime/workload.h"
#include "oci/runtime_config.h"

namespace wherry::container {

// no_new_privs whatever config.json says (a guest executes no file, so nothing is lost), Landlock
// where the kernel has it, then the seccomp filter. Of the steps of init the last: after it no program
// can be started, no file system mounted, no credential changed. Requires: "/" is the container's root,
// one thread. Throws Error.
void confine(const oci::RuntimeConfig& config, const Workload& workload);

}  // namespace wherry::container
