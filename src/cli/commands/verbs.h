// The run function of every verb, each defined in the file that bears its name.
#pragma once

#include "cli/commands/command.h"

namespace wherry::cli {

int version(Context& context, CommandArguments arguments);

}  // namespace wherry::cli
