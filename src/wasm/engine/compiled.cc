#include "wasm/engine/compiled.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "wasm/abi/layout.h"
#include "wasm/artifact/shape.h"
#include "wasm/engine/execute.h"
#include "wasm/engine/fault.h"
#include "wasm/engine/interp/control.h"
#include "wasm/engine/native_stack.h"
#include "wasm/engine/osr.h"

// There in a build with AddressSanitizer.
extern "C" [[gnu::weak]] void unpoison_memory(const volatile void* at, std::size_t size) __asm__(
    "__asan_unpoison_memory_region");

namespace wherry::wasm {
namespace {

using interp::kCallerFrame;
using interp::kFunction;
using interp::kHeaderSlots;
using interp::kReturnPc;

constexpr std::uint32_t kManyCrossings = 128;
constexpr std::uint32_t kCrossingsOfTick = 16 * 1024;  // that take about as long

// A frame of the interpreter takes more of its stack than one of compiled code, and a call from one tier to the
// other more of this one than either: deep recursion is to end where it would without compiled code.
std::size_t native_stack_bytes(const Store::Impl& store) {
  return kHostReserve + 2 * store.options.stack_bytes;
}

// A jump out of the guest leaves frames of ours behind. To AddressSanitizer, which does not know this stack, what
// lay in them is still out of bounds for whatever comes to lie there: it has to be told. Those below `frame` are
// gone, or all where that is on another stack.
void forget_frames(const Store::Impl& store, const void* frame) {
  if (!unpoison_memory || !store.native_stack) return;
  const std::uint8_t* low = store.native_stack + kStackGuard;
  const auto* high = static_cast<const std::uint8_t*>(store.context.spare_stack);
  const auto* end = static_cast<const std::uint8_t*>(frame);
  if (end < low || end > high) end = high;
  unpoison_memory(low, static_cast<std::size_t>(end - low));
}

Function* function_at(const Slot* fp) { return reinterpret_cast<Function*>(fp[kFunction]); }
Slot* caller_of(const Slot* fp) { return reinterpret_cast<Slot*>(fp[kCallerFrame]); }

Instance& instance_of(const abi::InstanceHeader* header) {
  return *static_cast<Instance*>(header->instance);
}
interp::Context& context_of(const abi::InstanceHeader* header) {
  return *static_cast<interp::Context*>(header->runtime);
}

bool map_native_stack(Store::Impl& store) {
  if (store.native_stack) return true;
  const std::size_t size = kStackGuard + native_stack_bytes(store) + kSpareStack;
  void* at = ::mmap(nullptr, size, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (at == MAP_FAILED) return false;
  auto* bytes = static_cast<std::uint8_t*>(at);
  if (::mprotect(bytes + kStackGuard, size - kStackGuard, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(at, size);
    return false;
  }
  store.native_stack = bytes;
  store.context.lowest_call = bytes + kStackGuard + kHostReserve;
  store.context.spare_stack = bytes + size;
  return true;
}

// The functions of a stay in compiled code, innermost first, by the artifacts' tables of frames.
void collect_native(const Store::Impl& store, const abi::Activation& activation,
                    std::vector<const Function*>& functions) {
  const void* pc = activation.guest_pc;
  const auto* sp = static_cast<const std::uint8_t*>(activation.guest_sp);
  const bool at_fault = pc != nullptr;  // else sp is where a call's return address is
  if (!at_fault) {
    pc = load_little<const void*>(sp);
    sp += sizeof pc;
  }
  const auto* high = store.native_stack + kStackGuard + native_stack_bytes(store);
  // What called a loop's code began the same function.
  bool is_told = false;
  for (bool exact = at_fault;; exact = false) {
    const auto* at = static_cast<const std::uint8_t*>(pc) - (exact ? 0 : 1);
    const auto code = std::ranges::find_if(
        store.published, [&](const Published& each) { return each.artifact->contains(at); });
    if (code == store.published.end()) return;
    // Else a thunk.
    if (auto place = code->artifact->find(at)) {
      if (!is_told) functions.push_back(&code->instance->own_functions[place->defined]);
      is_told = place->start != code->artifact->function(place->defined);
    }
    const auto bytes = code->artifact->frame(at);
    if (!bytes || *bytes > static_cast<std::size_t>(high - sp)) return;
    sp += *bytes;
    pc = load_little<const void*>(sp - sizeof pc);
  }
}

// The backtrace's part of the innermost stay, whose frames nobody has yet written over: what it called, then
// its own. What called it is next.
void collect_stay(Store::Impl& store) {
  interp::Context& context = store.context;
  const abi::Activation& activation = *context.activation;
  if (context.trap_frame) {
    collect_frames(store, context.trap_frame, activation.frame, store.left_frames);
  }
  collect_native(store, activation, store.left_frames);
  context.trap_frame = caller_of(activation.frame);
}

// Leaves compiled code for a trap, or for an exception.
[[noreturn]] void leave(interp::Context& context) {
  if (!context.failed) collect_stay(*context.store);
  wherry_leave_compiled(context.activation);
}

void leave_if(interp::Context& context, TrapKind kind) {
  if (kind == TrapKind::None) [[likely]]
    return;
  context.trap = kind;
  context.trap_frame = nullptr;
  leave(context);
}

// Where a host function traps, or threw.
[[noreturn, gnu::cold]] void leave_after_host(interp::Context& context, TrapKind kind) {
  if (!context.failed) leave_if(context, kind);
  leave(context);
}

// From one tier to the other takes a tenth of a microsecond: what is interpreted there need not be found running to be
// worth its compilation.
void count_crossing(Function& interpreted) {
  const std::uint32_t times = ++interpreted.crossings;
  if (times != kManyCrossings && times % kCrossingsOfTick != 0) return;
  if (!interpreted.instance) return;
  std::vector<const Function*>& crossed = interpreted.instance->crossed;
  if (crossed.size() < crossed.capacity()) crossed.push_back(&interpreted);
}

// Interpreted code called from compiled code: a fault in it comes back here.
void run_interpreted(interp::Context& context, const Function& function, Slot* fp) {
  FaultScope scope(*context.store);
  if (__builtin_setjmp(scope.landing) == 0) {
    reinterpret_cast<interp::Handler>(*function.code)(function.code, fp, function.memory_base,
                                                      &context, 0, interp::Vec{});
  } else {
    forget_frames(*context.store, __builtin_frame_address(0));
    context.trap = TrapKind::OutOfBoundsMemory;
    context.trap_frame = scope.trap_frame;
  }
}

const Slot kLeaveCode[1] = {reinterpret_cast<Slot>(&interp::leave)};

[[gnu::noinline]] void call_interpreted(interp::Context& context, Function& function, Slot* fp) {
  count_crossing(function);
  fp[kReturnPc] = reinterpret_cast<Slot>(kLeaveCode);
  run_interpreted(context, function, fp);
  if (context.failed || context.trap != TrapKind::None) leave(context);
}

}  // namespace

std::optional<bool> stay_in_compiled(interp::Context& context, Slot* fp, const void* thunk,
                                     void* function_context, Slot* slots,
                                     const void* last) noexcept {
  Store::Impl& store = *context.store;
  abi::Activation* outer = context.activation;
  abi::Activation activation;
  activation.call_area = fp + kHeaderSlots;
  activation.frame = fp;
  activation.outer = outer;
  // The first entry changes to the stack of compiled code; all that it calls stays there.
  const bool room_there =
      outer ? __builtin_frame_address(0) >= context.lowest_call : map_native_stack(store);
  const auto room = static_cast<std::size_t>(context.stack_end - fp);
  if (room < abi::kCallAreaSlots + 2 * kHeaderSlots || !room_there) [[unlikely]]
    return std::nullopt;
  void* top = outer ? nullptr : store.native_stack + kStackGuard + native_stack_bytes(store);
  context.activation = &activation;
  const int left = wherry_enter_compiled(thunk, function_context, slots, last, &activation, top);
  context.activation = outer;
  if (left != 0) forget_frames(store, __builtin_frame_address(0));
  return left != 0;
}

bool run_compiled(interp::Context& context, const Function& function, Slot* fp) noexcept {
  if (const Slot* caller = caller_of(fp)) count_crossing(*function_at(caller));
  const auto left =
      stay_in_compiled(context, fp, context.store->entry_thunks[function.type_id], function.context,
                       fp - function.argument_slots, function.native);
  if (left) [[likely]]
    return !*left;
  context.trap = TrapKind::StackExhausted;
  context.trap_frame = fp;
  return false;
}

void collect_frames(const Store::Impl& store, const Slot* fp, const Slot* end,
                    std::vector<const Function*>& functions) {
  const abi::Activation* activation = store.context.activation;
  for (; fp != end; fp = caller_of(fp)) {
    if (activation && activation->frame == fp) {
      collect_native(store, *activation, functions);
      activation = activation->outer;
    } else if (function_at(fp)->instance) {
      functions.push_back(function_at(fp));
    }
  }
}

bool leave_at_fault(Store::Impl& store, const siginfo_t* info, void* raw_context) {
  abi::Activation* activation = store.context.activation;
  if (!activation) return false;
  auto* context = static_cast<ucontext_t*>(raw_context);
  greg_t* registers = context->uc_mcontext.gregs;
  const auto* pc = reinterpret_cast<const void*>(registers[REG_RIP]);
  const bool compiled = std::ranges::any_of(
      store.published, [&](const Published& each) { return each.artifact->contains(pc); });
  if (!compiled) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto stack = reinterpret_cast<std::uintptr_t>(store.native_stack);
  TrapKind kind = TrapKind::None;
  if (address < 4096) {
    kind = TrapKind::UninitializedElement;
  } else if (address - stack < kStackGuard) {
    kind = TrapKind::StackExhausted;
  } else {
    for (const Memory& memory : store.memories) {
      if (memory.reserves(address)) kind = TrapKind::OutOfBoundsMemory;
    }
  }
  if (kind == TrapKind::None) return false;
  store.context.trap = kind;
  store.context.trap_frame = nullptr;
  activation->guest_pc = pc;
  activation->guest_sp = reinterpret_cast<void*>(registers[REG_RSP]);
  // Nothing of ours was interrupted: this may take memory.
  collect_stay(store);
  registers[REG_RIP] = reinterpret_cast<greg_t>(&wherry_leave_compiled);
  registers[REG_RDI] = reinterpret_cast<greg_t>(activation);
  return true;
}

void enter_by_thunk(Store::Impl& store, Function& function) {
  function.native =
      function.type_id < store.exit_thunks.size() ? store.exit_thunks[function.type_id] : nullptr;
}

void make_layout(Store::Impl& store, Instance& instance) {
  const Module& module = *instance.module;
  const abi::InstanceLayout layout(module);
  instance.layout = std::make_unique<abi::Slot[]>(layout.bytes() / sizeof(abi::Slot));
  auto* start = reinterpret_cast<std::uint8_t*>(instance.layout.get());
  auto* header = new (start) abi::InstanceHeader();
  if (!instance.memories.empty()) {
    header->memory_base = instance.memory_base();
    header->memory = &instance.memories[0]->view();
  }
  instance.moves = start + layout.moves(0);
  for (std::size_t i = 0; i < module.code.size(); ++i) {
    instance.own_functions[i].context = instance.layout.get();
  }
  header->runtime = &store.context;
  header->instance = &instance;
  static_assert(sizeof(Function*) == sizeof(abi::FunctionEntry*));
  header->functions = reinterpret_cast<abi::FunctionEntry**>(instance.functions.data());
  std::copy(std::begin(kHelperStubs), std::end(kHelperStubs), header->helpers);
  for (std::uint32_t i = 0; i < module.tables.size(); ++i) {
    store_little(start + layout.table(i), &instance.tables[i]->view);
  }
  for (std::uint32_t i = 0; i < module.types.size(); ++i) {
    store_little(start + layout.type_id(i), instance.type_ids[i]);
  }
  for (std::uint32_t i = 0; i < module.globals.size(); ++i) {
    Global& global = *instance.globals[i];
    if (i < module.imported_globals) {
      store_little(start + layout.global(i), global.cell);
    } else {
      auto* cell = reinterpret_cast<Slot*>(start + layout.global(i));
      std::memcpy(cell, global.cell, sizeof global.own_cell);
      global.cell = cell;
    }
  }
}

namespace {

// The thunks of an artifact's types, for all functions of these types that have none.
void use_thunks(Store::Impl& store, const Instance& instance, const Artifact& artifact) {
  bool added = false;
  store.entry_thunks.resize(store.types.size());
  store.exit_thunks.resize(store.types.size());
  for (std::uint32_t type = 0; type < artifact.types(); ++type) {
    const std::uint32_t id = instance.type_ids[type];
    if (store.exit_thunks[id] || !artifact.exit_thunk(type)) continue;
    store.entry_thunks[id] = artifact.entry_thunk(type);
    store.exit_thunks[id] = artifact.exit_thunk(type);
    added = true;
  }
  if (!added) return;
  auto update = [&](Function& function) {
    if (!function.native) enter_by_thunk(store, function);
  };
  for (Function& function : store.functions) update(function);
  for (Instance& each : store.instances) {
    if (!each.own_functions) continue;
    const std::size_t own = each.module->code.size();
    for (std::size_t i = 0; i < own; ++i) update(each.own_functions[i]);
  }
}

}  // namespace

void know_shape(Instance& instance) {
  if (!instance.shape) instance.shape = shape_of(*instance.module);
}

void publish(Store::Impl& store, Instance& instance, std::shared_ptr<const Artifact> artifact,
             std::uint32_t passes) {
  const Module& module = *instance.module;
  know_shape(instance);
  if (artifact->functions() != module.code.size() || artifact->types() != module.types.size() ||
      artifact->shape() != *instance.shape) {
    fail(ErrorKind::FailedPrecondition, "artifact: of another module");
  }
  for (std::uint32_t i = 0; i < module.code.size(); ++i) {
    const std::uint32_t type = module.functions[module.imported_functions + i];
    if (artifact->function(i) && !artifact->entry_thunk(type)) {
      fail(ErrorKind::FailedPrecondition, "artifact: it lacks a thunk");
    }
  }
  const Artifact& code =
      *store.published.emplace_back(Published{&instance, std::move(artifact)}).artifact;
  use_thunks(store, instance, code);
  const abi::InstanceLayout layout(module);
  const auto* header = reinterpret_cast<const std::uint8_t*>(instance.layout.get());
  for (std::uint32_t i = 0; i < module.code.size(); ++i) {
    const std::uint8_t* native = code.function(i);
    if (!native) continue;
    Function& function = instance.own_functions[i];
    if (function.code == kEnterCompiledCode) instance.moves[i] = 1;
    function.native = native;
    const std::uint32_t type = module.functions[module.imported_functions + i];
    function.own_type = header + layout.own_type(type);
    function.code = kEnterCompiledCode;
  }
  publish_loops(store, instance, code, passes);
}

const Published* published_at(const Store::Impl& store, const void* pc) {
  auto found = std::ranges::find_if(
      store.published, [&](const Published& each) { return each.artifact->contains(pc); });
  return found == store.published.end() ? nullptr : &*found;
}

void unmap_native_stack(Store::Impl& store) {
  if (!store.native_stack) return;
  ::munmap(store.native_stack, kStackGuard + native_stack_bytes(store) + kSpareStack);
}

// --- what compiled code asks for, on its own stack

extern "C" {

void wherry_helper_trap(abi::InstanceHeader* caller, std::uint32_t kind) {
  leave_if(context_of(caller), static_cast<TrapKind>(kind));
}

void wherry_helper_exhausted(abi::InstanceHeader* caller) {
  leave_if(context_of(caller), TrapKind::StackExhausted);
}

// No canary: it has no arrays, and a guest's call of the host is to cost next to nothing.
__attribute__((no_stack_protector)) void wherry_helper_call(abi::InstanceHeader* caller,
                                                            abi::FunctionEntry* entry) {
  interp::Context& context = context_of(caller);
  auto& function = static_cast<Function&>(*entry);
  const abi::Activation& activation = *context.activation;
  Slot* fp = activation.call_area + function.argument_slots;
  fp[kCallerFrame] = reinterpret_cast<Slot>(activation.frame);
  fp[kFunction] = reinterpret_cast<Slot>(&function);
  if (!function.host) return call_interpreted(context, function, fp);
  context.frame = fp;
  const TrapKind kind =
      guarded_host_call(context, function, activation.call_area, instance_of(caller));
  if (kind != TrapKind::None) [[unlikely]]
    leave_after_host(context, kind);
}

std::uint32_t wherry_helper_memory_grow(abi::InstanceHeader* caller, std::uint32_t by) {
  return instance_of(caller).memories[0]->grow(by).value_or(~std::uint32_t{0});
}

void wherry_helper_memory_copy(abi::InstanceHeader* caller, std::uint32_t to, std::uint32_t from,
                               std::uint32_t count) {
  leave_if(context_of(caller), memory_copy(*instance_of(caller).memories[0], to, from, count));
}

void wherry_helper_memory_fill(abi::InstanceHeader* caller, std::uint32_t at, std::uint32_t value,
                               std::uint32_t count) {
  leave_if(context_of(caller), memory_fill(*instance_of(caller).memories[0], at, value, count));
}

void wherry_helper_memory_init(abi::InstanceHeader* caller, std::uint32_t segment, std::uint32_t to,
                               std::uint32_t from, std::uint32_t count) {
  leave_if(context_of(caller), memory_init(instance_of(caller), segment, to, from, count));
}

void wherry_helper_data_drop(abi::InstanceHeader* caller, std::uint32_t segment) {
  instance_of(caller).data_segments[segment] = {};
}

void wherry_helper_table_init(abi::InstanceHeader* caller, std::uint64_t which, std::uint32_t to,
                              std::uint32_t from, std::uint32_t count) {
  leave_if(context_of(caller),
           table_init(instance_of(caller), static_cast<std::uint32_t>(which >> 32),
                      static_cast<std::uint32_t>(which), to, from, count));
}

void wherry_helper_elem_drop(abi::InstanceHeader* caller, std::uint32_t segment) {
  instance_of(caller).element_segments[segment].clear();
}

void wherry_helper_table_copy(abi::InstanceHeader* caller, std::uint64_t which, std::uint32_t to,
                              std::uint32_t from, std::uint32_t count) {
  Instance& instance = instance_of(caller);
  leave_if(context_of(caller),
           table_copy(*instance.tables[which >> 32],
                      *instance.tables[static_cast<std::uint32_t>(which)], to, from, count));
}

void wherry_helper_table_fill(abi::InstanceHeader* caller, std::uint32_t table, std::uint32_t at,
                              std::uint64_t value, std::uint32_t count) {
  leave_if(context_of(caller), table_fill(*instance_of(caller).tables[table], at, value, count));
}

std::uint32_t wherry_helper_table_grow(abi::InstanceHeader* caller, std::uint32_t table,
                                       std::uint64_t value, std::uint32_t by) {
  return instance_of(caller).tables[table]->grow(by, value).value_or(~std::uint32_t{0});
}

// What is not there is noted for whoever can have it made. Once it is clear which loop that is, the function's code asks
// no more until somebody offers a move.
std::uint64_t wherry_helper_find_loop(abi::InstanceHeader* caller, std::uint32_t defined,
                                      std::uint32_t ordinal) {
  Instance& instance = instance_of(caller);
  const LoopId loop{.function = defined, .ordinal = ordinal};
  const auto found = instance.native_loops.find(loop);
  if (found != instance.native_loops.end()) {
    const Store::Impl& store = *context_of(caller).store;
    const auto* asking = load_little<const void*>(context_of(caller).activation->guest_sp);
    const Published* here = published_at(store, asking);
    if (!here || !here->artifact->contains(found->second)) {
      return reinterpret_cast<std::uint64_t>(found->second);
    }
    // Whoever asks is there.
    instance.moves[defined] = 0;
    return 0;
  }
  std::vector<WantedLoop>& wanted = instance.wanted_loops;
  auto known = std::ranges::find(wanted, loop, &WantedLoop::loop);
  if (known == wanted.end() && wanted.size() < wanted.capacity()) {
    known = wanted.insert(known, {.loop = loop});
  }
  if (known == wanted.end() || ++known->times >= kSurelyWanted) instance.moves[defined] = 0;
  return 0;
}

}  // extern "C"

}  // namespace wherry::wasm
