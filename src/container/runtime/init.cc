// The order of the steps matters; each comment says what must hold before the next.
#include "container/runtime/init.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "container/runtime/confine.h"
#include "container/runtime/hooks.h"
#include "container/runtime/kernel_settings.h"
#include "container/runtime/mount_options.h"
#include "container/runtime/mounts.h"
#include "container/runtime/namespaces.h"
#include "container/runtime/scheduling.h"
#include "container/runtime/state_record.h"
#include "container/runtime/terminal.h"
#include "os/capabilities.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/namespaces.h"
#include "os/path_at.h"
#include "os/rlimits.h"
#include "os/signals.h"
#include "os/tty.h"
#include "os/unix_socket.h"

namespace wherry::container {
namespace {

using oci::RuntimeConfig;

std::uint64_t propagation_of(const RuntimeConfig& config) {
  const std::string& name = config.linux_section.rootfs_propagation;
  if (name.empty()) return MS_PRIVATE;
  MountOptions options = sort_mount_options({name});
  if (!options.propagation) {
    fail(ErrorKind::InvalidArgument, "config.json: linux.rootfsPropagation: unknown value '{}'",
         name);
  }
  // Mounts made while the root is built may not reach the host, whatever the guest is to see.
  return options.propagation == MS_SHARED ? static_cast<std::uint64_t>(MS_SLAVE)
                                          : options.propagation;
}

void cut_off_mounts(const RuntimeConfig& config) {
  std::uint64_t propagation = propagation_of(config);
  // The root is made of them: what cannot be bound comes last.
  if (propagation == MS_UNBINDABLE) propagation = MS_PRIVATE;
  sys([&] { return ::mount(nullptr, "/", nullptr, propagation | MS_REC, nullptr); },
      "make the host's mounts private");
}

void wipe(char* from, char* to) { std::memset(from, 0, static_cast<std::size_t>(to - from)); }

// The guest's arguments in the place of the runtime's, whose paths are the host's: `ps` shows them. What
// does not fit is cut off. The kernel lays argument and environment strings out as one block.
void show_arguments(char** argv, const std::vector<std::string>& arguments) {
  if (!argv || !argv[0]) return;
  char* end = argv[0];
  for (char** argument = argv; *argument; ++argument) end = *argument + std::strlen(*argument);
  wipe(argv[0], end);
  char* next = argv[0];
  for (const std::string& argument : arguments) {
    auto room = static_cast<std::size_t>(end - next);
    std::size_t shown = std::min(argument.size(), room);
    std::memcpy(next, argument.data(), shown);
    if (shown == room) break;
    next += shown + 1;
  }
  for (char** variable = environ; *variable; ++variable) {
    wipe(*variable, *variable + std::strlen(*variable));
  }
  *environ = nullptr;
}

// In a user namespace the host's root is nobody, who owns nothing he makes there. Where the namespace
// has a root of its own this process becomes that.
void become_root_of_namespace() {
  auto try_to = [](auto call) {
    if (call() != 0 && errno != EINVAL && errno != EPERM) fail_errno(errno, "become root");
  };
  try_to([] { return ::syscall(SYS_setresgid, 0, 0, 0); });
  try_to([] { return ::syscall(SYS_setresuid, 0, 0, 0); });
  os::die_with_parent();
}

// -1 stands for none.
void close_descriptors_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned next = 3;
  auto close_up_to = [&](unsigned end) {
    if (next >= end) return;
    sys([&] { return ::syscall(SYS_close_range, next, end - 1, 0); }, "close descriptors");
  };
  for (int fd : kept) {
    if (fd < 3) continue;
    close_up_to(static_cast<unsigned>(fd));
    next = static_cast<unsigned>(fd) + 1;
  }
  close_up_to(~0u);
}

os::CapabilitySet set_of(const std::vector<std::string>& names) {
  os::CapabilitySet set = 0;
  for (const std::string& name : names) {
    // What this kernel does not know cannot be held: runtimes warn and go on.
    if (auto number = os::capability_number(name)) set |= os::CapabilitySet{1} << *number;
  }
  return set;
}

void become_user(const InitPlan& plan) {
  const oci::RuntimeProcess& process = plan.config.process;
  const oci::RuntimeUser& user = process.user;
  os::Capabilities wanted{.bounding = set_of(process.capabilities.bounding),
                          .effective = set_of(process.capabilities.effective),
                          .permitted = set_of(process.capabilities.permitted),
                          .inheritable = set_of(process.capabilities.inheritable),
                          .ambient = set_of(process.capabilities.ambient)};
  // What the kernel does to a program that a user other than root executes; a guest is not executed.
  if (user.uid != 0) {
    wanted.permitted &= wanted.inheritable & wanted.ambient;
    wanted.effective = wanted.permitted;
  }
  os::limit_bounding_set(wanted.bounding);
  if (wanted.permitted) {
    sys([] { return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); }, "keep capabilities");
  }
  // The raw calls: the C library's would look for threads.
  std::vector<gid_t> groups(user.additional_gids.begin(), user.additional_gids.end());
  if (::syscall(SYS_setgroups, groups.size(), groups.data()) != 0) {
    // A user namespace that an ordinary user made has no say over groups.
    bool denied =
        errno == EPERM && (plan.joined_user_namespace || (plan.new_namespaces & CLONE_NEWUSER));
    if (!denied) fail_errno(errno, "set the additional groups");
  }
  sys([&] { return ::syscall(SYS_setresgid, user.gid, user.gid, user.gid); }, "become group {}",
      user.gid);
  sys([&] { return ::syscall(SYS_setresuid, user.uid, user.uid, user.uid); }, "become user {}",
      user.uid);
  os::set_capabilities(wanted);
  if (process.no_new_privileges) {
    sys([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }, "set no_new_privs");
  }
  ::umask(user.umask.value_or(022));
}

void set_limits(const RuntimeConfig& config) {
  std::set<std::string_view> seen;
  for (const oci::RuntimeRlimit& limit : config.process.rlimits) {
    auto number = os::rlimit_number(limit.type);
    if (!number) fail(ErrorKind::InvalidArgument, "unknown resource limit '{}'", limit.type);
    if (!seen.insert(limit.type).second) {
      fail(ErrorKind::InvalidArgument, "config.json: process.rlimits: '{}' is there twice",
           limit.type);
    }
    in_context([&] { return limit.type; },
               [&] { os::set_rlimit(*number, limit.soft, limit.hard); });
  }
}

void enter_working_directory(const std::string& cwd) {
  os::Fd root(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open the root"));
  os::Fd directory =
      in_context([] { return std::string("enter the working directory"); },
                 [&] { return os::open_at(root.get(), cwd, {.flags = O_PATH | O_DIRECTORY}); });
  sys([&] { return ::fchdir(directory.get()); }, "enter the working directory '{}'", cwd);
}

// What NOTIFY_SOCKET of the process names in the container: Podman mounts one there. It is reached by the
// guest's own rights, as a Linux program would; where nobody listens, nobody is told.
void find_notify(const RuntimeConfig& config, Workload& workload) {
  constexpr std::string_view kName = "NOTIFY_SOCKET=";
  std::string path;
  for (const std::string& variable : config.process.env) {
    if (variable.starts_with(kName)) path = variable.substr(kName.size());
  }
  if (!path.starts_with('/')) return;
  auto [socket, problem] = outcome_of([&] { return os::connect_unix(path, SOCK_DGRAM); });
  if (socket) workload.give_notify(std::move(*socket), path);
}

void name_process(const std::string& program) {
  std::size_t slash = program.find_last_of('/');
  std::string name = slash == std::string::npos ? program : program.substr(slash + 1);
  ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
}

// The state for hooks that are called in the container: this process is its init.
std::string read_state(int file, State state) {
  std::string text(os::file_size(file), '\0');
  text.resize(static_cast<std::size_t>(
      sys([&] { return ::pread(file, text.data(), text.size(), 0); }, "read the state for hooks")));
  return seen_from_inside(text, ::getpid(), state);
}

// The process's terminal, made in the devpts of the tree at root.
os::Fd open_console(const InitPlan& plan, int root) {
  if (plan.console < 0) return {};
  os::Fd slave = make_terminal(root, plan.config.process, plan.console);
  os::take_terminal(slave);
  return slave;
}

void make_sandbox(const InitPlan& plan, os::ParentLink& parent) {
  const RuntimeConfig& config = plan.config;
  const std::function<void()> enter_network = [&, is_due = plan.network_follows]() mutable {
    if (!std::exchange(is_due, false)) return;
    os::Fd network = parent.await_descriptor();
    sys([&] { return ::setns(network.get(), CLONE_NEWNET); }, "enter the network namespace");
  };
  if (!plan.is_born_into_namespaces) enter_namespaces(config);
  if (plan.new_namespaces & CLONE_NEWCGROUP) {
    sys([] { return ::unshare(CLONE_NEWCGROUP); }, "make a cgroup namespace");
  }
  if (!config.linux_section.sysctl.empty()) enter_network();
  apply_kernel_settings(config);
  if (plan.new_namespaces & CLONE_NEWNET) os::bring_loopback_up();
  // While this process may still look where whoever started it may.
  MountSources sources =
      open_mount_sources(config, {.bundle = plan.bundle, .id_mapped = plan.id_mapped});
  cut_off_mounts(config);
  if (has_namespace(config, "user")) become_root_of_namespace();
  os::Fd root = build_root(config, std::move(sources), enter_network);
  enter_network();
  if (plan.state >= 0) {
    // prestart and createRuntime are the maker's to call, now.
    parent.report_ready();
    parent.await_parent();
    run_hooks("createContainer", config.hooks.create_container,
              read_state(plan.state, State::Creating));
  }
  os::Fd slave = open_console(plan, root.get());
  if (slave.is_open()) mount_console(root.get(), slave);
  os::pivot_into(root.get());
  if (propagation_of(config) == MS_UNBINDABLE) {
    sys([] { return ::mount(nullptr, "/", nullptr, MS_UNBINDABLE, nullptr); },
        "make the root unbindable");
  }
}

void join_container(const InitPlan& plan) {
  if (plan.joined_namespaces) {
    sys([&] { return ::setns(plan.joined, static_cast<int>(plan.joined_namespaces)); },
        "join the container's namespaces");
  }
  os::Fd root(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open the root"));
  open_console(plan, root.get());
}

// A process in the sandbox that may still execute programs when init no longer may: it calls the
// startContainer hooks when it is told to.
std::optional<os::Child> make_hook_caller(const InitPlan& plan) {
  const std::vector<oci::RuntimeHook>& hooks = plan.config.hooks.start_container;
  if (plan.state < 0 || hooks.empty()) return std::nullopt;
  std::string state = read_state(plan.state, State::Created);
  os::Child caller = os::clone_child(0, [&](os::ParentLink& init) {
    os::die_with_parent();
    init.await_parent();
    run_hooks("startContainer", hooks, state);
    init.report_ready();
    return 0;
  });
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for it
  return caller;
}

// Leaves the maker, and waits for somebody who asks at the listener. One who goes away again without
// having said so is as if he had never come.
void wait_at(os::Fd listener, os::ParentLink& link) {
  link.await_parent();
  os::outlive_parent();
  link.report_ready();
  for (;;) {
    os::Fd caller(sys([&] { return ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC); },
                      "wait to be started"));
    link = os::ParentLink(std::move(caller));
    if (link.try_await_parent()) return;
  }
}

}  // namespace

int run_init(const InitPlan& plan, Workload& workload, os::ParentLink& parent) {
  os::die_with_parent();
  os::end_on_signals();
  plan.cgroup.enter_v1();
  show_arguments(plan.argv, plan.config.process.args);
  // Until the id maps are written this process is nobody, and owns nothing it makes.
  parent.await_parent();
  ::setsid();
  ::umask(0);
  os::Fd memory_limit = plan.open_memory_limit ? plan.open_memory_limit() : os::Fd();
  if (plan.joined >= 0) {
    join_container(plan);
  } else {
    make_sandbox(plan, parent);
  }
  set_limits(plan.config);
  apply_scheduling(plan.config.process.scheduling, plan.joined >= 0);
  // No descriptor of the host may be left when the guest's user and directory are entered.
  os::Fd listener(plan.listener);
  std::vector<int> kept = plan.kept;
  kept.insert(kept.end(),
              {listener.get(), parent.descriptor(), plan.state, plan.notified, memory_limit.get()});
  close_descriptors_but(std::move(kept));
  become_user(plan);
  os::die_with_parent();
  enter_working_directory(plan.config.process.cwd);
  name_process(plan.config.process.args[0]);
  if (!plan.has_notify) find_notify(plan.config, workload);
  const int opened = workload.open();
  if (opened >= 0) {
    parent.report_ready(opened);
    workload.take(parent.await_descriptors());
  } else {
    parent.report_ready();
  }
  std::optional<os::Child> hook_caller = make_hook_caller(plan);
  // From here on bytes are read that the image's author chose.
  confine(plan.config, workload);
  if (memory_limit.is_open()) workload.follow_memory_limit(std::move(memory_limit));
  workload.prepare();
  parent.report_ready();
  if (listener.is_open()) {
    wait_at(std::move(listener), parent);
  } else {
    parent.await_parent();
    if (plan.detached) os::outlive_parent();
  }
  if (hook_caller) {
    hook_caller->release();
    hook_caller->await_child();
  }
  if (plan.notified >= 0) {
    parent.report_ready(plan.notified);
    ::close(plan.notified);
  } else {
    parent.report_ready();
  }
  parent.detach();
  return workload.run();
}

}  // namespace wherry::container
