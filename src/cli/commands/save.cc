// wherry save
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "image/store/archive_image.h"
#include "oci/reference.h"

namespace wherry::cli {
namespace {

// Saved by the name that was asked for, and by ID without one, as `docker save` does.
image::Image asked_for(const image::Store& store, const std::string& name_or_id) {
  image::Image image = store.resolve(name_or_id);
  auto asked = oci::parse_reference_if_valid(name_or_id);
  std::erase_if(image.names, [&](const oci::Reference& name) {
    return !asked || asked->domain != name.domain || asked->path != name.path ||
           (!asked->tag.empty() && asked->tag != name.tag);
  });
  return image;
}

}  // namespace

int save(Context& context, CommandArguments command_line) {
  std::optional<std::string> output;
  Arguments arguments;
  arguments.option("-o,--output", "FILE", &output, "write this file instead of standard output");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "save", arguments);
  if (operands->empty()) throw UsageError("expected the images to save");
  if (!output && ::isatty(STDOUT_FILENO)) {
    throw UsageError("an archive is not for a terminal: give --output FILE, or redirect it");
  }

  image::Store store(context.root);
  image::Lease lease = store.lease();
  std::vector<image::Image> images;
  for (const std::string& each : *operands) images.push_back(asked_for(store, each));

  if (!output) {
    image::save_archive(store, images, STDOUT_FILENO);
    return 0;
  }
  // Complete, or not there.
  std::string partial = *output + ".part";
  os::Fd file(
      sys([&] { return ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); },
          "create '{}'", partial));
  auto [saved, problem] = outcome_of([&] {
    image::save_archive(store, images, file.get());
    return sys([&] { return ::rename(partial.c_str(), output->c_str()); }, "create '{}'", *output);
  });
  if (!saved) {
    ::unlink(partial.c_str());
    fail(ErrorKind::Unavailable, "save '{}': {}", *output, problem);
  }
  return 0;
}

}  // namespace wherry::cli
