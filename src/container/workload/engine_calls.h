// The system calls that a guest's calls come to: what a container's process may still make.
#pragma once

#include "os/seccomp.h"

namespace wherry::container {

// Anything else is refused with ENOSYS.
os::SeccompPolicy engine_policy();

}  // namespace wherry::container
