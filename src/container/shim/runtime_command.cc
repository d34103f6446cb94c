#include "container/shim/runtime_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "os/file.h"
#include "os/program.h"

namespace wherry::shim {
namespace {

constexpr const char* kName = "wherry-runtime";
constexpr const char* kUsualRoot = "/run/containerd/wherry";
constexpr std::size_t kMaxLogBytes = 1u << 20;

// What the text of a failure means to containerd, which decides by kinds.
ErrorKind kind_of(std::string_view message) {
  if (message.find("does not exist") != message.npos) return ErrorKind::NotFound;
  if (message.find("cannot kill container") != message.npos) return ErrorKind::NotFound;
  return ErrorKind::Internal;
}

// The next object of a log: a line of runc's, several of crun's. Empty at the end, and for what does
// not end.
std::string_view take_object(std::string_view& log) {
  std::size_t start = std::min(log.find('{'), log.size());
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = start; i < log.size(); ++i) {
    char c = log[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      std::string_view object = log.substr(start, i + 1 - start);
      log.remove_prefix(i + 1);
      return object;
    }
  }
  return {};
}

}  // namespace

std::string in_runcs_words(std::string message) {
  for (std::string_view words : {"No such file or directory", "Permission denied"}) {
    std::size_t at = message.find(words);
    if (at != message.npos) message[at] = static_cast<char>(message[at] | 0x20);
  }
  for (std::string_view words : {"is not executable", "is not a regular file"}) {
    if (message.find(words) != message.npos) message += ": permission denied";
  }
  return message;
}

std::string find_runtime() {
  if (auto beside = os::find_program_beside(kName)) return *beside;
  std::string path = fmt::format("{}:/opt/containerd/bin", os::kUsualPath);
  if (auto found = os::find_program(kName, path)) return *found;
  fail(ErrorKind::FailedPrecondition, "'{}' is not installed", kName);
}

std::string runtime_root(const RuntimeOptions& options, const std::string& namespace_name) {
  return fmt::format("{}/{}", options.root.empty() ? kUsualRoot : options.root, namespace_name);
}

os::SpawnPlan plan_of(const RuntimeCommand& command) {
  // Who supervises containerd does not supervise containers.
  std::vector<std::string> environment = os::environment_without(
      {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "GOMAXPROCS"});
  if (command.options.linux_runtime.starts_with('/')) {
    environment.push_back("WHERRY_LINUX_RUNTIME=" + command.options.linux_runtime);
  }
  os::SpawnPlan plan{
      .path = command.program,
      .arguments = {kName, "--root", command.root, "--log", command.log, "--log-format", "json"},
      .environment = std::move(environment),
      .descriptors = command.descriptors,
      .apart = true};
  if (command.options.systemd_cgroup) plan.arguments.emplace_back("--systemd-cgroup");
  plan.arguments.insert(plan.arguments.end(), command.words.begin(), command.words.end());
  return plan;
}

std::string last_message(std::string_view log) {
  std::string message;
  while (true) {
    std::string_view object = take_object(log);
    if (object.empty()) return message;
    auto entry = nlohmann::json::parse(object, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("msg") || !entry["msg"].is_string()) continue;
    if (entry.contains("level") && entry["level"] != "error" && entry["level"] != "fatal") continue;
    message = entry["msg"].get<std::string>();
  }
}

std::optional<Error> outcome(const RuntimeCommand& command, os::ExitStatus status) {
  if (status == os::ExitStatus{}) {
    ::unlink(command.log.c_str());
    return std::nullopt;
  }
  auto [log, problem] = outcome_of([&] {
    return os::read_file_if_exists(AT_FDCWD, command.log, kMaxLogBytes).value_or(std::string());
  });
  ::unlink(command.log.c_str());
  std::string message = log ? last_message(*log) : problem;
  if (message.empty()) {
    message = status.signal ? fmt::format("it was ended by signal {}", status.signal)
                            : fmt::format("it ended with code {}", status.code);
  }
  message = in_runcs_words(std::move(message));
  return Error(kind_of(message), fmt::format("{} {}: {}", kName, command.words.front(), message));
}

}  // namespace wherry::shim
