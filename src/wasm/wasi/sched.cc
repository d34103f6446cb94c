#include <sched.h>

#include <cerrno>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {

Errno sched_yield(State&, Memory) { return success_or_errno(::sched_yield()); }

}  // namespace wherry::wasi
