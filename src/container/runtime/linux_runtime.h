// The other OCI runtime, crun or runc, which runs the containers whose payload is a Linux program.
//
// It is executed in our place, with the command line we were given: only --root differs, so that its
// state and ours do not meet. Below our root it is ROOT/.linux@NAME, with NAME the other's name: that
// ROOT/.linux@crun/ID exists is all there is to remember that container ID is crun's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "container/runtime/state_record.h"

namespace wherry::container {

struct LinuxRuntime {
  std::string name;     // "crun"
  std::string program;  // its path
  std::string root;     // its --root
  bool operator==(const LinuxRuntime&) const = default;
};

// Where to look for a runtime: an absolute path that is to be used (WHERRY_LINUX_RUNTIME), or else
// PATH and then the usual directories, crun before runc. Never finds this program itself by one of
// its other names.
struct LinuxRuntimeSearch {
  std::string given;
  std::string path;
};
LinuxRuntimeSearch linux_runtime_search();  // of this process's environment

// The one that new containers go to; nothing where none is installed. Throws
// Error(FailedPrecondition) where search.given is none.
std::optional<LinuxRuntime> find_linux_runtime(const std::string& root,
                                               const LinuxRuntimeSearch& search);
// The same, or Error(FailedPrecondition).
LinuxRuntime choose_linux_runtime(const std::string& root, const LinuxRuntimeSearch& search);

// The one that has a container of that id; nothing where none has. An id may be any text. Throws
// Error where it is not installed any more.
std::optional<LinuxRuntime> linux_runtime_of(const std::string& root, const std::string& id,
                                             const LinuxRuntimeSearch& search);

// The ids of all containers that Linux runtimes have, by runtime, whose program is empty where it is
// not installed any more.
struct LinuxContainers {
  LinuxRuntime runtime;
  std::vector<std::string> ids;
};
std::vector<LinuxContainers> linux_containers(const std::string& root,
                                              const LinuxRuntimeSearch& search);

// Their states, as the runtime says. Those that it has no state of, as of one that is being removed,
// are left out. Where it is gone, their ids and State::Unknown.
std::vector<StateAndRecord> states_of(const LinuxContainers& containers);

// Our command line (without the program's name) as the other is to have it; verb_at is the place of
// the verb in it. What runc does not know it is told in its own words, or not.
std::vector<std::string> linux_command_line(const LinuxRuntime& runtime,
                                            std::span<const std::string> command_line,
                                            std::size_t verb_at);

// Executes it in our place, with our descriptors and environment. Throws Error.
[[noreturn]] void become(const LinuxRuntime& runtime, const std::vector<std::string>& command_line);

}  // namespace wherry::container
