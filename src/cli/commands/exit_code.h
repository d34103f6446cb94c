// Exit statuses of `wherry`, as Docker has them.
//
//   125       the command line was wrong, or `run` failed before there was a guest
//   126, 127  the guest could not be started: not executable, not found (so wherry-runtime ended)
//   1         any other command failed
//   else      the guest's own
#pragma once

#include <exception>

#include "cli/commands/command.h"

namespace wherry::cli {

// command may be null: the failure came before a verb was known.
int exit_code_of(const std::exception& error, const Command* command) noexcept;

}  // namespace wherry::cli
