#include "cli/commands/exit_code.h"

#include "cli/term/args.h"

namespace wherry::cli {

int exit_code_of(const std::exception& error, const Command* command) noexcept {
  if (const auto* decided = dynamic_cast<const ExitError*>(&error)) return decided->status();
  if (dynamic_cast<const UsageError*>(&error)) return kUsageStatus;
  return command ? command->failure_status : 1;
}

}  // namespace wherry::cli
