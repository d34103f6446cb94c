// The `wherry-runtime` of one container. It is started first and told to begin when the bundle is there:
// loading a program takes as long as making a bundle does, and both happen at once.
#pragma once

#include <sys/types.h>

#include <string>

#include "cli/commands/context.h"
#include "os/fd.h"
#include "os/process.h"

namespace wherry::cli {

class RuntimeProcess {
 public:
  // The folder need not be there yet; it becomes the bundle, and the home of the runtime's state.
  // standard_input: replaces ours where set. Throws Error.
  RuntimeProcess(const Context& context, const std::string& id, const std::string& folder,
                 int standard_input);
  // Ends a runtime that was not told to begin.
  ~RuntimeProcess();
  RuntimeProcess(const RuntimeProcess&) = delete;
  RuntimeProcess& operator=(const RuntimeProcess&) = delete;

  // Requires: the bundle is complete. Throws Error.
  os::ExitStatus run(const os::SignalForwarder& signals);

 private:
  os::Fd begin_;
  pid_t pid_ = -1;
};

}  // namespace wherry::cli
