// create, start, run, kill, delete: a container from its beginning to its end.
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "cli/term/args.h"
#include "container/runtime/linux_runtime.h"
#include "container/workload/payload.h"
#include "os/clone.h"
#include "os/signals.h"
#include "runtime.h"

namespace wherry::runtime {
namespace {

using cli::Arguments;
using cli::UsageError;
using container::Container;

constexpr int kNotBegun = 125;

// What `create` and `run` share.
struct CreateOptions {
  std::string bundle = ".";
  std::string pid_file;
  std::string module;
  bool no_pivot = false;
  bool no_new_keyring = false;
  StreamOptions streams;
};

void declare(Arguments& arguments, CreateOptions& options) {
  arguments.option("-b,--bundle", "DIR", &options.bundle,
                   "the bundle, a directory with config.json (default: the current one)");
  arguments.option("--pid-file", "FILE", &options.pid_file,
                   "write the pid of the container's init");
  arguments.option("--module", "FILE", &options.module,
                   "run the module FILE, which need not be in the container's root");
  arguments.flag("--no-pivot", &options.no_pivot, "accepted: pivot_root is used all the same");
  arguments.flag("--no-new-keyring", &options.no_new_keyring,
                 "accepted: a WebAssembly program has no keyring");
  declare(arguments, options.streams);
}

// Of the service manager that has started us; empty for none.
std::string notify_socket() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  return path ? path : "";
}

// The runtime that a bundle's payload is for; nothing where that is us. Of an entrypoint that is nowhere
// to be found the other says what it says of its own; where there is no other, we do.
std::optional<container::LinuxRuntime> other_runtime_of(const Runtime& runtime,
                                                        const container::Bundle& bundle) {
  using container::Payload;
  if (payload_of(bundle.config, bundle.path, Payload::Linux) == Payload::Wasm) return std::nullopt;
  auto search = container::linux_runtime_search();
  if (auto found = find_linux_runtime(runtime.globals.root, search)) return found;
  if (payload_of(bundle.config, bundle.path, Payload::Wasm) == Payload::Wasm) return std::nullopt;
  return choose_linux_runtime(runtime.globals.root, search);  // says what is missing
}

// Reads the bundle, and goes no further where its payload is another runtime's.
container::CreateRequest request_of(const Runtime& runtime, const CreateOptions& options,
                                    const std::string& id) {
  container::Streams streams = streams_of(options.streams);
  streams.notify_socket = notify_socket();
  container::Bundle bundle = container::load_bundle(options.bundle);
  auto other = options.module.empty() ? other_runtime_of(runtime, bundle) : std::nullopt;
  if (other) {
    // It does not know our containers.
    if (runtime.store.exists(id)) {
      fail(ErrorKind::AlreadyExists, "a container with the id '{}' exists", id);
    }
    become(*other, linux_command_line(*other, runtime.command_line, runtime.verb_at));
  }
  return {.id = id,
          .bundle = std::move(bundle),
          .pid_file = options.pid_file,
          .module = options.module.empty() ? std::string()
                                           : std::filesystem::absolute(options.module).string(),
          .streams = std::move(streams),
          .argv = runtime.argv,
          .cgroup_manager = cgroup_manager(runtime.globals)};
}

// Ends this process with its parent, which may already have gone.
void follow_parent(const std::string& pid) {
  os::die_with_parent();
  if (std::to_string(::getppid()) != pid) {
    fail(ErrorKind::Unavailable, "process {} is not our parent", pid);
  }
}

// Waits for the word to begin; never returns where whoever was to say it has gone.
void await_word(const std::string& descriptor) {
  int number = -1;
  auto [end, error] =
      std::from_chars(descriptor.data(), descriptor.data() + descriptor.size(), number);
  if (error != std::errc() || *end || number < 3) {
    throw UsageError(fmt::format("--await: '{}' is no descriptor above 2", descriptor));
  }
  os::Fd word(number);
  char byte;
  if (sys([&] { return ::read(number, &byte, 1); }, "--await: read descriptor {}", number) == 0) {
    std::exit(kNotBegun);
  }
}

}  // namespace

void declare(Arguments& arguments, StreamOptions& options) {
  arguments.option("--console-socket", "PATH", &options.console_socket,
                   "send the terminal to the socket at PATH");
  arguments.option("--preserve-fds", "N", &options.preserve_fds,
                   "give the program N descriptors more, from 3 on");
}

container::Streams streams_of(const StreamOptions& options) {
  auto number = [](std::string_view text) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = error == std::errc() && end == text.data() + text.size() && value <= 1024;
    if (!good) throw UsageError(fmt::format("'{}' is no number of descriptors", text));
    return value;
  };
  container::Streams streams{.console_socket = options.console_socket,
                             .preserved = number(options.preserve_fds),
                             .notify_socket = {},
                             .attached = false};
  // Those of socket activation come with them, whether asked for or not.
  const char* listening = std::getenv("LISTEN_FDS");
  if (listening && *listening) streams.preserved += number(listening);
  container::check_preserved(streams.preserved);
  return streams;
}

int create(Runtime& runtime, VerbArguments command_line) {
  CreateOptions options;
  Arguments arguments;
  declare(arguments, options);
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("create [OPTIONS] ID",
                     "Creates a container from a bundle; its init waits for 'start'.",
                     arguments.describe());
  }
  container::CreateRequest request = request_of(runtime, options, only_id(*operands, "create"));
  Container::create(runtime.store, request, workload_maker(runtime), runtime.warn);
  return 0;
}

int start(Runtime& runtime, VerbArguments command_line) {
  Arguments arguments;
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("start ID", "Lets the program of a created container run.", "");
  }
  Container::open(runtime.store, only_id(*operands, "start"), runtime.warn)->start(notify_socket());
  return 0;
}

int run(Runtime& runtime, VerbArguments command_line) {
  CreateOptions options;
  bool detach = false;
  bool keep = false;
  std::string parent;
  std::string awaited;
  Arguments arguments;
  declare(arguments, options);
  arguments.flag("-d,--detach", &detach, "do not wait for the program's end");
  arguments.flag("--keep", &keep, "do not delete the container at its end");
  arguments.option("--parent", "PID", &parent,
                   "end the container when PID, the parent of this process, ends");
  arguments.option("--await", "FD", &awaited,
                   "begin when a byte comes from descriptor FD; end if it is closed without");
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("run [OPTIONS] ID",
                     "Creates a container, starts it, waits for its end and exits with its code.",
                     arguments.describe());
  }
  if (!parent.empty()) follow_parent(parent);
  if (!awaited.empty()) await_word(awaited);
  container::CreateRequest request = request_of(runtime, options, only_id(*operands, "run"));
  request.foreground = !detach;
  request.streams.attached = !detach;
  auto made = Container::create(runtime.store, request, workload_maker(runtime), runtime.warn);
  // A container that was created but cannot be started is of no use to anybody.
  struct Undo {
    Container& made;
    bool done = false;
    ~Undo() {
      if (!done)
        (void)outcome_of([&] {
          made.remove(/*force=*/true);
          return true;
        });
    }
  } undo{*made};
  made->start(request.streams.notify_socket);
  undo.done = true;
  if (detach) return 0;
  int status = made->wait().exit_code();
  if (status == 128 + SIGKILL && made->oom_kills() > 0) {
    std::fprintf(stderr, "wherry-runtime: error: container '%s' ran out of memory and was killed\n",
                 made->record().id.c_str());
  }
  if (!keep) made->remove(/*force=*/true);
  return status;
}

int kill(Runtime& runtime, VerbArguments command_line) {
  bool all = false;
  Arguments arguments;
  arguments.flag("-a,--all", &all, "to every process of the container");
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("kill [OPTIONS] ID [SIGNAL]",
                     "Sends a signal, SIGTERM if none is named, to a container's init.",
                     arguments.describe());
  }
  if (operands->empty() || operands->size() > 2)
    throw UsageError("'kill' takes an id and a signal");
  std::string name = operands->size() == 2 ? (*operands)[1] : "SIGTERM";
  auto signal = os::signal_number(name);
  if (!signal) throw UsageError(fmt::format("unknown signal '{}'", name));
  Container::open(runtime.store, (*operands)[0], runtime.warn)->kill(*signal, all);
  return 0;
}

int delete_container(Runtime& runtime, VerbArguments command_line) {
  bool force = false;
  Arguments arguments;
  arguments.flag("-f,--force", &force, "kill it first; be silent where there is none");
  auto operands = arguments.parse(command_line);
  if (!operands) {
    return show_help("delete [OPTIONS] ID", "Removes what is left of a container.",
                     arguments.describe());
  }
  const std::string& id = only_id(*operands, "delete");
  if (force) container::check_id(id);
  if (force && !runtime.store.exists(id)) return 0;
  Container::open(runtime.store, id, runtime.warn)->remove(force);
  return 0;
}

}  // namespace wherry::runtime
