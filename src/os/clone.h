// The one place where a process is copied: a child in namespaces of its own, and the link to it.
//
// A container's init is not executed from a file: it is a copy of the runtime, which sets up its
// sandbox and then runs the guest. So the child's body is ordinary code that may throw; what it
// throws before it was released travels over the link and is thrown again in the parent.
//
//   parent                        child
//   clone_child(body)  ─────────▶ body starts
//   prepare outside    ─────────▶ await_parent()          (id maps, cgroups: what only the parent
//   may do) release() await_child()      ◀───────── report_ready()          (or the Error the child
//   ended with) release()          ─────────▶ await_parent(), then the work wait() ◀───────── exit
//   code
//
// Each side that waits learns of the other's death: the child ends itself, the parent throws.
// Requires: the calling process has one thread. Thread safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace wherry::os {

// The child's end.
class ParentLink {
 public:
  explicit ParentLink(Fd socket) : socket_(std::move(socket)) {}

  // Waits for one release(); ends this process with code 125 where the parent is gone.
  void await_parent() noexcept;
  // The same for a parent that may go away: false then.
  bool try_await_parent() noexcept;
  // Waits for the descriptor of one give(); ends this process where the parent is gone. Throws Error.
  Fd await_descriptor();
  // Waits for one release(), and takes what give() sent before it; ends this process where the parent is gone.
  std::vector<Fd> await_descriptors();
  // Throws Error where the parent is gone.
  void report_ready();
  // The same with a descriptor, which await_descriptor() gets.
  void report_ready(int descriptor);
  // After this an Error has nobody to go to but stderr. Closes the link.
  void detach() noexcept { socket_.reset(); }
  int descriptor() const noexcept { return socket_.get(); }

 private:
  Fd socket_;
};

// The parent's end. Going without wait() leaves a zombie for init, never a running process: the
// link closes and the child, if still waiting, ends.
class Child {
 public:
  Child(pid_t pid, Fd pidfd, Fd socket)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}

  pid_t pid() const noexcept { return pid_; }
  int pidfd() const noexcept { return pidfd_.get(); }

  void release();
  // For one await_descriptor() of the child, or, followed by release(), for await_descriptors().
  void give(int descriptor);
  // Returns when the child reports that it is ready. Throws the Error it ended with, or one that
  // says how it ended.
  void await_child();
  // The same; returns the descriptor that the report came with, not open where there was none.
  Fd await_descriptor();

 private:
  void check_sent(int error, std::string_view doing) const;

  pid_t pid_;
  Fd pidfd_;
  Fd socket_;
};

// Runs body in a copy of this process, in the new namespaces that flags (CLONE_NEW*) name. What
// body returns is the child's exit code. cgroup is the directory of a group of cgroup v2 that the
// child is born in, -1 for this process's own. Throws Error where the kernel refuses.
Child clone_child(std::uint64_t flags, const std::function<int(ParentLink&)>& body,
                  int cgroup = -1);

// The same by way of another process, that does before() first and ends: what it joins or makes is
// then the child's, and not this process's. The child is this process's own. Throws what before()
// throws.
Child clone_child_after(const std::function<void()>& before, std::uint64_t flags,
                        const std::function<int(ParentLink&)>& body, int cgroup = -1);

// Ends a child that has nothing more to do, and reaps it, when it goes. Borrows nothing.
class ChildEnd {
 public:
  explicit ChildEnd(pid_t pid) : pid_(pid) {}
  ~ChildEnd();
  ChildEnd(const ChildEnd&) = delete;
  ChildEnd& operator=(const ChildEnd&) = delete;

 private:
  pid_t pid_;
};

// Asks for SIGKILL when the parent ends. Changing credentials clears it: ask again after that.
void die_with_parent();
// Takes that back.
void outlive_parent();

}  // namespace wherry::os
