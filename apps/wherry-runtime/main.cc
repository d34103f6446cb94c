// The OCI runtime: reads the command line, does one verb, prints what went wrong.
//
// Started several times for every container, so it sets up nothing that it may not need.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "cli/term/args.h"
#include "container/runtime/linux_runtime.h"
#include "container/workload/wasm_workload.h"
#include "container_id.h"
#include "os/namespaces.h"
#include "runtime.h"

namespace wherry::runtime {

container::WorkloadMaker workload_maker(const Runtime& runtime) {
  return [&runtime](const oci::RuntimeConfig& config,
                    const container::Inherited& inherited) -> std::unique_ptr<container::Workload> {
    auto environment = [](const char* name) -> std::optional<std::string> {
      const char* value = std::getenv(name);
      return value ? std::optional<std::string>(value) : std::nullopt;
    };
    using container::NativeCode;
    return std::make_unique<container::WasmWorkload>(
        config, inherited,
        NativeCode::Settings{.tier = NativeCode::tier_of(config, environment),
                             .environment = environment,
                             .is_machines_root = ::geteuid() == 0 && !os::in_user_namespace(),
                             .warn = runtime.warn});
  };
}

int show_help(std::string_view usage, std::string_view summary, const std::string& options) {
  std::string text = fmt::format("Usage: wherry-runtime {}\n\n{}\n", usage, summary);
  if (!options.empty()) text += "\nOptions:\n" + options;
  return std::fputs(text.c_str(), stdout) < 0;
}

container::CgroupManager cgroup_manager(const Globals& globals) {
  if (!globals.cgroup_manager.empty()) {
    return container::parse_cgroup_manager(globals.cgroup_manager);
  }
  return globals.systemd_cgroup ? container::CgroupManager::Systemd
                                : container::CgroupManager::Cgroupfs;
}

const std::string& only_id(const std::vector<std::string>& operands, std::string_view verb) {
  if (operands.size() != 1) throw cli::UsageError(fmt::format("'{}' takes one container id", verb));
  return operands[0];
}

}  // namespace wherry::runtime

namespace {

using namespace wherry;
using namespace wherry::runtime;

constexpr std::array kVerbs = {
    Verb{"create", "create a container from a bundle", create},
    Verb{"start", "let a created container's program run", start},
    Verb{"run", "create, start, wait, delete", runtime::run},
    Verb{"exec", "run another module in a running container", exec},
    Verb{"state", "print a container's state as JSON", state},
    Verb{"list", "list the containers", list},
    Verb{"kill", "send a signal", runtime::kill},
    Verb{"pause", "make a running container stand still", runtime::pause},
    Verb{"resume", "let a paused container go on", resume},
    Verb{"update", "change a container's limits", update},
    Verb{"events", "print what a container uses, as JSON", events},
    Verb{"ps", "list a container's processes", ps},
    Verb{"features", "print what this runtime understands as JSON", features},
    Verb{"spec", "write a config.json to start from", spec},
    Verb{"delete", "remove what is left of a container", delete_container},
};

int show_overview(const cli::Arguments& globals) {
  std::string text =
      "Usage: wherry-runtime [OPTIONS] COMMAND [ARGUMENTS]\n"
      "\n"
      "Runs OCI bundles whose payload is a WebAssembly module.\n"
      "\n"
      "Commands:\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<10}{}\n", verb.name, verb.summary);
  text += "\nOptions:\n" + globals.describe() +
          "\n'wherry-runtime COMMAND --help' shows the options of a command.\n";
  return std::fputs(text.c_str(), stdout) < 0;
}

// Root's containers are the machine's; a user's own are where the session's things are. Root of a user
// namespace is a user.
std::string usual_root() {
  const char* session = std::getenv("XDG_RUNTIME_DIR");
  bool machines = ::geteuid() == 0 && ::access("/run", W_OK) == 0;
  if (session && *session == '/' && !(machines && !os::in_user_namespace())) {
    return std::string(session) + "/wherry-runtime";
  }
  if (machines) return "/run/wherry-runtime";
  throw cli::UsageError("XDG_RUNTIME_DIR is not set: give --root DIR");
}

[[noreturn]] void hand_over_to(const container::LinuxRuntime& other, const Runtime& runtime) {
  become(other, linux_command_line(other, runtime.command_line, runtime.verb_at));
}

// A container that a runtime of Linux programs has is that one's, whatever is to be done with it.
void hand_over_known(const Runtime& runtime, const std::optional<std::string>& id) {
  if (!id || id->find('/') != std::string::npos || runtime.store.exists(*id)) return;
  auto other = linux_runtime_of(runtime.globals.root, *id, container::linux_runtime_search());
  if (other) hand_over_to(*other, runtime);
}

// Only Linux programs have checkpoints, and one that is to be restored may be a container no longer.
// Callers ask by `checkpoint --help` whether there are any at all.
[[noreturn]] void refuse_or_restore(const Runtime& runtime, const std::string& verb,
                                    const std::optional<std::string>& id) {
  if (!id) {
    fail(ErrorKind::Unimplemented,
         "'{}' is not supported: a WebAssembly program has no checkpoints", verb);
  }
  const bool is_ours = id->find('/') == std::string::npos && runtime.store.exists(*id);
  if (!is_ours && verb == "restore") {
    hand_over_to(choose_linux_runtime(runtime.globals.root, container::linux_runtime_search()),
                 runtime);
  }
  container::check_id(*id);
  if (!is_ours) {
    fail(ErrorKind::NotFound, "no container with the id '{}': it does not exist", *id);
  }
  fail(ErrorKind::Unimplemented,
       "cannot {} container '{}': a WebAssembly program has no checkpoints", verb, *id);
}

// What we do not know ourselves.
[[noreturn]] void refuse(const Runtime& runtime, const std::string& verb,
                         const std::optional<std::string>& id) {
  if (verb == "checkpoint" || verb == "restore") refuse_or_restore(runtime, verb, id);
  throw cli::UsageError(fmt::format("unknown command '{}'; see 'wherry-runtime --help'", verb));
}

// A descriptor 0, 1 or 2 that is not open would be handed out to the next file opened.
void open_missing_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1) ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
  }
}

// Fills globals as it goes: what was read of the log is in use when the rest is refused.
int dispatch(const std::vector<std::string>& command_line, char** argv, Globals& globals,
             const Verb*& running) {
  bool version = false;
  cli::Arguments arguments;
  arguments.option("--root", "DIR", &globals.root, "where containers are remembered");
  arguments.option("--log", "FILE", &globals.log, "append errors to FILE as well");
  arguments.option("--log-format", "FORM", &globals.log_format, "'text' (default) or 'json'");
  arguments.flag("--debug", &globals.debug, "accepted: errors are always whole");
  arguments.flag("--systemd-cgroup", &globals.systemd_cgroup, "cgroups are made by systemd");
  arguments.option("--cgroup-manager", "NAME", &globals.cgroup_manager,
                   "'cgroupfs', 'systemd' or 'disabled'");
  arguments.option("--rootless", "WHEN", &globals.rootless,
                   "accepted: who runs this is found out by looking");
  arguments.flag("-v,--version", &version, "show the version");
  auto rest = arguments.parse(command_line, cli::Operands::EndTheOptions);
  if (!rest) return show_overview(arguments);
  if (version) {
    return std::puts("wherry-runtime version " WHERRY_VERSION "\nspec: 1.2.0") < 0;
  }
  if (rest->empty()) throw cli::UsageError("no command given; see 'wherry-runtime --help'");
  const auto* verb = std::ranges::find(kVerbs, rest->front(), &Verb::name);
  if (verb != kVerbs.end()) running = verb;
  if (globals.root.empty()) globals.root = usual_root();
  Runtime runtime{.globals = globals,
                  .store = container::StateStore(globals.root),
                  .warn =
                      [&globals](const std::string& text) {
                        std::fprintf(stderr, "wherry-runtime: warning: %s\n", text.c_str());
                        log_line(globals, "warning", text);
                      },
                  .argv = argv,
                  .command_line = command_line,
                  .verb_at = command_line.size() - rest->size()};
  auto id = container_id_of(rest->front(), VerbArguments(*rest).subspan(1));
  hand_over_known(runtime, id);
  if (verb == kVerbs.end()) refuse(runtime, rest->front(), id);
  return verb->run(runtime, VerbArguments(*rest).subspan(1));
}

// Only of these two is the exit code otherwise the guest's.
int exit_code_after(const std::exception& error, const Verb* verb) {
  bool has_guest = verb && (verb->run == runtime::run || verb->run == runtime::exec);
  return has_guest ? container::exit_code_of(error) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  std::vector<std::string> command_line(argv + 1, argv + std::max(argc, 1));
  Globals globals;
  const Verb* running = nullptr;
  try {
    return dispatch(command_line, argv, globals, running);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wherry-runtime: error: %s\n", error.what());
    log_line(globals, "error", error.what());
    return exit_code_after(error, running);
  }
}
