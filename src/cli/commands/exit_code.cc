#include "cli/commands/exit_code.h"

#include "cli/term/args.h"

namespace wherry::cli {
namespace {

constexpr int kUsageStatus = 125;

}  // namespace

int exit_code_of(const std::exception& error, const Command* command) noexcept {
  if (dynamic_cast<const UsageError*>(&error)) return kUsageStatus;
  return command ? command->failure_status : 1;
}

}  // namespace wherry::cli
