// The command line of `wherry run`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/command.h"
#include "cli/term/args.h"

namespace wherry::cli {

struct RunOptions {
  std::string target;                  // an image, or a module's file
  std::vector<std::string> arguments;  // the guest's
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  std::vector<std::string> volumes;
  std::optional<std::string> workdir;
  std::optional<std::string> entrypoint;
  std::optional<std::string> user;
  std::optional<std::string> hostname;
  std::optional<std::string> platform;
  std::optional<std::string> invoke;
  std::string name;
  std::string network = "none";
  bool remove = false;
  bool interactive = false;
  bool terminal = false;
  bool read_only = false;
};

// Nothing where --help was asked for; `arguments` then describes the options. Throws UsageError.
std::optional<RunOptions> parse_run_options(CommandArguments command_line, Arguments& arguments);

}  // namespace wherry::cli
