// The change between the host's stack and the guest's: the only instructions of ours that no compiler made.
#pragma once

#include "wasm/abi/abi.h"

extern "C" {

// Calls thunk(context, slots, native) with the stack that ends at top (16-byte aligned). 0 where it returned, 1
// where wherry_leave_compiled() was called with the activation.
int wherry_enter_compiled(const void* thunk, void* context, wherry::wasm::abi::Slot* slots,
                          const void* native, wherry::wasm::abi::Activation* activation, void* top);

[[noreturn]] void wherry_leave_compiled(wherry::wasm::abi::Activation* activation);

// What compiled code calls: each changes to the host's stack and calls wherry_helper_NAME.
#define WHERRY_HELPER(name, result, parameters) void wherry_stub_##name();
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
}

namespace wherry::wasm {

inline const void* const kHelperStubs[abi::kHelpers] = {
#define WHERRY_HELPER(name, result, parameters) reinterpret_cast<const void*>(&wherry_stub_##name),
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
};

}  // namespace wherry::wasm
