// The system calls that a guest's calls come to: what a container's process may still make.
#pragma once

#include "os/seccomp.h"

namespace wherry::container {

// Code that was there before the filter can only be run. A guest that is given more while it runs may map files to
// be executed, as they are, and have a timer that looks what it runs.
enum class Code : bool { IsThere, MayCome };

// Anything else is refused with ENOSYS.
os::SeccompPolicy engine_policy(Code code = Code::IsThere);

}  // namespace wherry::container
