// A process that is not our child, told from a later one with the same number.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "os/fd.h"

namespace wherry::os {

struct ProcessId {
  pid_t pid = 0;                 // 0: no process
  std::uint64_t start_time = 0;  // clock ticks since the machine started (proc(5), stat, field 22)
  bool operator==(const ProcessId&) const = default;
};

// Nothing where there is no process of that number.
std::optional<ProcessId> identify(pid_t pid);

// Whether it still runs. One that has ended and waits to be reaped does not.
bool is_alive(const ProcessId& process);

// A pidfd, or a closed descriptor where the process is gone: signals sent by it reach nobody else.
Fd open_process(const ProcessId& process);

// Sends a signal. False where the process has ended. Throws Error.
bool send_signal(const Fd& pidfd, int signal);

// Whether it ended within that time; reaping is its parent's business. -1 waits without end.
bool wait_for_end(const Fd& pidfd, int milliseconds);

}  // namespace wherry::os
