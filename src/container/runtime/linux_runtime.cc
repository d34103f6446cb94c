#include "container/runtime/linux_runtime.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "os/command.h"
#include "os/program.h"

namespace wherry::container {
namespace {

constexpr std::array<const char*, 2> kKnown = {"crun", "runc"};

std::string name_of(const std::string& program) {
  return program.substr(program.find_last_of('/') + 1);
}

std::string root_for(const std::string& root, const std::string& name) {
  return root + "/.linux@" + name;
}

std::optional<std::string> program_of(const std::string& name, const LinuxRuntimeSearch& search) {
  if (!search.given.empty() && name_of(search.given) == name) return search.given;
  return os::find_program(name, fmt::format("{}:{}", search.path, os::kUsualPath));
}

std::vector<std::string> names(const LinuxRuntimeSearch& search) {
  std::vector<std::string> all(kKnown.begin(), kKnown.end());
  if (search.given.empty()) return all;
  std::string given = name_of(search.given);
  std::erase(all, given);
  all.insert(all.begin(), given);
  return all;
}

// Of any text, only what can be an id is put into a path.
bool can_be_id(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.front() != '-' &&
         text.find('/') == std::string_view::npos && text.size() <= 255;
}

bool is_directory(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> folders;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path.c_str()), ::closedir);
  if (!stream) return folders;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (can_be_id(name) && is_directory(path + "/" + name)) folders.push_back(std::move(name));
  }
  std::ranges::sort(folders);
  return folders;
}

LinuxRuntime installed(const std::string& root, const std::string& name,
                       const LinuxRuntimeSearch& search) {
  auto program = program_of(name, search);
  if (!program) {
    fail(ErrorKind::FailedPrecondition, "its runtime, {}, is not installed any more", name);
  }
  return {.name = name, .program = std::move(*program), .root = root_for(root, name)};
}

// An option before the verb, with its value: "--log=x" alone or "--log", "x".
struct Global {
  std::string name;
  std::vector<std::string> words;
  std::string value;
};
std::vector<Global> globals_of(std::span<const std::string> words) {
  constexpr std::array<std::string_view, 5> kWithValue = {"--root", "--log", "--log-format",
                                                          "--cgroup-manager", "--rootless"};
  std::vector<Global> globals;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::size_t equals = words[i].find('=');
    Global global{.name = words[i].substr(0, equals), .words = {words[i]}, .value = {}};
    bool takes_value = std::ranges::find(kWithValue, global.name) != kWithValue.end();
    if (equals != std::string::npos) {
      global.value = words[i].substr(equals + 1);
    } else if (takes_value && i + 1 < words.size()) {
      global.value = words[++i];
      global.words.push_back(global.value);
    }
    globals.push_back(std::move(global));
  }
  return globals;
}

}  // namespace

LinuxRuntimeSearch linux_runtime_search() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  return {.given = variable("WHERRY_LINUX_RUNTIME"), .path = variable("PATH")};
}

std::optional<LinuxRuntime> find_linux_runtime(const std::string& root,
                                               const LinuxRuntimeSearch& search) {
  if (!search.given.empty() && !(search.given.starts_with('/') && os::is_program(search.given))) {
    fail(ErrorKind::FailedPrecondition,
         "WHERRY_LINUX_RUNTIME: '{}' is no absolute path of a program", search.given);
  }
  for (const std::string& name : names(search)) {
    if (auto program = program_of(name, search)) {
      return LinuxRuntime{
          .name = name, .program = std::move(*program), .root = root_for(root, name)};
    }
  }
  return std::nullopt;
}

LinuxRuntime choose_linux_runtime(const std::string& root, const LinuxRuntimeSearch& search) {
  if (auto found = find_linux_runtime(root, search)) return std::move(*found);
  fail(ErrorKind::FailedPrecondition,
       "the payload is a Linux program, and neither crun nor runc is installed");
}

std::optional<LinuxRuntime> linux_runtime_of(const std::string& root, const std::string& id,
                                             const LinuxRuntimeSearch& search) {
  if (!can_be_id(id)) return std::nullopt;
  for (const std::string& name : names(search)) {
    if (!is_directory(root_for(root, name) + "/" + id)) continue;
    return in_context([&] { return fmt::format("container '{}'", id); },
                      [&] { return installed(root, name, search); });
  }
  return std::nullopt;
}

std::vector<LinuxContainers> linux_containers(const std::string& root,
                                              const LinuxRuntimeSearch& search) {
  std::vector<LinuxContainers> all;
  for (const std::string& name : names(search)) {
    std::vector<std::string> ids = folders_in(root_for(root, name));
    if (ids.empty()) continue;
    auto program = program_of(name, search);
    bool is_there = program && os::is_program(*program);
    all.push_back({.runtime = {.name = name,
                               .program = is_there ? *program : std::string(),
                               .root = root_for(root, name)},
                   .ids = std::move(ids)});
  }
  return all;
}

std::vector<StateAndRecord> states_of(const LinuxContainers& containers) {
  constexpr std::size_t kMaxState = 1u << 20;
  std::vector<StateAndRecord> states;
  for (const std::string& id : containers.ids) {
    const LinuxRuntime& runtime = containers.runtime;
    if (runtime.program.empty()) {
      states.push_back({.record = {.id = id}, .state = State::Unknown});
      continue;
    }
    const os::Command command{.path = runtime.program,
                              .arguments = {runtime.name, "--root", runtime.root, "state", id},
                              .environment = os::environment_without({}),
                              .input = {},
                              .timeout = {},
                              .kept_output = kMaxState};
    os::CommandResult result = os::run_command(command);
    if (result.status != os::ExitStatus{}) continue;
    auto [state, problem] = outcome_of([&] { return parse_oci_state(result.output); });
    if (state) states.push_back(std::move(*state));
  }
  return states;
}

std::vector<std::string> linux_command_line(const LinuxRuntime& runtime,
                                            std::span<const std::string> command_line,
                                            std::size_t verb_at) {
  std::vector<std::string> result = {runtime.name, "--root", runtime.root};
  bool speaks_as_runc = runtime.name == "runc";
  for (Global& global : globals_of(command_line.first(verb_at))) {
    if (global.name == "--root") continue;
    if (global.name == "--cgroup-manager" && speaks_as_runc) {
      if (global.value == "systemd") result.push_back("--systemd-cgroup");
      continue;
    }
    for (std::string& word : global.words) result.push_back(std::move(word));
  }
  result.insert(result.end(), command_line.begin() + static_cast<std::ptrdiff_t>(verb_at),
                command_line.end());
  return result;
}

void become(const LinuxRuntime& runtime, const std::vector<std::string>& command_line) {
  std::vector<char*> arguments;
  for (const std::string& word : command_line) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  ::execv(runtime.program.c_str(), arguments.data());
  fail_errno(errno, "execute '{}'", runtime.program);
}

}  // namespace wherry::container
