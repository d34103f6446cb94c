// The border between the host and the guest: into it from Store::call, out of it to host functions,
// and out of it for good by a trap, a fault or an exception.
//
// No C++ frame with destructors is ever jumped over: a fault's siglongjmp crosses interpreter handlers
// only, and an exception of a host function is kept in the Store while the handlers return.
#pragma once

#include "wasm/engine/interp/handler.h"

namespace wherry::wasm {

// Calls the host function whose frame is fp. An exception is kept in the Store, and
// context.failed set. caller: null for that of the frame below.
TrapKind host_call(interp::Context& context, const Function& function, Slot* fp,
                   Instance* caller) noexcept;

// The function's instructions, translated now if this is its first call. Null where it cannot be
// translated (an implementation limit): the exception is kept as host_call() keeps one.
const Slot* translate_for_call(interp::Context& context, Function& function) noexcept;

// One-word codes for functions without a body of their own.
extern const Slot kTranslateFirstCode[1];
extern const Slot kCallHostCode[1];
extern const Slot kEnterCompiledCode[1];

}  // namespace wherry::wasm
