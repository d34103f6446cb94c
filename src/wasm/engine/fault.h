// Faults that mean a trap: a guest's access beyond its memory (core spec 4.2.13; fault.cc).
#pragma once

#include <ucontext.h>

#include "wasm/engine/store.h"

namespace wherry::wasm {

// Where a fault of the guest leads while this object lives. One for every entry into the guest, on
// the host's stack; they nest. Installs the process's signal handlers at first use.
//   FaultScope scope(store);
//   if (__builtin_setjmp(scope.landing) == 0) { run the guest } else { scope.trap_frame says where }
class FaultScope {
 public:
  explicit FaultScope(Store::Impl& store) noexcept : store_(store), outer_(innermost_) {
    if (!outer_) prepare_thread();
    innermost_ = this;
  }
  ~FaultScope() { innermost_ = outer_; }
  FaultScope(const FaultScope&) = delete;
  FaultScope& operator=(const FaultScope&) = delete;

  void* landing
      [5];  // as the compiler wants it: cheaper than sigsetjmp(), which a call between tiers feels
  Slot* trap_frame = nullptr;

 private:
  friend struct FaultHandler;
  friend class HostSection;
  static void prepare_thread() noexcept;

  static constinit thread_local FaultScope* innermost_;
  Store::Impl& store_;
  FaultScope* outer_;
  bool in_host_ = false;
};

// What a signal interrupted on a thread that runs a guest.
enum class InterruptedCode : std::uint8_t {
  Host,         // anything of ours or of the C library's, with whatever it holds
  Interpreted,  // an interpreter's handler, between two accesses of its own
  Compiled,     // the guest's compiled code
};
InterruptedCode interrupted_code(const Store::Impl& store, const ucontext_t& context);
// The instance's function that was interrupted; null where it cannot be told.
// Requires: interrupted_code() is not Host.
const Function* interrupted_function(const Store::Impl& store, const Instance& instance,
                                     const ucontext_t& context);

// Between two handlers the register may be ahead of the frame, and the frame half made: what is found
// then is believed only where it makes sense.
bool is_frame(const Store::Impl& store, const Slot* frame);
// The instance's function whose frame it is; null where it is another's, or none. Requires: is_frame().
const Function* own_function_of(const Instance& instance, const Slot* frame);

// While one lives, this thread runs a host function: its faults are no guest's, whatever the address.
// Costs nothing where the place of the instruction says so (fault.cc). Requires: a FaultScope.
class HostSection {
 public:
#if defined(__clang__)
  HostSection() noexcept {}
  ~HostSection() {}
#else
  HostSection() noexcept;
  ~HostSection();
#endif
  HostSection(const HostSection&) = delete;
  HostSection& operator=(const HostSection&) = delete;
};

}  // namespace wherry::wasm
