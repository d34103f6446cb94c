#include "cli/commands/runtime_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/error.h"

namespace wherry::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kAwaited = 3;  // the number of the runtime's end of the socket pair, there

std::string runtime_program(const Context& context) {
  if (auto given = context.environment("WHERRY_RUNTIME"); given && !given->empty()) return *given;
  std::error_code error;
  fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / "wherry-runtime";
  if (!error && ::access(beside.c_str(), X_OK) == 0) return beside;
  std::string path = context.environment("PATH").value_or(kUsualPath);
  for (std::size_t at = 0; at <= path.size();) {
    std::size_t colon = std::min(path.find(':', at), path.size());
    std::string candidate = path.substr(at, colon - at) + "/wherry-runtime";
    if (colon > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = colon + 1;
  }
  fail(ErrorKind::NotFound, "wherry-runtime is neither beside wherry nor in PATH");
}

}  // namespace

RuntimeProcess::RuntimeProcess(const Context& context, const std::string& id,
                               const std::string& folder, int standard_input) {
  int ends[2];
  sys([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); },
      "make a socket pair");
  os::Fd theirs(ends[0]);
  begin_ = os::Fd(ends[1]);
  std::vector<os::GivenDescriptor> given;
  if (standard_input >= 0) given.push_back({.ours = standard_input, .theirs = STDIN_FILENO});
  given.push_back({.ours = theirs.get(), .theirs = kAwaited});
  pid_ = os::spawn({.path = runtime_program(context),
                    .arguments = {"wherry-runtime", "--root", folder, "run", "--parent",
                                  std::to_string(::getpid()), "--await", std::to_string(kAwaited),
                                  "--bundle", folder, "--pid-file", folder + "/pid", id},
                    .descriptors = std::move(given)});
}

RuntimeProcess::~RuntimeProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

os::ExitStatus RuntimeProcess::run(const os::SignalForwarder& signals) {
  // One that has ended already says why by its exit status.
  (void)::send(begin_.get(), "g", 1, MSG_NOSIGNAL);
  return signals.wait_for(std::exchange(pid_, -1));
}

}  // namespace wherry::cli
