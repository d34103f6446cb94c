// Into compiled code and out of it (wasm/abi/abi.h says how it is called and which stack it has).
//
// The way out for a trap is one: the helpers and the fault handler put the stack back to where the innermost
// entry left it. They cross frames of compiled code only, which own nothing.
#pragma once

#include <signal.h>

#include <memory>
#include <optional>
#include <vector>

#include "wasm/engine/store.h"

namespace wherry::wasm {

// Runs a compiled function whose frame on the interpreter's stack is fp. False where it trapped or a host
// function threw: context says which, and left_frames of the Store has this stay's part of the backtrace.
bool run_compiled(interp::Context& context, const Function& function, Slot* fp) noexcept;

// The same with code at hand: thunk(function_context, slots, last). True where it was left; nothing where the
// stack has no room for it.
std::optional<bool> stay_in_compiled(interp::Context& context, Slot* fp, const void* thunk,
                                     void* function_context, Slot* slots,
                                     const void* last) noexcept;

// In a signal's handler: where compiled code faulted and the address says which trap that is, makes the
// handler's return leave the code, and returns true.
bool leave_at_fault(Store::Impl& store, const siginfo_t* info, void* raw_context);

// Appends the functions whose frames are from fp on, those of compiled code included, up to the frame `end`.
void collect_frames(const Store::Impl& store, const Slot* fp, const Slot* end,
                    std::vector<const Function*>& functions);

// Fills what compiled code finds the instance by; its globals move there. Requires: everything in the
// instance's index spaces is there; nothing of it was translated.
void make_layout(Store::Impl& store, Instance& instance);

// What publish() holds an artifact against is found out now, and not while the guest waits.
void know_shape(Instance& instance);

// As Store::publish(). passes: how often a loop's head is passed before the loop is entered.
void publish(Store::Impl& store, Instance& instance, std::shared_ptr<const Artifact> artifact,
             std::uint32_t passes = 0);

// The compiled code at pc; null where there is none.
const Published* published_at(const Store::Impl& store, const void* pc);

// How compiled code calls a function that is not: through its type's exit thunk, if any artifact has one.
void enter_by_thunk(Store::Impl& store, Function& function);

void unmap_native_stack(Store::Impl& store);

}  // namespace wherry::wasm
