// wherry tag
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "image/store/store.h"

namespace wherry::cli {

int tag(Context& context, CommandArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "tag", arguments);
  if (operands->size() != 2) throw UsageError("expected an image and its new name");
  oci::Reference name = oci::parse_reference((*operands)[1]);
  image::Store store(context.root);
  image::Lease lease = store.lease();
  store.tag(store.resolve((*operands)[0]), name);
  return 0;
}

}  // namespace wherry::cli
