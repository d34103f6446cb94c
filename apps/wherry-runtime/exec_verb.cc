// exec: another module in the sandbox of a running container.
#include <fcntl.h>

#include <charconv>

#include "base/error.h"
#include "cli/term/args.h"
#include "os/file.h"
#include "runtime.h"

namespace wherry::runtime {
namespace {

using cli::Arguments;
using cli::Operands;
using cli::UsageError;

struct ExecOptions {
  std::string process_file;
  std::string pid_file;
  std::string cwd;
  std::string user;
  std::string apparmor;
  std::string process_label;
  std::string cgroup;
  std::vector<std::string> env;
  std::vector<std::string> capabilities;
  StreamOptions streams;
  bool terminal = false;
  bool detach = false;
  bool no_new_privileges = false;
  bool ignore_paused = false;
};

std::uint32_t parse_id(std::string_view text, std::string_view user) {
  std::uint32_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(fmt::format("'--user {}': expected UID or UID:GID", user));
  }
  return id;
}

// The container's own process, changed as the options say.
oci::RuntimeProcess process_of(const container::Container& container, const ExecOptions& options,
                               std::vector<std::string> arguments) {
  oci::RuntimeProcess process = container.config().process;
  process.args = std::move(arguments);
  process.terminal = options.terminal;
  if (!options.cwd.empty()) process.cwd = options.cwd;
  if (process.cwd[0] != '/') {
    throw UsageError(fmt::format("'--cwd {}': expected an absolute path", process.cwd));
  }
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  if (!options.user.empty()) {
    std::size_t colon = options.user.find(':');
    process.user.uid = parse_id(std::string_view(options.user).substr(0, colon), options.user);
    if (colon != std::string::npos) {
      process.user.gid = parse_id(std::string_view(options.user).substr(colon + 1), options.user);
    }
  }
  for (const std::string& name : options.capabilities) {
    oci::RuntimeCapabilities& sets = process.capabilities;
    for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted}) set->push_back(name);
  }
  if (options.no_new_privileges) process.no_new_privileges = true;
  return process;
}

}  // namespace

int exec(Runtime& runtime, VerbArguments command_line) {
  ExecOptions options;
  Arguments arguments;
  arguments.option("-p,--process", "FILE", &options.process_file,
                   "what to run, as the process of a config.json");
  arguments.option("--pid-file", "FILE", &options.pid_file, "write the new process's pid");
  arguments.flag("-d,--detach", &options.detach, "do not wait for its end");
  arguments.flag("-t,--tty", &options.terminal, "with a terminal");
  declare(arguments, options.streams);
  arguments.option("--cwd", "DIR", &options.cwd, "its working directory");
  arguments.list("-e,--env", "NAME=VALUE", &options.env, "a variable more");
  arguments.option("-u,--user", "UID[:GID]", &options.user, "its user");
  arguments.list("-c,--cap", "NAME", &options.capabilities, "a capability more");
  arguments.flag("--no-new-privs", &options.no_new_privileges, "it can gain no privileges");
  arguments.flag("--ignore-paused", &options.ignore_paused,
                 "accepted: in a paused container nothing starts");
  arguments.option("--apparmor", "PROFILE", &options.apparmor, "accepted, without effect");
  arguments.option("--process-label", "LABEL", &options.process_label, "accepted, without effect");
  arguments.option("--cgroup", "PATH", &options.cgroup, "accepted: it joins the container's");
  auto operands = arguments.parse(command_line, Operands::EndTheOptions);
  if (!operands) {
    return show_help("exec [OPTIONS] ID MODULE [ARGUMENTS]",
                     "Runs another module of a running container's root, in its sandbox.",
                     arguments.describe());
  }
  if (operands->empty()) throw UsageError("'exec' takes a container id");
  std::vector<std::string> guest(operands->begin() + 1, operands->end());
  if (options.process_file.empty() == guest.empty()) {
    throw UsageError("'exec' takes a module to run, or --process FILE");
  }
  container::Streams streams = streams_of(options.streams);
  streams.attached = !options.detach;
  auto container = container::Container::open(runtime.store, operands->front(), runtime.warn);
  container::ExecRequest request{.process = {},
                                 .pid_file = options.pid_file,
                                 .streams = std::move(streams),
                                 .argv = runtime.argv,
                                 .detach = options.detach};
  if (options.process_file.empty()) {
    request.process = process_of(*container, options, std::move(guest));
  } else {
    std::string text = os::read_file(AT_FDCWD, options.process_file, oci::kMaxRuntimeConfigBytes);
    request.process = in_context([&] { return fmt::format("read '{}'", options.process_file); },
                                 [&] { return oci::parse_runtime_process(text); });
  }
  return container->exec(request, workload_maker(runtime));
}

}  // namespace wherry::runtime
