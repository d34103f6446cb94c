// Create, Start, Exec, Delete: how processes come and go.
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "container/runtime/bundle.h"
#include "container/runtime/entrypoint_file.h"
#include "container/shim/actions.h"
#include "container/shim/bundle_facts.h"
#include "container/shim/events.pb.h"
#include "container/shim/messages.h"
#include "container/shim/rootfs.h"
#include "container/shim/task.pb.h"
#include "container/shim/task_service.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

constexpr std::size_t kMaxFetchWords = 64u << 10;

std::vector<RootfsMount> mounts_of(const wire::CreateTaskRequest& request) {
  std::vector<RootfsMount> mounts;
  for (const wire::Mount& mount : request.rootfs()) {
    mounts.push_back({.type = mount.type(),
                      .source = mount.source(),
                      .target = mount.target(),
                      .options = {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

void remove_module(const Task& task) {
  if (task.has_module) ::unlink((task.bundle + "/" + kModuleFile).c_str());
}

// Of what a program of ours writes to its standard error: "program: error: why".
std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  text.remove_prefix(text.rfind('\n') + 1);
  constexpr std::string_view kError = ": error: ";
  std::size_t at = text.find(kError);
  return std::string(at == text.npos ? text : text.substr(at + kError.size()));
}

}  // namespace

void TaskService::create(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::CreateTaskRequest>(payload);
  container::check_id(request.id());
  if (tasks_.contains(request.id())) {
    fail(ErrorKind::AlreadyExists, "container '{}' exists", request.id());
  }
  if (!request.checkpoint().empty()) {
    fail(ErrorKind::Unimplemented, "containers are not restored from checkpoints");
  }
  auto task = std::make_shared<Task>();
  task->id = request.id();
  task->bundle = request.bundle();
  task->options = parse_options(request.options());
  BundleFacts facts = read_bundle_facts(task->bundle);
  if (is_systemd_path(facts.cgroups_path)) task->options.systemd_cgroup = true;
  if (!task->options.root.empty()) {
    // For the `delete` of this program, which is not told options.
    os::put_file(task->bundle + "/runtime-root", task->options.root, 0600);
  }
  mount_rootfs(task->rootfs(), mounts_of(request));
  task->lacks_entrypoint = !facts.entrypoint.process.args.empty() &&
                           !container::find_entrypoint(facts.entrypoint, task->bundle);
  tasks_[task->id] = task;
  task->first.streams = make_streams(task->id, {.terminal = request.terminal(),
                                                .input = request.stdin(),
                                                .output = request.stdout(),
                                                .error = request.stderr()});
  auto proceed = [this, task, request, responder](std::optional<Error> error) {
    if (!error) {
      auto [made, problem] = outcome_of([&] {
        make_container(task, request, responder);
        return true;
      });
      if (made) return;
      error.emplace(ErrorKind::Internal, problem);
    }
    abandon(task);
    responder.fail(*error);
  };
  task->first.streams->open([this, task, proceed](std::optional<Error> error) {
    if (error || !task->lacks_entrypoint || environment_.address.empty()) return proceed(error);
    auto [begun, problem] = outcome_of([&] {
      fetch_module(task, proceed);
      return true;
    });
    if (!begun) proceed(Error(ErrorKind::Internal, problem));
  });
}

// Of an image that has its module as a layer. Where it has none nothing changes: the runtime says what it
// always does of an entrypoint that is not there.
void TaskService::fetch_module(const TaskPtr& task, OnDone on_done) {
  std::string file = task->bundle + "/" + kModuleFile;
  std::string log = fmt::format("{}/fetch-{}.log", task->bundle, os::unique_name());
  ::unlink(file.c_str());
  os::Fd nothing(sys([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }, "open '/dev/null'"));
  os::Fd words(
      sys([&] { return ::open(log.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); },
          "write '{}'", log));
  os::SpawnPlan plan{
      .path = environment_.program,
      .arguments = {environment_.program, "-namespace", environment_.namespace_name, "-id",
                    task->id, "-address", environment_.address, "-bundle", task->bundle, "fetch"},
      .environment = std::vector<std::string>(),
      .descriptors = {{nothing.get(), STDIN_FILENO},
                      {nothing.get(), STDOUT_FILENO},
                      {words.get(), STDERR_FILENO}},
      .apart = true};
  children_.spawn(plan, [task, file, log, on_done = std::move(on_done)](os::ExitStatus status) {
    auto [said, problem] = outcome_of([&] { return os::read_file(AT_FDCWD, log, kMaxFetchWords); });
    ::unlink(log.c_str());
    if (status != os::ExitStatus{}) {
      std::string why = said ? last_line(*said) : problem;
      if (why.empty()) {
        why = fmt::format("fetch the module from containerd: {}",
                          status.signal ? fmt::format("ended by signal {}", status.signal)
                                        : fmt::format("ended with code {}", status.code));
      }
      return on_done(Error(ErrorKind::Unavailable, std::move(why)));
    }
    task->has_module = ::access(file.c_str(), F_OK) == 0;
    on_done(std::nullopt);
  });
}

// What a create that failed has made.
void TaskService::abandon(const TaskPtr& task) {
  remove_module(*task);
  unmount_rootfs(task->rootfs());
  task->first.streams->ended([] {});
  tasks_.erase(task->id);
}

void TaskService::make_container(const TaskPtr& task, const wire::CreateTaskRequest& request,
                                 const Responder& responder) {
  // It stays there for the `delete` of this program, should this process be killed.
  std::string pid_file = task->bundle + "/init.pid";
  RuntimeCommand command =
      command_for(*task, {"create", "--bundle", task->bundle, "--pid-file", pid_file});
  if (task->has_module) {
    command.words.insert(command.words.end(), {"--module", task->bundle + "/" + kModuleFile});
  }
  run_making(task, {task, &task->first}, std::move(command), pid_file,
             [this, task, request, responder](std::optional<Error> error, pid_t pid) {
               if (error) {
                 abandon(task);
                 return responder.fail(*error);
               }
               adopt(task, {task, &task->first}, pid);
               task->first.state = ProcessState::Created;
               watch_memory(task);
               wire::TaskCreate event;
               event.set_container_id(task->id);
               event.set_bundle(task->bundle);
               *event.mutable_rootfs() = request.rootfs();
               event.mutable_io()->set_stdin(request.stdin());
               event.mutable_io()->set_stdout(request.stdout());
               event.mutable_io()->set_stderr(request.stderr());
               event.mutable_io()->set_terminal(request.terminal());
               event.set_pid(static_cast<std::uint32_t>(pid));
               environment_.publisher.publish("/tasks/create", "containerd.events.TaskCreate",
                                              event);
               wire::CreateTaskResponse response;
               response.set_pid(static_cast<std::uint32_t>(pid));
               responder.reply(response);
               if (task->first.ended_early) ended(task, {task, &task->first});
             });
}

void TaskService::start(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::StartRequest>(payload);
  TaskPtr task = find_task(request.id());
  ProcessPtr process = find_process(task, request.exec_id());
  if (process->state != ProcessState::Created) {
    fail(ErrorKind::FailedPrecondition, "a process is started only once");
  }
  if (request.exec_id().empty()) {
    start_first(task, responder);
  } else {
    start_exec(task, process, responder);
  }
}

void TaskService::start_first(const TaskPtr& task, const Responder& responder) {
  RuntimeCommand command = command_for(*task, {"start", task->id});
  task->first.state = ProcessState::Starting;
  run(std::move(command), [this, task, responder](std::optional<Error> error) {
    ProcessPtr process(task, &task->first);
    if (error) {
      process->state = ProcessState::Created;
      responder.fail(*error);
    } else {
      started(task, process);
      wire::StartResponse response;
      response.set_pid(static_cast<std::uint32_t>(process->pid));
      responder.reply(response);
    }
    if (process->ended_early) ended(task, process);
  });
}

void TaskService::exec(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::ExecProcessRequest>(payload);
  TaskPtr task = find_task(request.id());
  container::check_id(request.exec_id());
  if (task->execs.contains(request.exec_id())) {
    fail(ErrorKind::AlreadyExists, "process '{}' of container '{}' exists", request.exec_id(),
         task->id);
  }
  if (task->first.state != ProcessState::Running) {
    fail(ErrorKind::FailedPrecondition, "container '{}' is not running", task->id);
  }
  auto process = std::make_shared<Process>();
  process->exec_id = request.exec_id();
  process->state = ProcessState::Created;
  process->spec = with_terminal(request.spec().value(), request.terminal());
  process->streams = make_streams(task->id, {.terminal = request.terminal(),
                                             .input = request.stdin(),
                                             .output = request.stdout(),
                                             .error = request.stderr()});
  task->execs[process->exec_id] = process;
  wire::TaskExecAdded event;
  event.set_container_id(task->id);
  event.set_exec_id(process->exec_id);
  environment_.publisher.publish("/tasks/exec-added", "containerd.events.TaskExecAdded", event);
  responder.reply(wire::Empty());
}

void TaskService::start_exec(const TaskPtr& task, const ProcessPtr& process,
                             const Responder& responder) {
  process->state = ProcessState::Starting;
  auto failed = [task, process, responder](const Error& error) {
    // As one that could not be run ends: there is nothing left to start.
    process->exit = {.code = 255};
    process->exited_at = now();
    process->state = ProcessState::Stopped;
    process->end_is_told = true;
    process->streams->ended([] {});
    responder.fail(error);
    for (const Responder& waiter : std::exchange(process->waiters, {})) waiter.fail(error);
  };
  process->streams->open([this, task, process, responder, failed](std::optional<Error> error) {
    if (error) return failed(*error);
    std::string name = fmt::format("exec-{}", os::unique_name());
    std::string file = fmt::format("{}/{}.json", task->bundle, name);
    std::string pid_file = fmt::format("{}/{}.pid", task->bundle, name);
    auto on_made = [this, task, process, responder, failed, file, pid_file](
                       std::optional<Error> problem, pid_t pid) {
      ::unlink(file.c_str());
      ::unlink(pid_file.c_str());
      if (problem) return failed(*problem);
      adopt(task, process, pid);
      started(task, process);
      wire::StartResponse response;
      response.set_pid(static_cast<std::uint32_t>(pid));
      responder.reply(response);
      if (process->ended_early) ended(task, process);
    };
    auto [begun, problem] = outcome_of([&] {
      os::put_file(file, process->spec, 0600);
      RuntimeCommand command =
          command_for(*task, {"exec", "--process", file, "--pid-file", pid_file, "--detach"});
      run_making(task, process, std::move(command), pid_file, on_made);
      return true;
    });
    if (!begun) failed(Error(ErrorKind::Internal, problem));
  });
}

void TaskService::delete_process(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::DeleteRequest>(payload);
  TaskPtr task = find_task(request.id());
  ProcessPtr process = find_process(task, request.exec_id());
  bool busy = process->state == ProcessState::Running || process->state == ProcessState::Starting;
  if (busy || task->deleting) {
    fail(ErrorKind::FailedPrecondition, "a process that is running is not deleted");
  }
  if (request.exec_id().empty()) return delete_first(task, responder);
  tell_end(*task, *process);
  wire::DeleteResponse response;
  response.set_pid(static_cast<std::uint32_t>(process->pid));
  set_exit(response, *process);
  keep_until_read(std::move(process->streams));
  task->execs.erase(request.exec_id());
  responder.reply(response);
}

void TaskService::delete_first(const TaskPtr& task, const Responder& responder) {
  task->deleting = true;
  RuntimeCommand command = command_for(*task, {"delete", "--force", task->id});
  run(std::move(command), [this, task, responder](std::optional<Error> error) {
    task->deleting = false;
    if (error) return responder.fail(*error);
    if (task->oom_watch) environment_.loop.forget(task->oom_watch->fd.get());
    task->oom_watch.reset();
    unmount_rootfs(task->rootfs());
    remove_module(*task);
    tell_end(*task, task->first);
    keep_until_read(std::move(task->first.streams));
    tasks_.erase(task->id);
    wire::TaskDelete event;
    event.set_container_id(task->id);
    event.set_pid(static_cast<std::uint32_t>(task->first.pid));
    set_exit(event, task->first);
    environment_.publisher.publish("/tasks/delete", "containerd.events.TaskDelete", event);
    wire::DeleteResponse response;
    response.set_pid(event.pid());
    set_exit(response, task->first);
    responder.reply(response);
  });
}

}  // namespace wherry::shim
