// wherry load
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands/native_code.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "image/store/archive_image.h"
#include "os/file.h"

namespace wherry::cli {
namespace {

std::string name_of(const image::Image& image) {
  return image.names.empty() ? to_string(image.id()) : oci::familiar(image.names.front());
}

}  // namespace

int load(Context& context, CommandArguments command_line) {
  std::optional<std::string> input;
  bool quiet = false;
  bool compile = false;
  Arguments arguments;
  arguments.option("-i,--input", "FILE", &input, "read this file instead of standard input");
  arguments.flag("-q,--quiet", &quiet, "do not say what was loaded");
  arguments.flag("--compile", &compile, "compile the images' modules to native code as well");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "load", arguments);
  if (!operands->empty())
    throw UsageError("the archive is given with --input or on standard input");

  std::optional<ModuleCompiler> compiler;
  if (compile) {
    using Say = ModuleCompiler::Say;
    compiler.emplace(context, quiet ? Say::Nothing : Say::Progress);
  }
  if (!input && ::isatty(STDIN_FILENO)) {
    throw UsageError("an archive is not typed in: give --input FILE, or redirect it");
  }
  os::Fd file;
  if (input) {
    file = os::Fd(
        sys([&] { return ::open(input->c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", *input));
  }
  int from = input ? file.get() : STDIN_FILENO;
  image::Store store(context.root);
  auto [loaded, problem] = outcome_of([&] {
    image::Lease lease = store.lease();
    return image::load_archive(
        store, [&](std::span<std::uint8_t> buffer) { return os::read_full(from, buffer); });
  });
  if (!loaded) {
    (void)outcome_of([&] { return store.collect_garbage(); });  // what was read of it
    fail(ErrorKind::DataLoss, "load '{}': {}", input.value_or("-"), problem);
  }
  for (const image::Image& image : *loaded) {
    if (compiler) compiler->compile(store, image, name_of(image));
  }
  if (quiet) return 0;
  for (const image::Image& image : *loaded) {
    for (const oci::Reference& name : image.names) {
      fmt::print(context.out, "Loaded image: {}\n", oci::familiar(name));
    }
    if (image.names.empty())
      fmt::print(context.out, "Loaded image ID: {}\n", to_string(image.id()));
  }
  return 0;
}

}  // namespace wherry::cli
