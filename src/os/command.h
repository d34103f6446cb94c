// A helper program run to its end: given its input, held to a time, its last words kept.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/process.h"

namespace wherry::os {

struct Command {
  std::string path;                      // executed as it is, never searched for
  std::vector<std::string> arguments;    // arguments[0] included
  std::vector<std::string> environment;  // "KEY=value": all that it gets
  std::string_view input;                // what its standard input holds
  std::optional<std::chrono::milliseconds> timeout;
  std::size_t kept_output = 4096;  // bytes, of the end of what it writes
};

struct CommandResult {
  ExitStatus status;
  bool timed_out = false;  // it was killed, and its process group with it
  std::string output;      // the end of its standard output and error
};

// The program leads a process group of its own and has no descriptor of ours but 0, 1 and 2. What it
// leaves running behind it is not waited for. Thread safety: none (SIGCHLD). Throws Error where it
// cannot be started.
CommandResult run_command(const Command& command);

}  // namespace wherry::os
