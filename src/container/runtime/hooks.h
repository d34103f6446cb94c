// Hooks: programs that config.json names, called at six points of a container's life
// (runtime-spec 1.2, config.md "POSIX-platform Hooks", runtime.md "Lifecycle").
//
//   prestart, createRuntime   in the runtime's namespaces, with the container's mounts made
//   createContainer           in the container's namespaces, before its root becomes "/"
//   startContainer            in the container, as its user, right before the guest runs
//   poststart                 in the runtime's namespaces, with the guest running
//   poststop                  in the runtime's namespaces, with the container deleted
//
// The status that they are told is "creating" up to createContainer, then "created", "running" and
// "stopped"; the pid is init's as the hook sees it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/runtime_hooks.h"

namespace wherry::container {

// Runs hooks one after the other, each with the state (as the specification prints it) as standard
// input. The first that fails, or does not end in its time and is killed, ends it: throws Error
// "createRuntime hook '/x': exited with code 3: <the last line it wrote>".
void run_hooks(std::string_view stage, const std::vector<oci::RuntimeHook>& hooks,
               std::string_view state);

// Runs every one whatever the others do, as poststop's are to be. What went wrong, one text each.
std::vector<std::string> run_all_hooks(std::string_view stage,
                                       const std::vector<oci::RuntimeHook>& hooks,
                                       std::string_view state);

}  // namespace wherry::container
