// The states of a container, and which step leads from one to another (runtime-spec, runtime.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::container {

enum class State : std::uint8_t {
  Creating,  // its init process is setting up the sandbox
  Created,   // init stands in its final namespaces and waits
  Running,
  Paused,
  Stopped,  // init has ended
  Unknown,  // another runtime's, which cannot be asked; no step leads there or on
};

enum class Step : std::uint8_t {
  Create,  // init reported that it is ready
  Start,   // init was let go
  Exec,    // another process is started in it
  Pause,
  Resume,
  End,     // init ended, by itself or by a signal
  Delete,  // what is left of it is removed
};

std::string_view to_string(State state);

// The state after a step. Throws Error(FailedPrecondition) for a step the table does not allow:
// "cannot start a container that is stopped".
State after(State state, Step step);

}  // namespace wherry::container
