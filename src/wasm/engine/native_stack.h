// In and out of compiled code, and the stack it runs on: the only instructions of ours that no compiler made.
#pragma once

#include "wasm/abi/abi.h"

extern "C" {

// Calls thunk(context, slots, native) with the stack that ends at top (16-byte aligned; null: the one it is
// called on). 0 where it returned, 1 where wherry_leave_compiled() was called with the activation.
int wherry_enter_compiled(const void* thunk, void* context, wherry::wasm::abi::Slot* slots,
                          const void* native, wherry::wasm::abi::Activation* activation, void* top);

[[noreturn]] void wherry_leave_compiled(wherry::wasm::abi::Activation* activation);

// What compiled code calls: each notes where it was called and goes on as wherry_helper_NAME, or as
// wherry_helper_exhausted where the stack has no room for that.
#define WHERRY_HELPER(name, result, parameters) void wherry_stub_##name();
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
}

namespace wherry::wasm {

// A mapping, lowest first: guard, reserve, what compiled code is given.
// Frames larger than a page are probed page by page, so no access passes the guard.
inline constexpr std::size_t kStackGuard = 1u << 20;
// What a helper or a host function may use.
inline constexpr std::size_t kHostReserve = 1u << 20;
// A trap is reported on its own stack: the other may have no room.
inline constexpr std::size_t kSpareStack = 64u << 10;

inline const void* const kHelperStubs[abi::kHelpers] = {
#define WHERRY_HELPER(name, result, parameters) reinterpret_cast<const void*>(&wherry_stub_##name),
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
};

}  // namespace wherry::wasm
