// The run function of every verb, each defined in the file that bears its name.
#pragma once

#include "cli/commands/command.h"

namespace wherry::cli {

int build(Context& context, CommandArguments arguments);
int compile(Context& context, CommandArguments arguments);
int images(Context& context, CommandArguments arguments);
int inspect(Context& context, CommandArguments arguments);
int load(Context& context, CommandArguments arguments);
int rmi(Context& context, CommandArguments arguments);
int save(Context& context, CommandArguments arguments);
int tag(Context& context, CommandArguments arguments);
int ps(Context& context, CommandArguments arguments);
int rm(Context& context, CommandArguments arguments);
int run(Context& context, CommandArguments arguments);
int version(Context& context, CommandArguments arguments);

}  // namespace wherry::cli
