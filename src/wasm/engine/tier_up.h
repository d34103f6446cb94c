// A guest that speeds up while it runs: what it runs most is told to its compiler, and the code that comes back
// is used from the next call on (wasm/artifact/handover.h).
//
// Nothing in the guest's way asks for it. A timer on the thread's CPU time interrupts the guest; where the
// interrupted instruction is the guest's own, interpreted or compiled, this thread holds no lock and is in the
// middle of nothing of ours, so the handler may do what a host function may. Anywhere else it does nothing, and
// the next tick comes soon. A guest that waits takes no CPU time and is left alone.
#pragma once

#include <memory>
#include <string>

#include "os/fd.h"
#include "wasm/engine/engine.h"

namespace wherry::wasm {

// One at a time in a process. Thread safety: lives on the guest's thread, made there and gone there.
class TierUp {
 public:
  // socket: the other end is the compiler's. environment: what artifacts have to be made for.
  // Requires: both outlive it; nothing of the instance is published by anybody else.
  // Throws Error where the system has no timer for it. Takes SIGPROF while it lives.
  TierUp(Store& store, Instance& instance, os::Fd socket, std::string environment);
  ~TierUp();
  TierUp(const TierUp&) = delete;
  TierUp& operator=(const TierUp&) = delete;

  // Whether more may come.
  bool is_open() const;
  // How often code came and was taken.
  std::size_t parts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wherry::wasm
