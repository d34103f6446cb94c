// wherry rm
#include <fmt/format.h>

#include "base/error.h"
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
  LocalContainers containers(context.root, context.run_root);
  int status = 0;
  // One that cannot be removed does not keep the others.
  for (const std::string& name : *operands) {
    auto [removed, problem] = outcome_of([&] {
      containers.remove(containers.find(name),
                        force ? LocalContainers::Running::Kill : LocalContainers::Running::Refuse);
      return true;
    });
    if (removed) {
      fmt::print(context.out, "{}\n", name);
    } else {
      fmt::print(context.err, "wherry: error: {}\n", problem);
      status = 1;
    }
  }
  return status;
}

}  // namespace wherry::cli
