#include "container/runtime/init_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "container/runtime/id_ranges.h"
#include "container/runtime/init.h"
#include "container/runtime/mounts.h"
#include "os/file.h"
#include "os/namespaces.h"

namespace wherry::container {
namespace {

// The namespaces to make, as CLONE_NEW*.
std::uint64_t namespaces_to_make(const oci::RuntimeConfig& config) {
  std::uint64_t flags = 0;
  std::uint64_t seen = 0;
  for (const oci::RuntimeNamespace& space : config.linux_section.namespaces) {
    auto flag = os::namespace_flag(space.type);
    if (!flag) fail(ErrorKind::InvalidArgument, "unknown namespace '{}'", space.type);
    if (seen & *flag) {
      fail(ErrorKind::InvalidArgument, "config.json: linux.namespaces: '{}' is there twice",
           space.type);
    }
    seen |= *flag;
    if (space.path.empty()) flags |= *flag;
  }
  if (!(flags & CLONE_NEWNS)) {
    fail(ErrorKind::InvalidArgument, "config.json: a container needs a mount namespace of its own");
  }
  const oci::RuntimeLinux& section = config.linux_section;
  if ((flags & CLONE_NEWUSER) && (section.uid_mappings.empty() || section.gid_mappings.empty())) {
    fail(ErrorKind::InvalidArgument,
         "config.json: a new user namespace needs uidMappings and gidMappings");
  }
  if (!(seen & CLONE_NEWUTS) && !(config.hostname.empty() && config.domainname.empty())) {
    fail(ErrorKind::InvalidArgument,
         "config.json: a host or domain name needs a uts namespace that is not the host's");
  }
  return flags;
}

// The user namespace first: it gives the right to the others.
void join_for_children(const oci::RuntimeConfig& config) {
  for (std::uint64_t wanted : {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWTIME}) {
    for (const oci::RuntimeNamespace& space : config.linux_section.namespaces) {
      if (space.path.empty() || os::namespace_flag(space.type) != wanted) continue;
      in_context([&] { return fmt::format("join the {} namespace '{}'", space.type, space.path); },
                 [&] {
                   os::Fd file(sys([&] { return ::open(space.path.c_str(), O_RDONLY | O_CLOEXEC); },
                                   "open it"));
                   sys([&] { return ::setns(file.get(), static_cast<int>(wanted)); }, "enter it");
                 });
    }
  }
}

// A time namespace takes its offsets before anybody stands in it: this process makes it, and only its
// children are born into it.
void enter_new_time(const oci::RuntimeConfig& config) {
  sys([] { return ::unshare(CLONE_NEWTIME); }, "make a time namespace");
  std::string text;
  for (const auto& [clock, offset] : config.linux_section.time_offsets) {
    text += fmt::format("{} {} {}\n", clock, offset.seconds, offset.nanoseconds);
  }
  if (text.empty()) return;
  os::Fd file(sys([] { return ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC); },
                  "open '/proc/self/timens_offsets'"));
  sys([&] { return ::write(file.get(), text.data(), text.size()); }, "set the time offsets");
}

// Hooks that are called at points of init's own life.
bool wants_state(const oci::RuntimeHooks& hooks) {
  return !(hooks.prestart.empty() && hooks.create_runtime.empty() &&
           hooks.create_container.empty() && hooks.start_container.empty());
}

}  // namespace

InitProcess::~InitProcess() {
  if (!child_ || ended_) return;
  // Not through the link alone: a guest that runs no longer listens to it.
  ::kill(child_->pid(), SIGKILL);
  ::waitpid(child_->pid(), nullptr, 0);
}

void InitProcess::create(os::CgroupEntrance cgroup) {
  cgroup_ = std::move(cgroup);
  const oci::RuntimeConfig& config = *plan_.config;
  const bool has_console = plan_.console >= 0;
  if (config.process.terminal && !has_console) {
    fail(ErrorKind::InvalidArgument,
         "config.json: process.terminal: a terminal needs a --console-socket to go to");
  }
  if (has_console && !config.process.terminal) {
    fail(ErrorKind::InvalidArgument, "--console-socket: the process asks for no terminal");
  }
  InitPlan init{.config = config,
                .bundle = plan_.bundle,
                .argv = plan_.argv,
                .cgroup = cgroup_,
                .listener = plan_.listener,
                .kept = plan_.inherited.given,
                .console = plan_.console,
                .detached = plan_.detached};
  if (plan_.inherited.notify >= 0) init.kept.push_back(plan_.inherited.notify);
  if (plan_.joined) {
    std::uint64_t foreign = join(*plan_.joined);
    init.joined_user_namespace = (foreign & CLONE_NEWUSER) != 0;
    init.joined_namespaces = foreign & ~kBornInto;
    init.joined = joined_.get();
  } else {
    init.new_namespaces = namespaces_to_make(config);
    if (wants_state(config.hooks)) {
      state_ = os::Fd(sys([] { return ::memfd_create("state", MFD_CLOEXEC); }, "make a file"));
      init.state = state_.get();
    }
    id_mapped_ = open_id_mapped_sources(config, {.bundle = plan_.bundle, .id_mapped = {}});
    init.id_mapped = id_mapped_;
    join_for_children(config);
  }
  // The top of a cgroup namespace is the group it is made in, which init is yet to be moved to.
  std::uint64_t flags = init.new_namespaces & ~std::uint64_t{CLONE_NEWCGROUP};
  if (flags & CLONE_NEWTIME) {
    enter_new_time(config);
    flags &= ~std::uint64_t{CLONE_NEWTIME};
  }
  child_.emplace(os::clone_child(
      flags, [&](os::ParentLink& parent) { return run_init(init, workload_, parent); },
      cgroup_.v2.get()));
  if (flags & CLONE_NEWUSER) {
    os::write_id_maps(child_->pid(), ranges_of(config.linux_section.uid_mappings),
                      ranges_of(config.linux_section.gid_mappings));
  }
}

// Joins what only a child is born into. Returns all namespaces that are not this process's own.
std::uint64_t InitProcess::join(const os::ProcessId& process) {
  joined_ = os::open_process(process);
  if (!joined_.is_open()) {
    fail(ErrorKind::FailedPrecondition, "join the container's namespaces: its init has ended");
  }
  std::uint64_t all = os::foreign_namespaces(process.pid);
  if (std::uint64_t now = all & kBornInto) {
    sys([&] { return ::setns(joined_.get(), static_cast<int>(now)); },
        "join the container's user and pid namespaces");
  }
  return all;
}

void InitProcess::await_mounts() {
  child_->release();
  child_->await_child();
}

void InitProcess::give_state(const std::string& state) {
  os::write_all(state_.get(), as_bytes(state));
}

void InitProcess::await_sandbox() {
  child_->release();
  child_->await_child();
}

void InitProcess::await_workload() {
  try {
    child_->await_child();
  } catch (const Error& error) {
    throw WorkloadError(error);
  }
}

void InitProcess::leave() {
  child_->release();
  child_->await_child();
  let_go();
}

void InitProcess::start() {
  child_->release();
  child_->await_child();
}

os::ExitStatus InitProcess::wait(std::span<os::Attendant* const> attendants) {
  os::ExitStatus status = signals_.wait_for(child_->pid(), attendants);
  ended_ = true;
  return status;
}

}  // namespace wherry::container
