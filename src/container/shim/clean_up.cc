// Called after every container's end, so it is quick where the shim has cleaned up itself.
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "container/runtime/bundle.h"
#include "container/shim/actions.h"
#include "container/shim/bootstrap.h"
#include "container/shim/messages.h"
#include "container/shim/rootfs.h"
#include "container/shim/runtime_command.h"
#include "container/shim/task.pb.h"
#include "os/command.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::shim {
namespace {

constexpr std::chrono::milliseconds kPatience{20'000};

bool is_there(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

// Ours, or that of a runtime of Linux programs, which is remembered below ours.
bool is_known(const std::string& root, const std::string& id) {
  if (is_there(root + "/" + id)) return true;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(root.c_str()), ::closedir);
  if (!stream) return false;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name.starts_with(".linux@") && is_there(root + "/" + name + "/" + id)) return true;
  }
  return false;
}

void remove_container(const RuntimeOptions& options, const std::string& root,
                      const Invocation& invocation, const std::string& bundle) {
  RuntimeCommand command{.program = find_runtime(),
                         .root = root,
                         .log = bundle + "/delete.log",
                         .options = options,
                         .words = {"delete", "--force", invocation.id},
                         .descriptors = {}};
  os::SpawnPlan plan = plan_of(command);
  os::CommandResult result = os::run_command({.path = plan.path,
                                              .arguments = plan.arguments,
                                              .environment = *plan.environment,
                                              .input = {},
                                              .timeout = kPatience});
  // Whatever it said, the rest is taken away as well.
  if (auto error = outcome(command, result.status)) {
    std::fprintf(stderr, "containerd-shim-wherry-v1: warning: %s\n", error->what());
  }
}

pid_t init_pid(const std::string& bundle) {
  auto [text, problem] =
      outcome_of([&] { return os::read_file_if_exists(AT_FDCWD, bundle + "/init.pid", 64); });
  pid_t pid = 0;
  if (text && *text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), pid);
  return pid;
}

// Of a shim that was killed.
void remove_stale_socket(const std::string& bundle) {
  auto [text, problem] =
      outcome_of([&] { return os::read_file_if_exists(AT_FDCWD, bundle + "/address", 4096); });
  if (!text || !*text) return;
  std::string path = path_of_address(**text);
  auto [socket, refusal] = outcome_of([&] { return os::connect_unix(path, SOCK_STREAM); });
  if (!socket) ::unlink(path.c_str());
}

}  // namespace

void clean_up(const Invocation& invocation) {
  container::check_id(invocation.id);
  std::string bundle = invocation.bundle.empty() ? "." : invocation.bundle;
  RuntimeOptions options;
  options.root = os::read_file_if_exists(AT_FDCWD, bundle + "/runtime-root", 4096).value_or("");
  std::string root = runtime_root(options, invocation.namespace_name);
  if (is_known(root, invocation.id)) remove_container(options, root, invocation, bundle);
  unmount_rootfs(bundle + "/rootfs");
  remove_stale_socket(bundle);
  wire::DeleteResponse response;
  response.set_pid(static_cast<std::uint32_t>(init_pid(bundle)));
  response.set_exit_status(128 + SIGKILL);
  set_time(response.mutable_exited_at(), now());
  print_bytes(response.SerializeAsString());
}

}  // namespace wherry::shim
