// Exit statuses of `wherry`, as Docker has them.
//
//   125       the command line was wrong, or `run` failed before there was a guest
//   126, 127  the guest could not be started: not executable, not found (an ExitError of `run`)
//   1         any other command failed
//   else      the guest's own
#pragma once

#include "base/error.h"
#include "cli/commands/command.h"

namespace wherry::cli {

inline constexpr int kUsageStatus = 125;

// A failure whose exit status the verb has decided.
class ExitError : public Error {
 public:
  ExitError(int status, const Error& why) : Error(why), status_(status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

// command may be null: the failure came before a verb was known.
int exit_code_of(const std::exception& error, const Command* command) noexcept;

}  // namespace wherry::cli
