// The system calls of a container's process: those its workload makes, less those config.json refuses.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <vector>

#include "oci/runtime_features.h"
#include "oci/runtime_seccomp.h"
#include "os/seccomp.h"

namespace wherry::container {

// What of config.json is understood.
oci::SeccompFeatures seccomp_features();

struct SeccompFilter {
  std::vector<sock_filter> program;
  unsigned flags = 0;
};
// What the workload needs and what config.json says, in one program. Requires: one of them. Names that
// this kernel's headers do not know are left out, as other runtimes do; rules of a call count in their
// order, the first that holds. Throws Error(InvalidArgument) for what cannot be understood,
// Error(Unimplemented) for SCMP_ACT_NOTIFY.
SeccompFilter make_seccomp_filter(const std::optional<os::SeccompPolicy>& needed,
                                  const std::optional<oci::RuntimeSeccomp>& configured);

}  // namespace wherry::container
