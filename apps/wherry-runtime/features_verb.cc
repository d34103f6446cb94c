// features, spec: what a caller may ask of this runtime, and a config to start from.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/term/args.h"
#include "container/runtime/features.h"
#include "oci/runtime_default.h"
#include "os/file.h"
#include "runtime.h"

namespace wherry::runtime {

using cli::Arguments;
using cli::UsageError;

int features(Runtime&, VerbArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("features", "Prints what this runtime understands, as JSON.", "");
  }
  if (!operands->empty()) throw UsageError("'features' takes no operand");
  return std::puts(to_json(container::runtime_features()).c_str()) < 0;
}

int spec(Runtime&, VerbArguments command_line) {
  std::string bundle = ".";
  bool rootless = false;
  Arguments arguments;
  arguments.option("-b,--bundle", "DIR", &bundle, "where to write it (default: here)");
  arguments.flag("--rootless", &rootless, "for an ordinary user");
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("spec [OPTIONS]",
                     "Writes a config.json that runs /main.wasm of the folder 'rootfs'.",
                     arguments.describe());
  }
  if (!operands->empty()) throw UsageError("'spec' takes no operand");
  oci::DefaultConfigOptions options;
  if (rootless) options.rootless = {.uid = ::geteuid(), .gid = ::getegid()};
  std::string path = bundle + "/config.json";
  os::Fd file(
      sys([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); },
          "write '{}'", path));
  std::string text = to_indented_json(oci::default_config(options));
  os::write_all(file.get(), as_bytes(text + "\n"));
  return 0;
}

}  // namespace wherry::runtime
