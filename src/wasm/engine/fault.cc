// A guest's memory is surrounded by inaccessible pages, so an access outside it raises SIGSEGV (or
// SIGBUS). The handler must tell the guest's fault from a bug of ours: it believes one only if the
// instruction is an interpreter handler's and the address lies in a memory of the Store that runs.
// Anything else gets the default action and dies loudly.
//
// The handler runs on a stack of its own, since the fault may be that of a thread with little left,
// and leaves by a long jump to the entry into the guest. Between the two there are only interpreter
// handlers, which own nothing.
#include "wasm/engine/fault.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <mutex>

#include "base/error.h"
#include "wasm/engine/compiled.h"

extern "C" {
#if defined(__clang__)
// The linker's, around the section of the handlers.
extern const char __start_wherry_interp[];
extern const char __stop_wherry_interp[];
#else
// g++ gives templates no section of choice: around all code. What is the host's a HostSection says.
extern const char __executable_start[];
extern const char etext[];
#endif
}

namespace wherry::wasm {
namespace {

#if defined(__clang__)
bool is_handlers(const char* pc) {
  return pc >= __start_wherry_interp && pc < __stop_wherry_interp;
}
#else
bool is_handlers(const char* pc) { return pc >= __executable_start && pc < etext; }
#endif

constexpr std::size_t kSignalStackBytes = 64 * 1024;

// An alternate signal stack for this thread, if it has none.
void ensure_signal_stack() {
  stack_t current{};
  ::sigaltstack(nullptr, &current);
  if (!(current.ss_flags & SS_DISABLE)) return;
  void* stack = ::mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return;  // then a fault on an exhausted stack dies, as it would have
  stack_t ours{};
  ours.ss_sp = stack;
  ours.ss_size = kSignalStackBytes;
  ::sigaltstack(&ours, nullptr);
}

struct sigaction previous_segv;
struct sigaction previous_bus;

}  // namespace

struct FaultHandler {
  static void handle(int signal, siginfo_t* info, void* raw_context) {
    FaultScope* scope = FaultScope::innermost_;
    if (scope && leave_at_fault(scope->store_, info, raw_context)) return;
    if (scope && is_guests(*scope, info, raw_context)) {
      scope->trap_frame = frame_of(*scope, raw_context);
      __builtin_longjmp(scope->landing, 1);
    }
    // Returning runs the faulting instruction again, now under what was there before us.
    ::sigaction(signal, signal == SIGSEGV ? &previous_segv : &previous_bus, nullptr);
  }

  static bool is_guests(const FaultScope& scope, const siginfo_t* info, void* raw_context) {
    if (scope.in_host_) return false;
    const auto* context = static_cast<const ucontext_t*>(raw_context);
    if (!is_handlers(reinterpret_cast<const char*>(context->uc_mcontext.gregs[REG_RIP]))) {
      return false;
    }
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (const Memory& memory : scope.store_.memories) {
      if (memory.reserves(address)) return true;
    }
    return false;
  }

  static Slot* frame_of(const FaultScope& scope, [[maybe_unused]] void* raw_context) {
    const interp::Context& engine = scope.store_.context;
#ifdef WHERRY_FRAME_IN_REGISTER
    const auto* context = static_cast<const ucontext_t*>(raw_context);
    auto* frame = reinterpret_cast<Slot*>(context->uc_mcontext.gregs[REG_R13]);
#else
    Slot* frame = engine.frame;
#endif
    return frame >= engine.stack_begin && frame < engine.stack_end ? frame : nullptr;
  }
};

InterruptedCode interrupted_code(const Store::Impl& store, const ucontext_t& context) {
  const auto* pc = reinterpret_cast<const char*>(context.uc_mcontext.gregs[REG_RIP]);
  if (published_at(store, pc)) return InterruptedCode::Compiled;
#if defined(__clang__)
  if (is_handlers(pc)) return InterruptedCode::Interpreted;
#endif
  return InterruptedCode::Host;
}

const Function* interrupted_function(const Store::Impl& store, const Instance& instance,
                                     const ucontext_t& context) {
  const auto* pc = reinterpret_cast<const std::uint8_t*>(context.uc_mcontext.gregs[REG_RIP]);
  if (const Published* code = published_at(store, pc)) {
    const std::optional<Artifact::Place> place = code->artifact->find(pc);
    if (!place || code->instance != &instance) return nullptr;
    return &instance.own_functions[place->defined];
  }
#ifdef WHERRY_FRAME_IN_REGISTER
  const auto* frame = reinterpret_cast<const Slot*>(context.uc_mcontext.gregs[REG_R13]);
  return is_frame(store, frame) ? own_function_of(instance, frame) : nullptr;
#else
  return nullptr;
#endif
}

bool is_frame(const Store::Impl& store, const Slot* frame) {
  const interp::Context& engine = store.context;
  return frame >= engine.stack_begin && frame < engine.stack_end - interp::kHeaderSlots &&
         reinterpret_cast<std::uintptr_t>(frame) % alignof(Slot) == 0;
}

const Function* own_function_of(const Instance& instance, const Slot* frame) {
  const Slot at = frame[interp::kFunction];
  const auto first = reinterpret_cast<Slot>(instance.own_functions.get());
  const std::size_t bytes = instance.module->code.size() * sizeof(Function);
  if (at < first || at - first >= bytes || (at - first) % sizeof(Function) != 0) return nullptr;
  return reinterpret_cast<const Function*>(at);
}

constinit thread_local FaultScope* FaultScope::innermost_ = nullptr;

void FaultScope::prepare_thread() noexcept {
  static std::once_flag installed;
  std::call_once(installed, [] {
    struct sigaction action{};
    action.sa_sigaction = &FaultHandler::handle;
    // The signal stays unblocked: a long jump leaves the handler without restoring the mask.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    WHERRY_CHECK(::sigaction(SIGSEGV, &action, &previous_segv) == 0);
    WHERRY_CHECK(::sigaction(SIGBUS, &action, &previous_bus) == 0);
  });
  ensure_signal_stack();
}

#if !defined(__clang__)
HostSection::HostSection() noexcept { FaultScope::innermost_->in_host_ = true; }
HostSection::~HostSection() { FaultScope::innermost_->in_host_ = false; }
#endif

}  // namespace wherry::wasm
