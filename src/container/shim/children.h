// The shim's child processes: those it starts itself, and those of containers, which become its
// children when the runtime that made them ends (PR_SET_CHILD_SUBREAPER).
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>

#include "os/event_loop.h"
#include "os/fd.h"
#include "os/process.h"

namespace wherry::shim {

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
  pid_t spawn(const os::SpawnPlan& plan, OnEnd on_end);

 private:
  void reap();

  os::EventLoop& loop_;
  OnOther on_other_;
  os::Fd signals_;
  std::map<pid_t, OnEnd> own_;
};

}  // namespace wherry::shim
