// The border between the host and the guest: into it from Store::call, out of it to host functions,
// and out of it for good by a trap, a fault or an exception.
//
// No C++ frame with destructors is ever jumped over: a fault's long jump crosses interpreter handlers
// only, and an exception of a host function is kept in the Store while the handlers return.
#pragma once

#include "wasm/engine/fault.h"
#include "wasm/engine/interp/handler.h"

namespace wherry::wasm {

// Calls the host function whose frame is fp, for the frame below. Where it throws, the exception is kept in the
// Store, context.failed set, and the result not None.
TrapKind host_call(interp::Context& context, const Function& function, Slot* fp) noexcept;

// In a catch block: keeps what was thrown.
void keep_exception(interp::Context& context) noexcept;

// The same with its parts at hand: slots is where its arguments are.
__attribute__((no_stack_protector)) inline TrapKind guarded_host_call(interp::Context& context,
                                                                      const Function& function,
                                                                      Slot* slots,
                                                                      Instance& caller) noexcept {
  HostCall call{.slots = {slots, function.argument_slots}, .caller = caller};
  try {
    HostSection here;
    return function.host(function.host_context, call);
  } catch (...) {
    keep_exception(context);
    return TrapKind::Unreachable;  // anything but None: nobody looks at which
  }
}

// The function's instructions, translated now if this is its first call. Null where it cannot be
// translated (an implementation limit): the exception is kept as host_call() keeps one.
const Slot* translate_for_call(interp::Context& context, Function& function) noexcept;

// One-word codes for functions without a body of their own.
extern const Slot kTranslateFirstCode[1];
extern const Slot kCallHostCode[1];
extern const Slot kEnterCompiledCode[1];

}  // namespace wherry::wasm
