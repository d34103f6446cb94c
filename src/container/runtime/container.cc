#include "container/runtime/container.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/bytes.h"
#include "base/error.h"
#include "container/runtime/entrypoint_file.h"
#include "container/runtime/hooks.h"
#include "oci/timestamp.h"
#include "os/file.h"
#include "os/unix_socket.h"

namespace wherry::container {
namespace {

constexpr const char* kConfig = "config.json";
constexpr int kWaitForKilledMs = 10'000;

// By the folder's descriptor: whatever becomes of its path, it is this folder.
std::string start_socket_in(const StateFolder& folder) {
  return fmt::format("/proc/self/fd/{}/start", folder.get());
}

os::Fd listen_in(const StateFolder& folder) {
  return in_context([&] { return fmt::format("make a socket in '{}'", folder.path()); },
                    [&] {
                      os::Fd listener = os::bind_unix(start_socket_in(folder), SOCK_SEQPACKET);
                      sys([&] { return ::listen(listener.get(), 8); }, "listen");
                      return listener;
                    });
}

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  std::string seconds = oci::format_timestamp(time.tv_sec);
  seconds.pop_back();  // the Z
  return fmt::format("{}.{:09}Z", seconds, time.tv_nsec);
}

std::string rootfs_of(const Bundle& bundle) {
  const std::string& path = bundle.config.root.path;
  return path.starts_with('/') ? path : bundle.path + "/" + path;
}

// What the record says, corrected by what init does. busy: somebody is at work on the container.
State state_of(const StateRecord& record, bool busy) {
  if (record.state == State::Creating) return busy ? State::Creating : State::Stopped;
  return os::is_alive(record.init) ? record.state : State::Stopped;
}

void put_pid_file(const std::string& path, pid_t pid) {
  if (!path.empty()) os::put_file(path, std::to_string(pid), 0644);
}

}  // namespace

std::unique_ptr<Container> Container::create(const StateStore& store, const CreateRequest& request,
                                             const WorkloadMaker& make_workload, Warn warn) {
  check_id(request.id);
  std::unique_ptr<Container> made(new Container(store, store.make(request.id), std::move(warn)));
  made->bundle_ = request.bundle;
  try {
    made->make(request, make_workload);
  } catch (...) {
    made->screen_.reset();
    made->init_.reset();  // kills it
    (void)outcome_of([&] {
      made->cgroup_.remove();
      made->store_.remove(*made->folder_, request.id);
      return true;
    });
    made->call_poststop_hooks();
    throw;
  }
  return made;
}

// Each step is written down before it is taken: whoever finds the folder can undo it.
void Container::make(const CreateRequest& request, const WorkloadMaker& make_workload) {
  record_ = {.id = request.id,
             .bundle = bundle_.path,
             .rootfs = rootfs_of(bundle_),
             .state = State::Creating,
             .init = {},
             .created = now(),
             .owner = ::geteuid(),
             .cgroup = {},
             .module = request.module,
             .annotations = bundle_.config.annotations};
  plan_cgroup(request);
  // In the foreground the bundle stays where it is, and init cannot outlive us: there is less to keep.
  if (!request.foreground) folder_->write(kConfig, bundle_.text);
  if (!request.foreground || cgroup_.exists()) folder_->save(record_);
  os::Fd listener = request.foreground ? os::Fd() : listen_in(*folder_);
  streams_.emplace(request.streams, bundle_.config, folder_->path());
  os::Fd module = open_module(bundle_.config.process);
  Inherited inherited = streams_->inherited();
  inherited.module = module.get();
  workload_ = make_workload(bundle_.config, inherited);
  init_ = std::make_unique<InitProcess>(
      InitProcessPlan{.config = &bundle_.config,
                      .bundle = bundle_.path,
                      .argv = request.argv,
                      .listener = listener.get(),
                      .open_memory_limit = [this] { return cgroup_.memory_limit_file(); },
                      .inherited = inherited,
                      .console = streams_->console(),
                      .notified = streams_->notified()},
      *workload_);
  create_in_cgroup(*init_);
  record_.init = os::identify(init_->pid()).value_or(os::ProcessId{});
  if (init_->has_hooks()) call_creation_hooks();
  init_->await_sandbox();
  init_->await_workload();
  record_.state = after(record_.state, Step::Create);
  put_pid_file(request.pid_file, init_->pid());
  screen_ = streams_->show_terminal();
  if (request.foreground) return;
  folder_->save(record_);
  workload_->leave();
  init_->leave();
  init_.reset();
}

void Container::call_creation_hooks() {
  const oci::RuntimeHooks& hooks = bundle_.config.hooks;
  init_->await_mounts();
  const std::string state = to_oci_json(record_, State::Creating);
  run_hooks("prestart", hooks.prestart, state);
  run_hooks("createRuntime", hooks.create_runtime, state);
  init_->give_state(state);
}

void Container::call_poststop_hooks() const {
  const std::string state = to_oci_json(record_, State::Stopped);
  for (const std::string& failure :
       run_all_hooks("poststop", bundle_.config.hooks.poststop, state)) {
    warn_(failure);
  }
}

std::unique_ptr<Container> Container::open(const StateStore& store, const std::string& id,
                                           Warn warn) {
  check_id(id);
  std::unique_ptr<Container> opened(new Container(store, store.open(id), std::move(warn)));
  opened->record_.id = id;
  // Without one it is what a killed `create` or `delete` left: only good for removal.
  if (auto record = store.read(id)) opened->record_ = std::move(*record);
  opened->bundle_ = opened->read_bundle();
  opened->cgroup_ = Cgroup::open(opened->record_.cgroup);
  return opened;
}

// Empty where there is none to be read: then there was no container but in the making.
Bundle Container::read_bundle() const {
  auto [bundle, problem] = outcome_of([&] {
    auto text = folder_->read(kConfig);
    if (text) return parse_bundle(record_.bundle, std::move(*text));
    return record_.bundle.empty() ? Bundle{} : load_bundle(record_.bundle);
  });
  return bundle ? std::move(*bundle) : Bundle{};
}

Container::~Container() = default;

State Container::state() const { return state_of(record_, /*busy=*/false); }

void Container::start(const std::string& notify_socket) {
  State next = after(init_ ? record_.state : state(), Step::Start);
  os::Fd manager = notify_socket.empty() ? os::Fd() : connect_to_manager(notify_socket);
  os::Fd notified = init_ ? init_->start() : start_from_outside();
  record_.state = next;
  folder_->save(record_);
  const std::string text = to_oci_json(record_, next);
  for (const std::string& failure :
       run_all_hooks("poststart", bundle_.config.hooks.poststart, text)) {
    warn_(failure);
  }
  if (!manager.is_open() || !notified.is_open()) return;
  NotifyProxy proxy(std::move(notified), std::move(manager));
  if (init_) {
    notify_.emplace(std::move(proxy));
    return;
  }
  os::Fd pidfd = os::open_process(record_.init);
  if (!pidfd.is_open()) return;
  folder_.reset();
  proxy.relay_until_ready(record_.init.pid, pidfd.get());
}

os::Fd Container::start_from_outside() {
  os::Fd pidfd = os::open_process(record_.init);
  os::Fd socket =
      in_context([&] { return fmt::format("reach the init of container '{}'", record_.id); },
                 [&] { return os::connect_unix(start_socket_in(*folder_), SOCK_SEQPACKET); });
  os::Child init(record_.init.pid, std::move(pidfd), std::move(socket));
  init.release();
  return init.await_descriptor();
}

os::ExitStatus Container::wait() {
  folder_.reset();
  std::vector<os::Attendant*> attendants;
  if (screen_) attendants.push_back(screen_.get());
  if (notify_) attendants.push_back(&*notify_);
  if (os::Attendant* its_own = workload_->attendant()) attendants.push_back(its_own);
  os::ExitStatus status = init_->wait(attendants);
  screen_.reset();
  // Somebody else may have removed it by force.
  (void)outcome_of([&] {
    folder_.emplace(store_.open(record_.id));
    return true;
  });
  return status;
}

int Container::exec(const ExecRequest& request, const WorkloadMaker& make_workload) {
  after(state(), Step::Exec);
  oci::RuntimeConfig config = bundle_.config;
  config.process = request.process;
  config.mounts.clear();
  OpenStreams streams(request.streams, config);
  os::Fd module = open_module(config.process);
  Inherited inherited = streams.inherited();
  inherited.module = module.get();
  std::unique_ptr<Workload> workload = make_workload(config, inherited);
  InitProcess process({.config = &config,
                       .bundle = bundle_.path,
                       .argv = request.argv,
                       .joined = &record_.init,
                       .detached = request.detach,
                       .open_memory_limit = [this] { return cgroup_.memory_limit_file(); },
                       .inherited = inherited,
                       .console = streams.console()},
                      *workload);
  check_process_limit(1);
  process.create(cgroup_.entrance());
  process.await_sandbox();
  check_process_limit(0);
  process.await_workload();
  put_pid_file(request.pid_file, process.pid());
  std::unique_ptr<os::TerminalRelay> screen = streams.show_terminal();
  process.start();
  folder_.reset();
  if (request.detach) {
    workload->leave();
    process.let_go();
    return 0;
  }
  std::vector<os::Attendant*> attendants;
  if (screen) attendants.push_back(screen.get());
  if (os::Attendant* its_own = workload->attendant()) attendants.push_back(its_own);
  return process.wait(attendants).exit_code();
}

// Of a container whose module is not in its root, for a process that starts with the same one.
os::Fd Container::open_module(const oci::RuntimeProcess& process) const {
  const std::vector<std::string>& own = bundle_.config.process.args;
  if (record_.module.empty() || own.empty()) return {};
  if (entrypoint_path(process.args[0]) != entrypoint_path(own[0])) return {};
  const std::string& path = record_.module;
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  os::Fd file(sys([&] { return ::open(path.c_str(), kFlags); }, "open the module '{}'", path));
  struct stat status{};
  sys([&] { return ::fstat(file.get(), &status); }, "stat the module '{}'", path);
  if (!S_ISREG(status.st_mode)) {
    fail(ErrorKind::InvalidArgument, "the module '{}' is no regular file", path);
  }
  return file;
}

void Container::kill(int signal, bool all) {
  if (all && signal_all(signal)) return;
  os::Fd init = state() == State::Stopped ? os::Fd() : os::open_process(record_.init);
  if (!init.is_open() || !os::send_signal(init, signal)) {
    fail(ErrorKind::FailedPrecondition, "cannot kill container '{}': it is not running",
         record_.id);
  }
  if (signal == SIGKILL && record_.state == State::Paused) cgroup_.thaw();
}

void Container::remove(bool force) {
  screen_.reset();
  if (!folder_) return;
  if (state() != State::Stopped) {
    if (!force) {
      fail(ErrorKind::FailedPrecondition,
           "cannot delete container '{}' that is {}: kill it first, or use --force", record_.id,
           to_string(state()));
    }
    os::Fd init = os::open_process(record_.init);
    bool sent = init.is_open() && os::send_signal(init, SIGKILL);
    if (record_.state == State::Paused) cgroup_.thaw();
    if (sent && !os::wait_for_end(init, kWaitForKilledMs)) {
      fail(ErrorKind::Unavailable, "container '{}' does not end", record_.id);
    }
  }
  cgroup_.remove();
  store_.remove(*folder_, record_.id);
  folder_.reset();
  call_poststop_hooks();
}

std::optional<StateAndRecord> look_at(const StateStore& store, const std::string& id) {
  auto record = store.read(id);
  if (!record) return std::nullopt;
  bool busy = record->state == State::Creating && store.is_busy(id);
  State state = state_of(*record, busy);
  return StateAndRecord{.record = std::move(*record), .state = state};
}

std::vector<StateAndRecord> look_at_all(const StateStore& store) {
  std::vector<StateAndRecord> all;
  for (const std::string& id : store.ids()) {
    if (auto one = look_at(store, id)) all.push_back(std::move(*one));
  }
  std::ranges::sort(all, {}, [](const StateAndRecord& one) { return one.record.id; });
  return all;
}

int exit_code_of(const std::exception& error) {
  constexpr int kOwnFailure = 125;
  constexpr int kCannotRun = 126;
  constexpr int kNotFound = 127;
  const auto* about_workload = dynamic_cast<const WorkloadError*>(&error);
  if (!about_workload) return kOwnFailure;
  switch (about_workload->kind()) {
    case ErrorKind::NotFound:
      return kNotFound;
    case ErrorKind::InvalidArgument:
    case ErrorKind::FailedPrecondition:
    case ErrorKind::PermissionDenied:
    case ErrorKind::Unimplemented:
      return kCannotRun;
    default:
      return kOwnFailure;
  }
}

}  // namespace wherry::container
