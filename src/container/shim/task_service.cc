#include "container/shim/task_service.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "container/shim/bundle_facts.h"
#include "container/shim/events.pb.h"
#include "container/shim/messages.h"
#include "container/shim/task.pb.h"
#include "os/file.h"

namespace wherry::shim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUnreadPause{5};
constexpr milliseconds kLongestUnread{4'000};

pid_t read_pid_file(const std::string& path) {
  std::string text = os::read_file(AT_FDCWD, path, 64);
  pid_t pid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || pid <= 0) {
    fail(ErrorKind::Internal, "the runtime wrote '{}' as a pid", text);
  }
  return pid;
}

}  // namespace

struct TaskService::Method {
  std::string_view name;
  void (TaskService::*run)(std::string_view payload, const Responder& responder);
};

const TaskService::Method TaskService::kMethods[] = {
    {"State", &TaskService::state},       {"Create", &TaskService::create},
    {"Start", &TaskService::start},       {"Delete", &TaskService::delete_process},
    {"Pids", &TaskService::pids},         {"Pause", &TaskService::pause},
    {"Resume", &TaskService::resume},     {"Checkpoint", &TaskService::checkpoint},
    {"Kill", &TaskService::kill},         {"Exec", &TaskService::exec},
    {"ResizePty", &TaskService::resize},  {"CloseIO", &TaskService::close_io},
    {"Update", &TaskService::update},     {"Wait", &TaskService::wait},
    {"Stats", &TaskService::stats},       {"Connect", &TaskService::connect},
    {"Shutdown", &TaskService::shutdown},
};

TaskService::TaskService(Environment environment)
    : environment_(std::move(environment)),
      children_(environment_.loop,
                [this](pid_t pid, os::ExitStatus status) { on_end(pid, status); }) {}

TaskService::~TaskService() {
  if (unread_timer_) environment_.loop.cancel(*unread_timer_);
  for (auto& [id, task] : tasks_) {
    if (task->oom_watch) environment_.loop.forget(task->oom_watch->fd.get());
  }
}

void TaskService::call(std::string_view method, std::string_view payload,
                       const Responder& responder) {
  const auto* found = std::ranges::find(kMethods, method, &Method::name);
  if (found == std::end(kMethods)) {
    fail(ErrorKind::Unimplemented, "method '{}' is not implemented", method);
  }
  (this->*found->run)(payload, responder);
}

TaskService::TaskPtr TaskService::find_task(const std::string& id) const {
  auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second->first.state == ProcessState::Making) {
    fail(ErrorKind::NotFound, "container '{}' is not found", id);
  }
  return found->second;
}

TaskService::ProcessPtr TaskService::find_process(const TaskPtr& task, const std::string& exec_id) {
  if (exec_id.empty()) return {task, &task->first};
  auto found = task->execs.find(exec_id);
  if (found == task->execs.end()) {
    fail(ErrorKind::NotFound, "process '{}' of container '{}' is not found", exec_id, task->id);
  }
  return found->second;
}

std::unique_ptr<Streams> TaskService::make_streams(const std::string& id, StreamNames names) {
  return std::make_unique<Streams>(
      Streams::Context{.loop = environment_.loop,
                       .children = children_,
                       .namespace_name = environment_.namespace_name,
                       .id = id,
                       .socket_directory = environment_.socket_directory,
                       .longest_reading = environment_.longest_reading},
      std::move(names));
}

void TaskService::keep_until_read(std::unique_ptr<Streams> streams) {
  if (!streams || !streams->is_draining()) return;
  unread_.push_back(
      {.streams = std::move(streams), .give_up = os::EventLoop::Clock::now() + kLongestUnread});
  if (!unread_timer_) look_at_unread();
}

void TaskService::look_at_unread() {
  unread_timer_.reset();
  auto now = os::EventLoop::Clock::now();
  std::erase_if(unread_, [&](const Unread& each) {
    return !each.streams->is_draining() || now >= each.give_up;
  });
  if (unread_.empty()) return;
  unread_timer_ = environment_.loop.after(kUnreadPause, [this] { look_at_unread(); });
}

RuntimeCommand TaskService::command_for(const Task& task, std::vector<std::string> words) const {
  return {.program = environment_.runtime,
          .root = runtime_root(task.options, environment_.namespace_name),
          .log = fmt::format("{}/runtime-{}.log", task.bundle, os::unique_name()),
          .options = task.options,
          .words = std::move(words),
          .descriptors = {}};
}

void TaskService::run(RuntimeCommand command, OnDone on_done) {
  os::SpawnPlan plan = plan_of(command);
  children_.spawn(plan, [command = std::move(command), on_done = std::move(on_done)](
                            os::ExitStatus status) { on_done(outcome(command, status)); });
}

void TaskService::run_making(const TaskPtr& task, const ProcessPtr& process, RuntimeCommand command,
                             const std::string& pid_file, OnMade on_made) {
  command.descriptors = process->streams->descriptors();
  const std::string& console = process->streams->console_socket();
  if (!console.empty()) {
    command.words.insert(command.words.end(), {"--console-socket", console});
  }
  command.words.push_back(task->id);
  ++making_;
  struct Making {
    TaskService& service;
    ~Making() {
      if (--service.making_ == 0) service.ended_early_.clear();
    }
  };
  auto making = std::make_shared<Making>(*this);
  run(std::move(command),
      [task, process, pid_file, making, on_made = std::move(on_made)](std::optional<Error> error) {
        if (error) return on_made(std::move(error), 0);
        auto [pid, problem] = outcome_of([&] {
          pid_t made = read_pid_file(pid_file);
          process->streams->given();
          return made;
        });
        if (!pid) return on_made(Error(ErrorKind::Internal, problem), 0);
        on_made(std::nullopt, *pid);
      });
}

// From here on its end is noticed, or has been.
void TaskService::adopt(const TaskPtr& task, const ProcessPtr& process, pid_t pid) {
  process->pid = pid;
  auto early = ended_early_.find(pid);
  if (early == ended_early_.end()) {
    running_[pid] = {.task = task, .process = process};
    return;
  }
  process->exit = early->second.status;
  process->exited_at = early->second.when;
  process->ended_early = true;
  ended_early_.erase(early);
}

void TaskService::on_end(pid_t pid, os::ExitStatus status) {
  auto found = running_.find(pid);
  if (found == running_.end()) {
    if (making_ > 0) ended_early_[pid] = {.status = status, .when = now()};
    return;
  }
  TaskPtr task = found->second.task.lock();
  ProcessPtr process = found->second.process.lock();
  running_.erase(found);
  if (!task || !process) return;
  process->exit = status;
  process->exited_at = now();
  process->ended_early = true;
  if (process->state != ProcessState::Starting) ended(task, process);
}

void TaskService::started(const TaskPtr& task, const ProcessPtr& process) {
  process->state = ProcessState::Running;
  if (process->exec_id.empty()) {
    wire::TaskStart event;
    event.set_container_id(task->id);
    event.set_pid(static_cast<std::uint32_t>(process->pid));
    environment_.publisher.publish("/tasks/start", "containerd.events.TaskStart", event);
  } else {
    wire::TaskExecStarted event;
    event.set_container_id(task->id);
    event.set_exec_id(process->exec_id);
    event.set_pid(static_cast<std::uint32_t>(process->pid));
    environment_.publisher.publish("/tasks/exec-started", "containerd.events.TaskExecStarted",
                                   event);
  }
}

// Requires: the process has ended, and its start was told if there was one.
void TaskService::ended(const TaskPtr& task, const ProcessPtr& process) {
  process->ended_early = false;
  process->state = ProcessState::Stopped;
  look_at_memory(*task);
  // A client that hears of the end gives up what it has not opened yet: where it is slow and the program
  // was short, the fifo with everything that it said.
  auto tell = [this, weak_task = std::weak_ptr(task), weak_process = std::weak_ptr(process)] {
    TaskPtr its_task = weak_task.lock();
    ProcessPtr ended = weak_process.lock();
    if (its_task && ended) tell_end(*its_task, *ended);
  };
  process->streams->ended(tell);
}

// Does nothing where there is no end, or where it has been told.
void TaskService::tell_end(const Task& task, Process& process) {
  if (process.state != ProcessState::Stopped || std::exchange(process.end_is_told, true)) return;
  wire::TaskExit event;
  event.set_container_id(task.id);
  event.set_id(process.exec_id.empty() ? task.id : process.exec_id);
  event.set_pid(static_cast<std::uint32_t>(process.pid));
  set_exit(event, process);
  environment_.publisher.publish("/tasks/exit", "containerd.events.TaskExit", event);
  wire::WaitResponse response;
  set_exit(response, process);
  for (const Responder& waiter : std::exchange(process.waiters, {})) waiter.reply(response);
}

void TaskService::watch_memory(const TaskPtr& task) {
  auto [watch, problem] = outcome_of([&] {
    task->cgroup = container::Cgroup::of_process(task->first.pid);
    return task->cgroup.watch_oom();
  });
  // One that has ended already, or a machine without the controller: there is nothing to watch.
  if (!watch || !*watch) return;
  task->oom_watch = std::move(*watch);
  environment_.loop.watch(task->oom_watch->fd.get(), EPOLLIN,
                          [this, weak = std::weak_ptr<Task>(task)](std::uint32_t) {
                            TaskPtr watched = weak.lock();
                            if (!watched || !watched->oom_watch) return;
                            watched->oom_watch->acknowledge();
                            look_at_memory(*watched);
                          });
}

void TaskService::look_at_memory(Task& task) {
  if (!task.oom_watch) return;
  auto [kills, problem] = outcome_of([&] { return task.cgroup.oom_kills(); });
  if (!kills || *kills <= task.oom_kills) return;
  task.oom_kills = *kills;
  wire::TaskOOM event;
  event.set_container_id(task.id);
  environment_.publisher.publish("/tasks/oom", "containerd.events.TaskOOM", event);
}

}  // namespace wherry::shim
