// The calls that look at processes, or change them while they run.
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "container/shim/events.pb.h"
#include "container/shim/messages.h"
#include "container/shim/metrics.h"
#include "container/shim/task.pb.h"
#include "container/shim/task_service.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

wire::Status status_of(const Task& task, const Process& process) {
  switch (process.state) {
    case ProcessState::Making:
    case ProcessState::Created:
    case ProcessState::Starting:
      return wire::CREATED;
    case ProcessState::Running:
      return task.paused ? wire::PAUSED : wire::RUNNING;
    case ProcessState::Stopped:
      return wire::STOPPED;
  }
  return wire::UNKNOWN;
}

}  // namespace

void TaskService::state(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::StateRequest>(payload);
  TaskPtr task = find_task(request.id());
  ProcessPtr process = find_process(task, request.exec_id());
  wire::StateResponse response;
  // containerd's own shim names the process here, which is the container's id for the first.
  response.set_id(process->exec_id.empty() ? task->id : process->exec_id);
  response.set_exec_id(process->exec_id);
  response.set_bundle(task->bundle);
  response.set_pid(static_cast<std::uint32_t>(process->pid));
  response.set_status(status_of(*task, *process));
  const StreamNames& names = process->streams->names();
  response.set_stdin(names.input);
  response.set_stdout(names.output);
  response.set_stderr(names.error);
  response.set_terminal(names.terminal);
  if (process->state == ProcessState::Stopped) set_exit(response, *process);
  responder.reply(response);
}

// containerd takes a shim without processes for one that was lost, and ends it: a container that has
// ended and was not deleted yet still names its first one, so that its exit code is not lost with it.
void TaskService::pids(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::PidsRequest>(payload);
  TaskPtr task = find_task(request.id());
  std::vector<pid_t> pids = task->cgroup.pids();
  if (std::ranges::find(pids, task->first.pid) == pids.end()) {
    pids.insert(pids.begin(), task->first.pid);
  }
  wire::PidsResponse response;
  for (pid_t pid : pids) {
    wire::ProcessInfo* info = response.add_processes();
    info->set_pid(static_cast<std::uint32_t>(pid));
    for (const auto& [exec_id, process] : task->execs) {
      if (process->pid != pid) continue;
      wire::ProcessDetails details;
      details.set_exec_id(exec_id);
      info->mutable_info()->set_type_url("containerd.runc.v1.ProcessDetails");
      info->mutable_info()->set_value(details.SerializeAsString());
    }
  }
  responder.reply(response);
}

void TaskService::change_pause(const TaskPtr& task, bool paused, const Responder& responder) {
  if (task->first.state != ProcessState::Running || task->paused == paused) {
    fail(ErrorKind::FailedPrecondition, "container '{}' is not {}", task->id,
         paused ? "running" : "paused");
  }
  RuntimeCommand command = command_for(*task, {paused ? "pause" : "resume", task->id});
  run(std::move(command), [this, task, paused, responder](std::optional<Error> error) {
    if (error) return responder.fail(*error);
    task->paused = paused;
    if (paused) {
      wire::TaskPaused event;
      event.set_container_id(task->id);
      environment_.publisher.publish("/tasks/paused", "containerd.events.TaskPaused", event);
    } else {
      wire::TaskResumed event;
      event.set_container_id(task->id);
      environment_.publisher.publish("/tasks/resumed", "containerd.events.TaskResumed", event);
    }
    responder.reply(wire::Empty());
  });
}

void TaskService::pause(std::string_view payload, const Responder& responder) {
  change_pause(find_task(parse<wire::PauseRequest>(payload).id()), true, responder);
}

void TaskService::resume(std::string_view payload, const Responder& responder) {
  change_pause(find_task(parse<wire::ResumeRequest>(payload).id()), false, responder);
}

void TaskService::checkpoint(std::string_view, const Responder&) {
  fail(ErrorKind::Unimplemented, "containers are not checkpointed");
}

// A process that has not been reaped keeps its pid: nobody else gets the signal.
void TaskService::kill(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::KillRequest>(payload);
  TaskPtr task = find_task(request.id());
  ProcessPtr process = find_process(task, request.exec_id());
  if (request.signal() > static_cast<std::uint32_t>(SIGRTMAX)) {
    fail(ErrorKind::InvalidArgument, "there is no signal {}", request.signal());
  }
  if (process->pid == 0) {
    fail(ErrorKind::FailedPrecondition, "process '{}' has not been started", process->exec_id);
  }
  bool is_gone = process->state == ProcessState::Stopped || process->ended_early;
  if (is_gone && !request.all()) fail(ErrorKind::NotFound, "the process has ended already");
  if (request.all() || (task->paused && request.signal() == SIGKILL)) {
    std::vector<std::string> words = {"kill"};
    if (request.all()) words.emplace_back("--all");
    words.insert(words.end(), {task->id, std::to_string(request.signal())});
    RuntimeCommand command = command_for(*task, std::move(words));
    return run(std::move(command), [responder](std::optional<Error> error) {
      if (error) return responder.fail(*error);
      responder.reply(wire::Empty());
    });
  }
  sys([&] { return ::kill(process->pid, static_cast<int>(request.signal())); }, "signal process {}",
      process->pid);
  responder.reply(wire::Empty());
}

void TaskService::resize(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::ResizePtyRequest>(payload);
  ProcessPtr process = find_process(find_task(request.id()), request.exec_id());
  process->streams->resize(static_cast<std::uint16_t>(request.width()),
                           static_cast<std::uint16_t>(request.height()));
  responder.reply(wire::Empty());
}

void TaskService::close_io(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::CloseIORequest>(payload);
  ProcessPtr process = find_process(find_task(request.id()), request.exec_id());
  if (request.stdin()) process->streams->close_input();
  responder.reply(wire::Empty());
}

void TaskService::update(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::UpdateTaskRequest>(payload);
  TaskPtr task = find_task(request.id());
  std::string file = fmt::format("{}/update-{}.json", task->bundle, os::unique_name());
  os::put_file(file, request.resources().value(), 0600);
  RuntimeCommand command = command_for(*task, {"update", "--resources", file, task->id});
  run(std::move(command), [file, responder](std::optional<Error> error) {
    ::unlink(file.c_str());
    if (error) return responder.fail(*error);
    responder.reply(wire::Empty());
  });
}

void TaskService::wait(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::WaitRequest>(payload);
  ProcessPtr process = find_process(find_task(request.id()), request.exec_id());
  if (!process->end_is_told) {
    process->waiters.push_back(responder);
    return;
  }
  wire::WaitResponse response;
  set_exit(response, *process);
  responder.reply(response);
}

void TaskService::stats(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::StatsRequest>(payload);
  TaskPtr task = find_task(request.id());
  wire::StatsResponse response;
  *response.mutable_stats() =
      metrics_of(task->cgroup.stats(), task->cgroup.is_v2(), task->cgroup.oom_kills());
  responder.reply(response);
}

// After containerd has restarted it asks this of every shim that it finds.
void TaskService::connect(std::string_view payload, const Responder& responder) {
  auto request = parse<wire::ConnectRequest>(payload);
  wire::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  auto found = tasks_.find(request.id());
  if (found != tasks_.end()) {
    response.set_task_pid(static_cast<std::uint32_t>(found->second->first.pid));
  }
  responder.reply(response);
}

// Asked after every container's end: those that are left keep the shim.
void TaskService::shutdown(std::string_view payload, const Responder& responder) {
  parse<wire::ShutdownRequest>(payload);
  responder.reply(wire::Empty());
  if (tasks_.empty()) environment_.on_shutdown();
}

}  // namespace wherry::shim
