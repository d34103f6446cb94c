// wherry rmi
#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "container/local/containers.h"
#include "image/store/store.h"

namespace wherry::cli {
namespace {

void report(Context& context, const image::Removal& removal) {
  for (const oci::Reference& name : removal.untagged) {
    fmt::print(context.out, "Untagged: {}\n", oci::familiar(name));
  }
  if (removal.deleted) fmt::print(context.out, "Deleted: {}\n", to_string(*removal.deleted));
}

}  // namespace

int rmi(Context& context, CommandArguments command_line) {
  bool force = false;
  Arguments arguments;
  arguments.flag("-f,--force", &force,
                 "remove by ID what has several names, ignore what is not there");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "rmi", arguments);
  if (operands->empty()) throw UsageError("expected the images to remove");

  // What killed processes left does not keep an image.
  container::LocalContainers(context.root, context.run_root).sweep();
  image::Store store(context.root);
  int status = 0;
  bool deleted = false;
  // One that cannot be removed does not keep the others.
  for (const std::string& each : *operands) {
    if (force && !store.knows(each)) continue;
    auto [removal, problem] = outcome_of([&] { return store.remove(each, force); });
    if (removal) {
      report(context, *removal);
      deleted = deleted || removal->deleted;
    } else {
      fmt::print(context.err, "wherry: error: {}\n", problem);
      status = 1;
    }
  }
  if (deleted) {
    auto [collected, problem] = outcome_of([&] { return store.collect_garbage(); });
    if (!problem.empty()) {
      fmt::print(context.err, "wherry: warning: the space is not freed yet: {}\n", problem);
    }
  }
  return status;
}

}  // namespace wherry::cli
