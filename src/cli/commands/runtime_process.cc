#include "cli/commands/runtime_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/error.h"
#include "os/program.h"

namespace wherry::cli {
namespace {

constexpr const char* kName = "wherry-runtime";
constexpr int kAwaited = 3;  // the number of the runtime's end of the socket pair, there

std::string runtime_program(const Context& context) {
  if (auto given = context.environment("WHERRY_RUNTIME"); given && !given->empty()) return *given;
  if (auto beside = os::find_program_beside(kName)) return *beside;
  std::string path = context.environment("PATH").value_or(std::string(os::kUsualPath));
  if (auto found = os::find_program(kName, path)) return *found;
  fail(ErrorKind::NotFound, "{} is neither beside wherry nor in PATH", kName);
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
                    .arguments = {kName, "--root", folder, "run", "--parent",
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
