// wherry rm
#include <fmt/format.h>

#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "container/local/containers.h"

namespace wherry::cli {

int rm(Context& context, CommandArguments command_line) {
  bool force = false;
  Arguments arguments;
  arguments.flag("-f,--force", &force, "kill a container that runs");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "rm", arguments);
  if (operands->empty()) throw UsageError("'wherry rm' needs a container");

  using container::LocalContainers;
  LocalContainers containers(context.root);
  for (const std::string& name : *operands) {
    container::Listed listed = containers.find(name);
    containers.remove(listed,
                      force ? LocalContainers::Running::Kill : LocalContainers::Running::Refuse);
    fmt::print(context.out, "{}\n", name);
  }
  return 0;
}

}  // namespace wherry::cli
