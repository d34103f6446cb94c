// The task service: containerd's calls, as commands to the runtime and looks at processes.
//
//   Create ─▶ Making ─▶ Created ─▶ Starting ─▶ Running ─▶ Stopped ─▶ Delete
//
// A call that takes the runtime's work is answered when the runtime has ended; meanwhile others are
// served. What a process ended with is known from the kernel alone, whose child it is, and is kept
// until Delete. Of each process a client sees start before exit, and exit once what the process wrote has
// been read, or has not been for a while.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/shim/children.h"
#include "container/shim/publisher.h"
#include "container/shim/runtime_command.h"
#include "container/shim/task.h"
#include "container/ttrpc/server.h"
#include "os/event_loop.h"

namespace wherry::shim {

namespace wire {
class CreateTaskRequest;
}

// Thread safety: none.
class TaskService {
 public:
  struct Environment {
    os::EventLoop& loop;
    Publisher& publisher;
    std::string namespace_name;
    std::string address;           // of containerd's gRPC socket; empty where it has none
    std::string program;           // this one
    std::string runtime;           // the program
    std::string socket_directory;  // where a socket's path is short
    std::function<void()> on_shutdown;
    std::chrono::milliseconds longest_reading{2'000};  // see Streams::Context
  };

  // What the environment refers to outlives this.
  explicit TaskService(Environment environment);
  ~TaskService();
  TaskService(const TaskService&) = delete;
  TaskService& operator=(const TaskService&) = delete;

  // Some deleted process wrote what nobody has read yet. A reader that is late gets it: until it has,
  // or for a few seconds, its streams stay.
  bool has_unread() const { return !unread_.empty(); }

  // A call by its method's name; the payload is the request's message. Throws Error, or answers.
  void call(std::string_view method, std::string_view payload, const ttrpc::Responder& responder);

 private:
  using Responder = ttrpc::Responder;
  using TaskPtr = std::shared_ptr<Task>;
  using ProcessPtr = std::shared_ptr<Process>;
  struct Method;
  static const Method kMethods[];

  void state(std::string_view payload, const Responder& responder);
  void create(std::string_view payload, const Responder& responder);
  void start(std::string_view payload, const Responder& responder);
  void delete_process(std::string_view payload, const Responder& responder);
  void pids(std::string_view payload, const Responder& responder);
  void pause(std::string_view payload, const Responder& responder);
  void resume(std::string_view payload, const Responder& responder);
  void checkpoint(std::string_view payload, const Responder& responder);
  void kill(std::string_view payload, const Responder& responder);
  void exec(std::string_view payload, const Responder& responder);
  void resize(std::string_view payload, const Responder& responder);
  void close_io(std::string_view payload, const Responder& responder);
  void update(std::string_view payload, const Responder& responder);
  void wait(std::string_view payload, const Responder& responder);
  void stats(std::string_view payload, const Responder& responder);
  void connect(std::string_view payload, const Responder& responder);
  void shutdown(std::string_view payload, const Responder& responder);

  // Throws Error(NotFound) where there is none, or none yet.
  TaskPtr find_task(const std::string& id) const;
  static ProcessPtr find_process(const TaskPtr& task, const std::string& exec_id);

  std::unique_ptr<Streams> make_streams(const std::string& id, StreamNames names);
  RuntimeCommand command_for(const Task& task, std::vector<std::string> words) const;
  void keep_until_read(std::unique_ptr<Streams> streams);
  void look_at_unread();
  using OnDone = std::function<void(std::optional<Error>)>;
  void run(RuntimeCommand command, OnDone on_done);
  // The same for a verb that makes a process, less what follows its own options: its pid comes from a
  // file.
  using OnMade = std::function<void(std::optional<Error>, pid_t)>;
  void run_making(const TaskPtr& task, const ProcessPtr& process, RuntimeCommand command,
                  const std::string& pid_file, OnMade on_made);

  void make_container(const TaskPtr& task, const wire::CreateTaskRequest& request,
                      const Responder& responder);
  void fetch_module(const TaskPtr& task, OnDone on_done);
  void abandon(const TaskPtr& task);
  void start_first(const TaskPtr& task, const Responder& responder);
  void start_exec(const TaskPtr& task, const ProcessPtr& process, const Responder& responder);
  void delete_first(const TaskPtr& task, const Responder& responder);
  void change_pause(const TaskPtr& task, bool paused, const Responder& responder);

  void watch_memory(const TaskPtr& task);
  void look_at_memory(Task& task);

  void adopt(const TaskPtr& task, const ProcessPtr& process, pid_t pid);
  void on_end(pid_t pid, os::ExitStatus status);
  void started(const TaskPtr& task, const ProcessPtr& process);
  void ended(const TaskPtr& task, const ProcessPtr& process);
  void tell_end(const Task& task, Process& process);

  Environment environment_;
  Children children_;
  std::map<std::string, TaskPtr> tasks_;
  struct Unread {
    std::unique_ptr<Streams> streams;
    os::EventLoop::Clock::time_point give_up;
  };
  std::vector<Unread> unread_;
  std::optional<os::EventLoop::TimerId> unread_timer_;
  struct Owner {
    std::weak_ptr<Task> task;
    std::weak_ptr<Process> process;
  };
  std::map<pid_t, Owner> running_;
  // Processes that ended before the runtime that was making them had said who they are.
  struct End {
    os::ExitStatus status;
    timespec when;
  };
  std::map<pid_t, End> ended_early_;
  int making_ = 0;
};

}  // namespace wherry::shim
