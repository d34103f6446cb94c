#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "cli/commands/command.h"
#include "cli/commands/exit_code.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"

namespace wherry::cli {
namespace {

// In the order of `wherry --help`.
constexpr Command kCommands[] = {
    {"build", "build an image from a Dockerfile", build},
    {"run", "run an image or a module", run, 125},
    {"compile", "compile an image's or a module's code beforehand", compile},
    {"ps", "list containers", ps},
    {"rm", "remove containers", rm},
    {"images", "list the images of the store", images},
    {"inspect", "show all that is known about images, as JSON", inspect},
    {"tag", "give an image another name", tag},
    {"rmi", "remove images", rmi},
    {"save", "write images to an archive", save},
    {"load", "add the images of an archive", load},
    {"version", "show the version", version},
};

constexpr std::string_view kHelp = "help";

constexpr std::string_view kUsage =
    "Usage: wherry [OPTIONS] COMMAND [ARGUMENTS]\n"
    "\n"
    "WebAssembly containers.\n"
    "\n"
    "Commands:\n";

void print_overview(Context& context) {
  std::string text(kUsage);
  for (const Command& command : kCommands) {
    text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  }
  text +=
      "\nOptions:\n"
      "  --root DIR      where images and containers are kept (also WHERRY_ROOT)\n"
      "  --run-root DIR  where containers are that go with their end (--rm), best a tmpfs (also\n"
      "                  WHERRY_RUN_ROOT)\n"
      "  --version, -v   show the version\n"
      "  --help, -h      show this text\n"
      "\n"
      "'wherry help COMMAND' or 'wherry COMMAND --help' shows examples and options of a command.\n";
  std::fwrite(text.data(), 1, text.size(), context.out);
}

const Command& find_command(std::string_view name) {
  auto found = std::ranges::find(kCommands, name, &Command::name);
  if (found != std::end(kCommands)) return *found;
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  names.push_back(kHelp);
  std::string_view near = nearest(name, names);
  if (near.empty()) {
    fail(ErrorKind::InvalidArgument, "'{}' is not a wherry command; see 'wherry --help'", name);
  }
  fail(ErrorKind::InvalidArgument, "'{}' is not a wherry command; did you mean '{}'?", name, near);
}

std::optional<std::string> variable(const Context& context, const char* name) {
  auto value = context.environment(name);
  return value && !value->empty() ? value : std::nullopt;
}

// Where nothing says otherwise: the machine's folders for root, one's own for a user.
std::optional<std::string> usual_root(const Context& context) {
  if (context.is_root) return "/var/lib/wherry";
  if (auto data = variable(context, "XDG_DATA_HOME"); data && data->starts_with('/')) {
    return *data + "/wherry";
  }
  if (auto home = variable(context, "HOME")) return *home + "/.local/share/wherry";
  return std::nullopt;
}

std::optional<std::string> usual_run_root(const Context& context) {
  if (context.is_root) return "/run/wherry";
  if (auto run = variable(context, "XDG_RUNTIME_DIR"); run && run->starts_with('/')) {
    if (::access(run->c_str(), W_OK) == 0) return *run + "/wherry";
  }
  return std::nullopt;
}

// A store elsewhere has its running containers in it, unless they are given a place of their own.
void set_roots(Context& context, const std::optional<std::string>& root,
               const std::optional<std::string>& run_root) {
  for (const auto& [name, value] : {std::pair("--root", root), std::pair("--run-root", run_root)}) {
    if (value && value->empty()) {
      throw UsageError(fmt::format("flag '{}' needs a folder, not an empty name", name));
    }
  }
  auto given = root ? root : variable(context, "WHERRY_ROOT");
  auto usual = given ? given : usual_root(context);
  if (!usual) {
    throw UsageError("neither HOME nor WHERRY_ROOT says where the store is; give --root DIR");
  }
  context.root = *usual;
  // Also for what this program starts: its cache is there.
  if (given) ::setenv("WHERRY_ROOT", std::filesystem::absolute(*given).c_str(), 1);
  auto run = run_root ? run_root : variable(context, "WHERRY_RUN_ROOT");
  if (!run && !given) run = usual_run_root(context);
  context.run_root = run.value_or(context.root + "/run");
}

// `wherry help [COMMAND]`: what --help shows. Needs no store.
int help(Context& context, CommandArguments arguments) {
  if (arguments.empty() || arguments[0] == kHelp || arguments[0].starts_with('-')) {
    print_overview(context);
    return 0;
  }
  const std::string ask = "--help";
  return find_command(arguments[0]).run(context, {&ask, 1});
}

// Sets *running as soon as the verb is known: a failure's status depends on it.
int dispatch(Context& context, CommandArguments arguments, const Command** running) {
  std::optional<std::string> root;
  std::optional<std::string> run_root;
  bool show_version = false;
  Arguments globals;
  globals.option("--root", "DIR", &root, "");
  globals.option("--run-root", "DIR", &run_root, "");
  globals.flag("-v,--version", &show_version, "");
  auto rest = globals.parse(arguments, Operands::EndTheOptions);
  if (!rest || (rest->empty() && !show_version)) {
    print_overview(context);
    return 0;
  }
  if (show_version) {
    fmt::print(context.out, "wherry {}\n", WHERRY_VERSION);
    return 0;
  }
  if (rest->front() == kHelp) return help(context, CommandArguments(*rest).subspan(1));
  *running = &find_command(rest->front());
  set_roots(context, root, run_root);
  return (*running)->run(context, CommandArguments(*rest).subspan(1));
}

int report(Context& context, const std::exception& error, const Command* running) noexcept {
  std::fflush(context.out);
  std::fprintf(context.err, "wherry: error: %s\n", error.what());
  if (dynamic_cast<const UsageError*>(&error)) {
    std::string verb = running ? std::string(running->name) + " " : std::string();
    std::fprintf(context.err, "see 'wherry %s--help'\n", verb.c_str());
  }
  return exit_code_of(error, running);
}

}  // namespace

int show_help(Context& context, std::string_view verb, const Arguments& arguments) {
  fmt::print(context.out, "{}\nOptions:\n{}", help_text(verb), arguments.describe());
  return 0;
}

int run_wherry(Context context, CommandArguments arguments) noexcept {
  const Command* running = nullptr;
  try {
    int status = dispatch(context, arguments, &running);
    // What was printed into a full disk or a closed pipe was not printed.
    if (std::fflush(context.out) != 0) fail_errno(errno, "write standard output");
    return status;
  } catch (const std::exception& error) {
    return report(context, error, running);
  }
}

}  // namespace wherry::cli
