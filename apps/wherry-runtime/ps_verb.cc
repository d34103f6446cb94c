// ps: a container's processes, as runc's `ps` tells them: by ps(1), whose options follow the id.
#include <fcntl.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "cli/term/args.h"
#include "os/command.h"
#include "os/file.h"
#include "runtime.h"

namespace wherry::runtime {
namespace {

using cli::Arguments;
using cli::UsageError;
using container::Cgroup;
using container::StateAndRecord;

constexpr std::size_t kMaxOutput = 16u << 20;

std::optional<std::string> find_ps() {
  for (const char* path : {"/usr/bin/ps", "/bin/ps", "/usr/local/bin/ps"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != line.npos;) {
    std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// The heading of what ps(1) has printed, and the lines of these processes.
std::string lines_of(std::string_view output, const std::vector<pid_t>& pids) {
  std::string text;
  std::size_t column = 0;
  while (!output.empty()) {
    std::size_t end = std::min(output.find('\n'), output.size());
    std::string_view line = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    std::vector<std::string_view> words = words_of(line);
    if (text.empty()) {
      column = static_cast<std::size_t>(std::ranges::find(words, "PID") - words.begin());
      if (column == words.size()) {
        fail(ErrorKind::InvalidArgument, "couldn't find PID field in ps output");
      }
    } else {
      pid_t pid = 0;
      if (column >= words.size()) continue;
      std::string_view word = words[column];
      auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
      if (error != std::errc() || std::ranges::find(pids, pid) == pids.end()) continue;
    }
    text.append(line).append("\n");
  }
  return text;
}

std::string run_ps(const std::string& program, std::vector<std::string> options,
                   const std::vector<pid_t>& pids) {
  if (options.empty()) options.emplace_back("-ef");
  std::vector<std::string> environment;
  for (char** variable = environ; *variable; ++variable) environment.emplace_back(*variable);
  options.insert(options.begin(), "ps");
  os::CommandResult result = os::run_command({.path = program,
                                              .arguments = std::move(options),
                                              .environment = std::move(environment),
                                              .kept_output = kMaxOutput});
  if (result.status.exit_code() != 0) {
    std::string said = result.output.substr(0, result.output.find("\n\n"));
    std::ranges::replace(said, '\n', ' ');
    fail(ErrorKind::InvalidArgument, "ps(1) ended with status {}: {}", result.status.exit_code(),
         said);
  }
  return lines_of(result.output, pids);
}

struct ProcessLine {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t user = 0;
  std::string name;
};

// Nothing where it has ended.
std::optional<ProcessLine> look_at_process(pid_t pid) {
  auto text = os::read_file_if_exists(AT_FDCWD, fmt::format("/proc/{}/status", pid), 1u << 20);
  if (!text) return std::nullopt;
  auto field = [&](std::string_view name) {
    std::size_t at = ("\n" + *text).find(fmt::format("\n{}:\t", name));
    if (at == text->npos) return std::string();
    std::size_t from = at + name.size() + 2;
    return text->substr(from, text->find_first_of("\t\n", from) - from);
  };
  auto number = [&](std::string_view name) {
    std::string value = field(name);
    int result = 0;
    std::from_chars(value.data(), value.data() + value.size(), result);
    return result;
  };
  return ProcessLine{.pid = pid,
                     .parent = number("PPid"),
                     .user = static_cast<uid_t>(number("Uid")),
                     .name = field("Name")};
}

std::string table_of(const std::vector<pid_t>& pids) {
  std::string text = fmt::format("{:<10}{:<10}{:<10}NAME\n", "UID", "PID", "PPID");
  for (pid_t pid : pids) {
    if (auto line = look_at_process(pid)) {
      text +=
          fmt::format("{:<10}{:<10}{:<10}{}\n", line->user, line->pid, line->parent, line->name);
    }
  }
  return text;
}

}  // namespace

int ps(Runtime& runtime, VerbArguments command_line) {
  std::string format = "table";
  Arguments arguments;
  arguments.option("-f,--format", "FORM", &format, "'table' (default) or 'json'");
  auto operands = arguments.parse(command_line, cli::Operands::EndTheOptions);
  if (!operands) {
    return show_help(
        "ps [OPTIONS] ID [PS OPTIONS]",
        "Lists a container's processes, as ps(1) does with its own options (default: -ef).",
        arguments.describe());
  }
  if (format != "table" && format != "json") {
    throw UsageError(fmt::format("invalid format option '{}': it is 'table' or 'json'", format));
  }
  if (operands->empty()) throw UsageError("'ps' takes one container id, then options of ps(1)");
  StateAndRecord found = find(runtime, operands->front());
  std::vector<std::string> options(operands->begin() + 1, operands->end());
  std::vector<pid_t> pids = Cgroup::open(found.record.cgroup).pids();
  // Without a cgroup only one is known.
  if (found.record.cgroup.empty() && found.state != container::State::Stopped) {
    pids.push_back(found.record.init.pid);
  }
  auto program = find_ps();
  if (format == "json") {
    print(fmt::format("[{}]\n", fmt::join(pids, ",")));
  } else if (program) {
    print(run_ps(*program, std::move(options), pids));
  } else if (options.empty()) {
    print(table_of(pids));
  } else {
    fail(ErrorKind::NotFound, "options for ps(1), which is not installed");
  }
  return 0;
}

}  // namespace wherry::runtime
