// The verbs of `wherry`, one row each in commands.cc, one file each beside it.
//
// A verb reads its own arguments (cli/term/args.h), does its work and returns the exit status. Its
// help text is <verb>.md beside its source: examples first; the list of options is made from those
// the verb declares, so that it cannot go stale.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/commands/context.h"

namespace wherry::cli {

class Arguments;

using CommandArguments = std::span<const std::string>;

struct Command {
  std::string_view name;
  std::string_view summary;  // one line, lower case, for `wherry --help`
  int (*run)(Context& context, CommandArguments arguments);
  // What a failure exits with: 125 for the verbs whose other statuses are the guest's.
  int failure_status = 1;
};

// The text of src/cli/commands/<verb>.md, embedded at build time; empty where there is none.
std::string_view help_text(std::string_view verb);

// Prints a verb's help on standard output and returns 0.
int show_help(Context& context, std::string_view verb, const Arguments& arguments);

// The whole program after main: global options, the verb, its exit status. Throws nothing: an error
// becomes one line on context.err and a status (exit_code.h).
int run_wherry(Context context, CommandArguments arguments) noexcept;

}  // namespace wherry::cli
