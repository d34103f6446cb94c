#include "cli/commands/run_options.h"

namespace wherry::cli {

std::optional<RunOptions> parse_run_options(CommandArguments command_line, Arguments& arguments) {
  RunOptions options;
  arguments.list("-e,--env", "NAME[=VALUE]", &options.env,
                 "set a variable; NAME alone: the caller's");
  arguments.list("--env-file", "FILE", &options.env_files, "read variables from a file");
  arguments.option("-w,--workdir", "DIR", &options.workdir,
                   "the working directory in the container");
  arguments.list("-v,--volume", "HOST:CONTAINER[:ro]", &options.volumes,
                 "show a folder or file of the host to the guest");
  arguments.option("--entrypoint", "PATH", &options.entrypoint,
                   "start this instead of the image's own");
  arguments.option("--invoke", "FUNCTION", &options.invoke,
                   "call an export with typed arguments and print its results");
  arguments.option("--name", "NAME", &options.name, "the container's name");
  arguments.flag("--rm", &options.remove, "remove the container when it ends");
  arguments.flag("-i,--interactive", &options.interactive, "pass standard input on to the guest");
  arguments.flag("-t,--tty", &options.terminal,
                 "require a terminal; the guest uses the caller's own");
  arguments.option("-u,--user", "USER[:GROUP]", &options.user, "whom the guest runs as");
  arguments.option("-h,--hostname", "NAME", &options.hostname, "the container's host name");
  arguments.flag("--read-only", &options.read_only, "make the root file system read-only");
  arguments.option("--network", "none|host", &options.network,
                   "'none' (default): a network of its own with a loopback device");
  arguments.option("--platform", "OS/ARCH", &options.platform,
                   "insist on an image of this platform");
  auto operands = arguments.parse(command_line, Operands::EndTheOptions);
  if (!operands) return std::nullopt;
  if (operands->empty()) throw UsageError("'wherry run' needs an image or a module");
  if (options.network != "none" && options.network != "host") {
    throw UsageError("network '" + options.network + "' is not there yet: 'none' or 'host'");
  }
  if (options.hostname && (options.hostname->empty() || options.hostname->size() > 64)) {
    throw UsageError("a host name has 1 to 64 characters");
  }
  options.target = operands->front();
  options.arguments.assign(operands->begin() + 1, operands->end());
  return options;
}

}  // namespace wherry::cli
