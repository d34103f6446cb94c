#include "container/runtime/init_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/error.h"
#include "container/runtime/config_check.h"
#include "container/runtime/id_ranges.h"
#include "container/runtime/init.h"
#include "container/runtime/mounts.h"
#include "container/runtime/namespaces.h"
#include "os/file.h"
#include "os/namespaces.h"

namespace wherry::container {
namespace {

// CLONE_NEW* of those that only a new process stands in.
constexpr std::uint64_t kBornInto = CLONE_NEWPID | CLONE_NEWTIME;

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
                .open_memory_limit = plan_.open_memory_limit,
                .listener = plan_.listener,
                .kept = plan_.inherited.given,
                .has_notify = plan_.inherited.notify >= 0,
                .console = plan_.console,
                .notified = plan_.notified,
                .detached = plan_.detached};
  if (init.has_notify) init.kept.push_back(plan_.inherited.notify);
  if (plan_.inherited.module >= 0) init.kept.push_back(plan_.inherited.module);
  std::function<void()> before;  // done by whoever clones init, where it is not this process
  if (plan_.joined) {
    const std::uint64_t foreign = open_joined(*plan_.joined);
    init.joined = joined_.get();
    init.joined_user_namespace = (foreign & CLONE_NEWUSER) != 0;
    if (init.joined_user_namespace) {
      // All at once, with rights over those of the host's that are lost with the user namespace.
      before = [&] { join(foreign); };
    } else {
      init.joined_namespaces = foreign & ~kBornInto;
      // Into those a process puts its children, and only a privileged one could take that back.
      const std::uint64_t for_children = foreign & kBornInto;
      if (for_children) before = [this, for_children] { join(for_children); };
    }
  } else {
    check_config(config);
    init.new_namespaces = namespaces_to_make(config);
    init.is_born_into_namespaces = is_born_into_namespaces(config);
    if (init.is_born_into_namespaces) before = [&] { enter_namespaces(config); };
    if (wants_state(config.hooks)) {
      state_ = os::Fd(sys([] { return ::memfd_create("state", MFD_CLOEXEC); }, "make a file"));
      init.state = state_.get();
    }
    id_mapped_ = open_id_mapped_sources(config, {.bundle = plan_.bundle, .id_mapped = {}});
    init.id_mapped = id_mapped_;
  }
  // The top of a cgroup namespace is the group it is made in, which init is yet to be moved to.
  std::uint64_t flags = init.new_namespaces & ~std::uint64_t{CLONE_NEWCGROUP | CLONE_NEWTIME};
  // A network takes longer to make than all others together. Where it is not a new user namespace's,
  // this process makes it while init mounts.
  if ((flags & CLONE_NEWNET) && !before && !(flags & CLONE_NEWUSER)) {
    own_network_ = os::open_own_network();
  }
  if (own_network_.is_open()) {
    flags &= ~std::uint64_t{CLONE_NEWNET};
    init.new_namespaces &= ~std::uint64_t{CLONE_NEWNET};
    init.network_follows = true;
  }
  auto body = [&](os::ParentLink& parent) { return run_init(init, workload_, parent); };
  child_.emplace(before ? os::clone_child_after(before, flags, body, cgroup_.v2.get())
                        : os::clone_child(flags, body, cgroup_.v2.get()));
  if (flags & CLONE_NEWUSER) {
    os::write_id_maps(child_->pid(), ranges_of(config.linux_section.uid_mappings),
                      ranges_of(config.linux_section.gid_mappings));
  }
}

// Returns all of its namespaces that are not this process's own.
std::uint64_t InitProcess::open_joined(const os::ProcessId& process) {
  joined_ = os::open_process(process);
  if (!joined_.is_open()) {
    fail(ErrorKind::FailedPrecondition, "join the container's namespaces: its init has ended");
  }
  return os::foreign_namespaces(process.pid);
}

void InitProcess::join(std::uint64_t namespaces) const {
  sys([&] { return ::setns(joined_.get(), static_cast<int>(namespaces)); },
      "join the container's namespaces");
}

void InitProcess::release() {
  child_->release();
  if (!own_network_.is_open()) return;
  child_->give(os::make_network_namespace(own_network_).get());
  own_network_.reset();
}

void InitProcess::await_mounts() {
  release();
  child_->await_child();
}

void InitProcess::give_state(const std::string& state) {
  os::write_all(state_.get(), as_bytes(state));
}

void InitProcess::await_sandbox() {
  release();
  workload_.get_ready();
  os::Fd opened = child_->await_descriptor();
  if (!opened.is_open()) return;
  for (const os::Fd& provided : workload_.provide(std::move(opened), child_->pid())) {
    child_->give(provided.get());
  }
  child_->release();
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

os::Fd InitProcess::start() {
  child_->release();
  return child_->await_descriptor();
}

os::ExitStatus InitProcess::wait(std::span<os::Attendant* const> attendants) {
  os::ExitStatus status = signals_.wait_for(child_->pid(), attendants);
  ended_ = true;
  return status;
}

}  // namespace wherry::container
