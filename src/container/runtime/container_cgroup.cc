// What a container does with its cgroup.
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "container/runtime/container.h"
#include "container/runtime/mount_cgroup.h"
#include "os/namespaces.h"

namespace wherry::container {

// Nobody who asks for nothing is made to have one: that is time at every start.
void Container::plan_cgroup(const CreateRequest& request) {
  const oci::RuntimeLinux& section = bundle_.config.linux_section;
  const bool limited = section.resources != oci::RuntimeResources();
  const bool shown = std::ranges::any_of(bundle_.config.mounts, is_cgroup_mount);
  if (section.cgroups_path.empty() && !limited && !shown) return;
  cgroup_ = Cgroup::plan({.id = record_.id,
                          .path = section.cgroups_path,
                          .manager = request.cgroup_manager,
                          .rootless = ::geteuid() != 0 || os::in_user_namespace()});
  record_.cgroup = cgroup_.saved();
}

// Before init is let go: what it is and has is counted and limited from its first step.
void Container::create_in_cgroup(InitProcess& init) {
  const oci::RuntimeResources& resources = bundle_.config.linux_section.resources;
  if (cgroup_.make_empty(resources)) {
    init.create(cgroup_.entrance());
  } else {
    init.create({});
    cgroup_.make(init.pid(), resources);
  }
  record_.cgroup = cgroup_.saved();
}

// The kernel limits what is born in a group, not what moves into it: so it takes a look before, for
// those that are born, and after, for those that have moved at the same time.
void Container::check_process_limit(std::uint64_t more) const {
  if (auto limit = cgroup_.exceeded_process_limit(more)) {
    fail(ErrorKind::FailedPrecondition,
         "no more processes in container '{}': its limit of {} is reached", record_.id, *limit);
  }
}

// False where there is no cgroup, or nobody in it.
bool Container::signal_all(int signal) {
  bool sent = false;
  for (pid_t pid : cgroup_.pids()) sent |= ::kill(pid, signal) == 0;
  if (sent && signal == SIGKILL && record_.state == State::Paused) cgroup_.thaw();
  return sent;
}

void Container::pause() {
  State next = after(state(), Step::Pause);
  cgroup_.freeze();
  record_.state = next;
  folder_->save(record_);
}

void Container::resume() {
  State next = after(state(), Step::Resume);
  cgroup_.thaw();
  record_.state = next;
  folder_->save(record_);
}

void Container::update(const oci::RuntimeResources& resources) {
  if (state() == State::Stopped) {
    fail(ErrorKind::FailedPrecondition, "cannot update container '{}': it is not running",
         record_.id);
  }
  cgroup_.apply(resources);
}

}  // namespace wherry::container
