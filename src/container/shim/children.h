// The shim's child processes: those it starts itself, and those of containers, which become its
// children when the runtime that made them ends (PR_SET_CHILD_SUBREAPER).
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "os/event_loop.h"
#include "os/fd.h"
#include "os/process.h"

namespace wherry::shim {

struct ChildPlan {
  std::string path;                      // executed as it is, never searched for
  std::vector<std::string> arguments;    // arguments[0] included
  std::vector<std::string> environment;  // "KEY=value": all that it gets
  // Ours, and what each is to be for the child. Nothing else is passed on.
  std::vector<std::pair<int, int>> descriptors;
  bool new_session = false;
};

// Starts a program and does not wait for it. Throws Error.
// Requires: no descriptor of ours in the plan has a number that another one is to be in the child,
// unless it is the same.
pid_t spawn_child(const ChildPlan& plan);

// The file that this program was executed from. Throws Error.
std::string own_program();

// The environment of this process without the variables named. Each is "NAME".
std::vector<std::string> environment_without(std::initializer_list<std::string_view> names);

// Thread safety: none; one in a process.
class Children {
 public:
  using OnEnd = std::function<void(os::ExitStatus)>;
  using OnOther = std::function<void(pid_t, os::ExitStatus)>;

  // Adopts orphans from here on, whose ends on_other is told. The loop outlives this. Throws Error.
  Children(os::EventLoop& loop, OnOther on_other);
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // Of all that ended by a turn of the loop, adopted ones are told first. Throws Error.
  pid_t spawn(const ChildPlan& plan, OnEnd on_end);

 private:
  void reap();

  os::EventLoop& loop_;
  OnOther on_other_;
  os::Fd signals_;
  std::map<pid_t, OnEnd> own_;
};

}  // namespace wherry::shim
