// The OCI runtime: reads the command line, makes the container of a bundle, prints what went wrong.
//
//   wherry-runtime [--log FILE] [--log-format text|json] run [--bundle DIR] [--pid-file FILE] ID
//
// Started once for every container, so it sets up nothing that it may not need.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "container/runtime/container.h"
#include "container/workload/wasm_workload.h"

namespace {

using namespace wherry;

constexpr int kOwnFailure = 125;

constexpr const char* kUsage =
    "Usage: wherry-runtime [OPTIONS] COMMAND [ARGUMENTS]\n"
    "\n"
    "Runs OCI bundles whose payload is a WebAssembly module.\n"
    "\n"
    "Commands:\n"
    "  run ID             create a container, start it, wait for its end and exit with its code\n"
    "    -b, --bundle DIR   the bundle, a directory with config.json (default: the current one)\n"
    "    --pid-file FILE    write the pid of the container's init there\n"
    "    --parent PID       end the container when PID, the parent of this process, ends\n"
    "\n"
    "Options:\n"
    "  --log FILE         append errors to FILE as well\n"
    "  --log-format FORM  'text' (default) or 'json'\n"
    "  -v, --version      show the version\n"
    "  -h, --help         show this text\n";

struct Options {
  bool help = false;
  bool version = false;
  std::string log;
  std::string log_format = "text";
  std::string command;
  std::string bundle = ".";
  std::string pid_file;
  std::string parent;
  std::string id;
};

struct OptionName {
  std::string_view long_name;
  std::string_view short_name;
  std::string Options::* value;
};
constexpr std::array kGlobalOptions = {OptionName{"--log", "", &Options::log},
                                       OptionName{"--log-format", "", &Options::log_format}};
constexpr std::array kRunOptions = {OptionName{"--bundle", "-b", &Options::bundle},
                                    OptionName{"--pid-file", "", &Options::pid_file},
                                    OptionName{"--parent", "", &Options::parent}};

// One option with a value at arguments[at], as "--name value" or "--name=value".
template <std::size_t N>
void parse_option(Options& options, const std::array<OptionName, N>& known, char** arguments,
                  int count, int& at) {
  std::string_view text = arguments[at];
  std::size_t equals = text.find('=');
  std::string_view name = text.substr(0, equals);
  for (const OptionName& option : known) {
    if (name != option.long_name && name != option.short_name) continue;
    if (equals != std::string_view::npos) {
      options.*option.value = text.substr(equals + 1);
    } else if (at + 1 < count) {
      options.*option.value = arguments[++at];
    } else {
      fail(ErrorKind::InvalidArgument, "option '{}' needs a value", name);
    }
    return;
  }
  fail(ErrorKind::InvalidArgument, "unknown option '{}'", name);
}

// Fills options as it goes: what was read of the log is in use when the rest is refused.
void parse(int count, char** arguments, Options& options) {
  int at = 1;
  for (; at < count && arguments[at][0] == '-'; ++at) {
    std::string_view text = arguments[at];
    if (text == "--help" || text == "-h") {
      options.help = true;
    } else if (text == "--version" || text == "-v") {
      options.version = true;
    } else {
      parse_option(options, kGlobalOptions, arguments, count, at);
    }
  }
  if (options.help || options.version) return;
  if (at == count)
    fail(ErrorKind::InvalidArgument, "no command given; see 'wherry-runtime --help'");
  options.command = arguments[at++];
  if (options.command != "run") {
    fail(ErrorKind::InvalidArgument, "unknown command '{}'; see 'wherry-runtime --help'",
         options.command);
  }
  for (; at < count && arguments[at][0] == '-'; ++at) {
    parse_option(options, kRunOptions, arguments, count, at);
  }
  if (at + 1 != count) fail(ErrorKind::InvalidArgument, "'run' takes one container id");
  options.id = arguments[at];
}

// A descriptor 0, 1 or 2 that is not open would be handed out to the next file opened.
void open_missing_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1) ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
  }
}

// Ends this process with its parent, which may already have gone.
void follow_parent(const std::string& pid) {
  os::die_with_parent();
  if (std::to_string(::getppid()) != pid)
    fail(ErrorKind::Unavailable, "process {} is not our parent", pid);
}

void write_pid_file(const std::string& path, pid_t pid) {
  os::Fd file(
      sys([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); },
          "write pid file '{}'", path));
  std::string text = std::to_string(pid);
  sys([&] { return ::write(file.get(), text.data(), text.size()); }, "write pid file '{}'", path);
}

void log_error(const Options& options, const std::string& message) {
  if (options.log.empty()) return;
  std::FILE* log = std::fopen(options.log.c_str(), "ae");
  if (!log) return;
  char when[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
  if (options.log_format == "json") {
    std::string escaped;
    for (char c : message) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    std::fprintf(log, "{\"msg\":\"%s\",\"level\":\"error\",\"time\":\"%s\"}\n", escaped.c_str(),
                 when);
  } else {
    std::fprintf(log, "time=\"%s\" level=error msg=\"%s\"\n", when, message.c_str());
  }
  std::fclose(log);
}

// What `run` made so far: outlives the Error that stops it, whose exit code depends on it.
struct Session {
  oci::RuntimeConfig config;
  std::optional<container::WasmWorkload> workload;
  std::optional<container::Container> container;

  bool sandbox_ready() const { return container && container->is_sandbox_ready(); }
};

int run(const Options& options, char** argv, Session& session) {
  if (!options.parent.empty()) follow_parent(options.parent);
  container::check_id(options.id);
  container::ContainerPlan plan = container::load_bundle(options.id, options.bundle);
  plan.argv = argv;
  session.config = plan.config;
  session.workload.emplace(session.config);
  session.container.emplace(std::move(plan), *session.workload);
  session.container->create();
  if (!options.pid_file.empty()) write_pid_file(options.pid_file, session.container->pid());
  session.container->start();
  return session.container->wait().exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Session session;
  open_missing_standard_streams();
  try {
    parse(argc, argv, options);
    if (options.help) return std::fputs(kUsage, stdout) < 0;
    if (options.version)
      return std::puts("wherry-runtime version " WHERRY_VERSION "\nspec: 1.2.0") < 0;
    return run(options, argv, session);
  } catch (const Error& error) {
    std::fprintf(stderr, "wherry-runtime: error: %s\n", error.what());
    log_error(options, error.what());
    return container::exit_code_of(error, session.sandbox_ready());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wherry-runtime: error: %s\n", error.what());
    log_error(options, error.what());
    return kOwnFailure;
  }
}
