// Signals for a process that is number 1 of its pid namespace.
#pragma once

#include <optional>
#include <string_view>

namespace wherry::os {

// "TERM", "SIGTERM", "sigterm" or "15"; nothing for what is no signal. "RTMIN+3" is one.
std::optional<int> signal_number(std::string_view name);

// From here on a signal that would end an ordinary process ends this one at once, with exit code
// 128 + n. The kernel delivers to a namespace's first process no signal it has no handler for, so
// without this SIGTERM would be lost. Works in a tight loop and in a blocking call: the handler
// does nothing but _exit. SIGPIPE is ignored (writers get EPIPE); faults (SIGSEGV and the like) are
// not touched. All signals are unblocked.
void end_on_signals() noexcept;

}  // namespace wherry::os
