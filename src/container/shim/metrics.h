// What a container has used, as containerd's clients read it.
#pragma once

#include "oci/runtime_stats.h"

namespace wherry::shim {

namespace wire {
class Any;
}

// An Any of io.containerd.cgroups.v1.Metrics or io.containerd.cgroups.v2.Metrics.
wire::Any metrics_of(const oci::RuntimeStats& stats, bool v2, std::uint64_t oom_kills);

}  // namespace wherry::shim
