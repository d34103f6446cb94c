#include "container/runtime/container.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "container/runtime/init.h"
#include "os/namespaces.h"

namespace wherry::container {
namespace {

// The namespaces to make, as CLONE_NEW*. Those to join are init's business, save the two that only
// a new process can be born into.
std::uint64_t namespaces_to_make(const oci::RuntimeConfig& config) {
  std::uint64_t flags = 0;
  for (const oci::RuntimeNamespace& space : config.linux_section.namespaces) {
    auto flag = os::namespace_flag(space.type);
    if (!flag) fail(ErrorKind::InvalidArgument, "unknown namespace '{}'", space.type);
    if (space.path.empty()) {
      flags |= *flag;
    } else if (*flag == CLONE_NEWPID || *flag == CLONE_NEWUSER) {
      fail(ErrorKind::Unimplemented, "joining an existing {} namespace is not there yet",
           space.type);
    }
  }
  if (!(flags & CLONE_NEWNS)) {
    fail(ErrorKind::InvalidArgument, "config.json: a container needs a mount namespace of its own");
  }
  return flags;
}

std::vector<os::IdRange> ranges_of(const std::vector<oci::RuntimeIdMapping>& mappings) {
  std::vector<os::IdRange> ranges;
  for (const oci::RuntimeIdMapping& mapping : mappings) {
    ranges.push_back(
        {.inside = mapping.container_id, .outside = mapping.host_id, .count = mapping.size});
  }
  return ranges;
}

std::string read_whole(const std::string& path, std::size_t limit) {
  os::Fd file(sys([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
  std::string text;
  char buffer[16384];
  for (;;) {
    auto got = static_cast<std::size_t>(
        sys([&] { return ::read(file.get(), buffer, sizeof buffer); }, "read '{}'", path));
    if (got == 0) return text;
    text.append(buffer, got);
    if (text.size() > limit) {
      fail(ErrorKind::InvalidArgument, "'{}' is bigger than {} bytes", path, limit);
    }
  }
}

}  // namespace

ContainerPlan load_bundle(std::string id, std::string bundle) {
  return in_context([&] { return fmt::format("read bundle '{}'", bundle); },
                    [&] {
                      std::string text =
                          read_whole(bundle + "/config.json", oci::kMaxRuntimeConfigBytes);
                      oci::RuntimeConfig config = oci::parse_runtime_config(text);
                      return ContainerPlan{std::move(id), bundle, std::move(config)};
                    });
}

void check_id(const std::string& id) {
  bool good = !id.empty() && id.size() <= 1024 && id != "." && id != "..";
  for (char c : id) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-' || c == '.');
  }
  if (!good) fail(ErrorKind::InvalidArgument, "'{}' is no container id", id);
}

Container::~Container() {
  if (!init_ || state_ == State::Stopped) return;
  // Not through the link alone: a guest that runs no longer listens to it.
  ::kill(init_->pid(), SIGKILL);
  ::waitpid(init_->pid(), nullptr, 0);
}

void Container::create() {
  const oci::RuntimeConfig& config = plan_.config;
  if (config.process.terminal) {
    fail(ErrorKind::Unimplemented, "a terminal (process.terminal) is not there yet");
  }
  std::uint64_t flags = namespaces_to_make(config);
  InitPlan init{
      .config = config, .bundle = plan_.bundle, .new_namespaces = flags, .argv = plan_.argv};
  init_.emplace(os::clone_child(
      flags, [&](os::ParentLink& parent) { return run_init(init, workload_, parent); }));
  if (flags & CLONE_NEWUSER) {
    os::write_id_maps(init_->pid(), ranges_of(config.linux_section.uid_mappings),
                      ranges_of(config.linux_section.gid_mappings));
  }
  init_->release();
  init_->await_child();
  sandbox_ready_ = true;
  init_->await_child();
  state_ = after(state_, Step::Create);
}

void Container::start() {
  state_ = after(state_, Step::Start);
  init_->release();
}

os::ExitStatus Container::wait() {
  os::ExitStatus status = signals_.wait_for(init_->pid());
  state_ = after(state_, Step::End);
  return status;
}

int exit_code_of(const Error& error, bool sandbox_was_ready) {
  if (!sandbox_was_ready) return 125;
  switch (error.kind()) {
    case ErrorKind::NotFound:
      return 127;
    case ErrorKind::InvalidArgument:
    case ErrorKind::FailedPrecondition:
    case ErrorKind::PermissionDenied:
    case ErrorKind::Unimplemented:
      return 126;
    default:
      return 125;
  }
}

}  // namespace wherry::container
