// wherry version
#include <fmt/format.h>

#include "cli/commands/verbs.h"
#include "cli/term/args.h"

namespace wherry::cli {

int version(Context& context, CommandArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "version", arguments);
  if (!operands->empty()) throw UsageError("'wherry version' takes no arguments");
  fmt::print(context.out, "wherry {}\n", WHERRY_VERSION);
  return 0;
}

}  // namespace wherry::cli
