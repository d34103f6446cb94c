#include "image/build/config_instructions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "image/build/limits.h"

namespace wherry::build {
namespace {

struct Call {
  const Instruction& instruction;
  StageState& stage;
  std::vector<std::string>& notices;
  Variables variables;
  ExpandOptions options;

  oci::ExecutionConfig& config() const { return stage.image.config; }
  std::string expanded(std::string_view text) const { return expand(text, variables, options); }
  // The one argument, which must not be empty once its variables are replaced.
  std::string only_argument() const {
    std::string value = expanded(instruction.arguments[0]);
    if (value.empty()) {
      fail(ErrorKind::InvalidArgument, "'{}' expands to nothing", instruction.arguments[0]);
    }
    return value;
  }
};

void insert_sorted(std::vector<std::string>& set, std::string value) {
  auto at = std::lower_bound(set.begin(), set.end(), value);
  if (at == set.end() || *at != value) set.insert(at, std::move(value));
}

// In place where it is there.
void set_environment(std::vector<std::string>& environment, const std::string& name,
                     const std::string& value) {
  std::string entry = name + "=" + value;
  for (std::string& each : environment) {
    if (each.size() > name.size() && each.starts_with(name) && each[name.size()] == '=') {
      each = std::move(entry);
      return;
    }
  }
  environment.push_back(std::move(entry));
}

void apply_env(const Call& call) {
  for (const auto& [name, value] : call.instruction.pairs) {
    std::string expanded_name = call.expanded(name);
    if (expanded_name.empty() || expanded_name.find('=') != std::string::npos) {
      fail(ErrorKind::InvalidArgument, "'{}' is not a name", name);
    }
    set_environment(call.config().env, expanded_name, call.expanded(value));
  }
}

void apply_label(const Call& call) {
  for (const auto& [name, value] : call.instruction.pairs) {
    std::string expanded_name = call.expanded(name);
    if (expanded_name.empty()) fail(ErrorKind::InvalidArgument, "'{}' is not a name", name);
    call.config().labels[expanded_name] = call.expanded(value);
  }
}

// The command line of an exec form, or of a shell form by way of the shell.
std::vector<std::string> command_of(const Call& call) {
  const Instruction& instruction = call.instruction;
  if (instruction.json || instruction.arguments.empty()) return instruction.arguments;
  std::vector<std::string> command = call.config().shell;
  if (command.empty()) {
    command = {"/bin/sh", "-c"};
    if (oci::is_wasm(call.stage.image.platform)) {
      call.notices.push_back(fmt::format(
          "{} in shell form means '/bin/sh -c', which a Wasm image seldom has; the exec form is {} "
          "[\"…\"]",
          spelling_of(instruction.kind), spelling_of(instruction.kind)));
    }
  }
  command.push_back(instruction.arguments[0]);
  return command;
}

void apply_cmd(const Call& call) {
  call.config().cmd = command_of(call);
  call.stage.has_cmd = true;
}

void apply_entrypoint(const Call& call) {
  std::vector<std::string> command = command_of(call);
  call.config().entrypoint = command.empty() ? std::nullopt : std::optional(std::move(command));
  // A base image's CMD was meant for its own entrypoint.
  if (!call.stage.has_cmd) call.config().cmd.reset();
}

std::optional<unsigned> parse_port(std::string_view text) {
  unsigned port = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || stop != text.data() + text.size() || port == 0 || port > 65535) {
    return std::nullopt;
  }
  return port;
}

void apply_expose(const Call& call) {
  for (const std::string& argument : call.instruction.arguments) {
    for (const std::string& word : expand_words(argument, call.variables, call.options)) {
      std::size_t slash = word.find('/');
      std::string protocol = slash == word.npos ? "tcp" : word.substr(slash + 1);
      for (char& c : protocol) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      std::string_view range = std::string_view(word).substr(0, slash);
      std::size_t dash = range.find('-');
      std::optional<unsigned> first = parse_port(range.substr(0, dash));
      std::optional<unsigned> last =
          dash == range.npos ? first : parse_port(range.substr(dash + 1));
      if (!first || !last || *last < *first ||
          (protocol != "tcp" && protocol != "udp" && protocol != "sctp")) {
        fail(ErrorKind::InvalidArgument, "expected PORT[-PORT][/tcp|udp|sctp], found '{}'", word);
      }
      for (unsigned port = *first; port <= *last; ++port) {
        insert_sorted(call.config().exposed_ports, fmt::format("{}/{}", port, protocol));
      }
    }
  }
}

void apply_volume(const Call& call) {
  for (const std::string& argument : call.instruction.arguments) {
    std::string path = call.expanded(argument);
    if (path.empty()) fail(ErrorKind::InvalidArgument, "'{}' expands to nothing", argument);
    insert_sorted(call.config().volumes, std::move(path));
  }
}

void apply_stopsignal(const Call& call) {
  constexpr std::string_view kNames[] = {
      "ABRT", "ALRM",   "BUS",  "CHLD",   "CLD",   "CONT", "FPE",  "HUP",   "ILL",
      "INT",  "IO",     "IOT",  "KILL",   "PIPE",  "POLL", "PROF", "PWR",   "QUIT",
      "SEGV", "STKFLT", "STOP", "SYS",    "TERM",  "TRAP", "TSTP", "TTIN",  "TTOU",
      "URG",  "USR1",   "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX"};
  std::string signal = call.only_argument();
  unsigned number = 0;
  const char* end = signal.data() + signal.size();
  auto [stop, error] = std::from_chars(signal.data(), end, number);
  bool known = error == std::errc() && stop == end && number >= 1 && number <= 64;
  if (!known) {
    std::string name;
    for (char c : signal) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (name.starts_with("SIG")) name.erase(0, 3);
    for (std::string_view realtime : {"RTMIN+", "RTMAX-"}) {
      unsigned offset = 0;
      if (!name.starts_with(realtime)) continue;
      auto [at, wrong] =
          std::from_chars(name.data() + realtime.size(), name.data() + name.size(), offset);
      if (wrong == std::errc() && at == name.data() + name.size() && offset <= 30) known = true;
    }
    known = known || std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  }
  if (!known) {
    fail(ErrorKind::InvalidArgument, "expected a signal such as SIGTERM or 15, found '{}'", signal);
  }
  call.config().stop_signal = signal;
}

// "1h30m", "1.5s", "250ms" in nanoseconds.
std::uint64_t parse_duration(std::string_view flag, std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"µs", 1e3},  {"ms", 1e6},
                             {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  auto malformed = [&] {
    fail(ErrorKind::InvalidArgument,
         "flag '--{}' expected a duration such as 30s or 1m30s, found '{}'", flag, text);
  };
  if (text == "0") return 0;
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) malformed();
  while (!rest.empty()) {
    std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double value = 0;
    auto [stop, error] = std::from_chars(rest.data(), rest.data() + digits, value);
    if (error != std::errc() || stop != rest.data() + digits) malformed();
    rest.remove_prefix(digits);
    std::size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
    const Unit* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) {
      return u.name == rest.substr(0, letters);
    });
    if (unit == std::end(kUnits)) malformed();
    total += value * unit->nanoseconds;
    rest.remove_prefix(letters);
  }
  if (total > 0 && total < 1e6) {
    fail(ErrorKind::InvalidArgument, "flag '--{}' must be at least 1ms, found '{}'", flag, text);
  }
  if (total > 9e18) malformed();
  return static_cast<std::uint64_t>(total);
}

void apply_healthcheck(const Call& call) {
  const Instruction& instruction = call.instruction;
  oci::Healthcheck check;
  const std::string& type = instruction.arguments[0];
  if (type == "NONE") {
    if (instruction.arguments.size() > 1 || !instruction.flags.empty()) {
      fail(ErrorKind::InvalidArgument, "NONE takes neither flags nor arguments");
    }
    check.test = {"NONE"};
  } else if (type == "CMD") {
    if (instruction.arguments.size() < 2) fail(ErrorKind::InvalidArgument, "CMD needs a command");
    check.test = instruction.arguments;
    if (!instruction.json) check.test[0] = "CMD-SHELL";
  } else {
    fail(ErrorKind::InvalidArgument, "expected NONE or CMD COMMAND, found '{}'", type);
  }
  for (const auto& [name, value] : instruction.flags) {
    if (name == "retries") {
      unsigned retries = 0;
      auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), retries);
      if (error != std::errc() || stop != value.data() + value.size()) {
        fail(ErrorKind::InvalidArgument, "flag '--retries' expected a number, found '{}'", value);
      }
      check.retries = retries;
      continue;
    }
    std::uint64_t duration = parse_duration(name, value);
    if (name == "interval") check.interval = duration;
    if (name == "timeout") check.timeout = duration;
    if (name == "start-period") check.start_period = duration;
    if (name == "start-interval") check.start_interval = duration;
  }
  call.config().healthcheck = std::move(check);
}

void apply_onbuild(const Call& call) {
  std::string trigger = call.instruction.arguments[0];
  for (const Heredoc& heredoc : call.instruction.heredocs) {
    trigger += "\n" + heredoc.content + heredoc.name;
  }
  call.config().on_build.push_back(std::move(trigger));
}

struct Row {
  InstructionKind kind;
  void (*apply)(const Call& call);
};

constexpr Row kRows[] = {
    {InstructionKind::Env, apply_env},
    {InstructionKind::Label, apply_label},
    {InstructionKind::Cmd, apply_cmd},
    {InstructionKind::Entrypoint, apply_entrypoint},
    {InstructionKind::Expose, apply_expose},
    {InstructionKind::Volume, apply_volume},
    {InstructionKind::Stopsignal, apply_stopsignal},
    {InstructionKind::Healthcheck, apply_healthcheck},
    {InstructionKind::Onbuild, apply_onbuild},
    {InstructionKind::User, [](const Call& call) { call.config().user = call.only_argument(); }},
    {InstructionKind::Maintainer,
     [](const Call& call) { call.stage.image.author = call.instruction.arguments[0]; }},
    {InstructionKind::Shell,
     [](const Call& call) { call.config().shell = call.instruction.arguments; }},
};

const Row* find_row(InstructionKind kind) {
  for (const Row& row : kRows) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

}  // namespace

Variables variables_of(const StageState& stage) {
  Variables variables = stage.arguments;
  for (const std::string& each : stage.image.config.env) {
    std::size_t equals = each.find('=');
    variables[each.substr(0, equals)] = equals == each.npos ? "" : each.substr(equals + 1);
  }
  return variables;
}

void apply_config_instruction(const Instruction& instruction, char escape, StageState& stage,
                              std::vector<std::string>& notices) {
  const Row* row = find_row(instruction.kind);
  WHERRY_CHECK(row != nullptr);
  row->apply({instruction, stage, notices, variables_of(stage), {.escape = escape}});
}

}  // namespace wherry::build
