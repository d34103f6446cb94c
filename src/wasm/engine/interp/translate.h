// A function's body, translated to interpreter instructions on its first call.
#pragma once

#include "wasm/engine/store.h"

namespace wherry::wasm::interp {

// Throws Error(ResourceExhausted) where the function passes a limit of the interpreter's own.
// Requires: a function of a validated module. The result lives as long as the Store.
const Slot* translate(Store::Impl& store, const Function& function);

}  // namespace wherry::wasm::interp
