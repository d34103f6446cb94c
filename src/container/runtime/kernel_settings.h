// What config.json has the kernel do with a container: linux.sysctl, process.oomScoreAdj, the names of
// the machine.
#pragma once

#include "oci/runtime_config.h"

namespace wherry::container {

// Requires: the process stands in the container's namespaces, the host's /proc is still mounted.
// Settings of the whole machine are refused: only those of the new or joined ipc, network and uts
// namespaces are the container's. Throws Error.
void apply_kernel_settings(const oci::RuntimeConfig& config);

}  // namespace wherry::container
