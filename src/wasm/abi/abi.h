// What compiled code and the engine agree on: how an instance looks to the code, how functions are entered
// and left, and who owns which stack.
//
// A compiled function is a native function by the platform's C convention with one more parameter, its
// context, in the register that LLVM calls swiftself (r13, which every callee preserves). Its context is its
// instance, an InstanceHeader. i32, i64, f32, f64 and references are what they are in C; a v128 is a vector
// register; several results are returned as a structure.
//
// Whoever calls through a FunctionEntry passes its address in the register that LLVM calls nest (r10), and as context
// the entry's: the instance of a module's function, compiled or not; null for the host's, for which it is the caller's
// own instance. FunctionEntry::native of a function that is not compiled is an exit thunk of its type: it puts the
// arguments into the call area and asks the engine's `call` helper to run it, host function or interpreted. Compiled
// functions ignore r10. So a function of one's own instance is called with r13 as it is, and of its entry nothing but
// one pointer changes when it comes to be compiled, whatever the thread is doing.
//
// The engine enters compiled code through an entry thunk, one a type: void(instance, slots, native). It takes
// arguments from slots and leaves the results there, as the interpreter lays them out.
//
// Quickly made code is left where better code came after it was entered, and so is code that was entered at a loop: at
// loops' heads it looks at its function's byte among InstanceLayout's moves, and where that is not 0 it asks the
// `find_loop` helper for code that begins there: void(instance, values, results). It gives it the locals and the operand
// stack at the start of the call area, and returns for the function what it finds at the area's end then.
//
// Stacks: compiled code runs on a stack of the Store, below which inaccessible pages make an overflow a trap;
// frames larger than a page are probed. Whatever it calls runs there too, helpers, host functions and the
// interpreter: they need more room than compiled code does, and calling them is a trap where there is less.
// There are no frame pointers: the artifact has a table of how far above the stack pointer a caller's frame
// is, for backtraces.
//
// A trap that the code finds by itself is the helper `trap`. Others are faults, told apart by their address:
// in a memory's reservation, below the guest's stack, or in the first page, which is a null reference called.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wherry::wasm::abi {

// Of everything in wasm/abi: an artifact of another version is refused.
inline constexpr std::uint32_t kVersion = 6;

using Slot = std::uint64_t;

enum class Helper : std::uint32_t {
#define WHERRY_HELPER(name, result, parameters) name,
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
};
inline constexpr std::size_t kHelpers = 0
#define WHERRY_HELPER(name, result, parameters) +1
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
    ;

// How any function is called from compiled code. A funcref is the address of one; null is zero.
struct FunctionEntry {
  const void* native = nullptr;
  void* context = nullptr;
  std::uint32_t type_id = 0;  // equal for equal types throughout the Store
  // Of a compiled function, where its type's id stands in its instance, of equal types the first: so one
  // comparison says that a function is of the caller's own instance, and of the type that it expects. Else null.
  const void* own_type = nullptr;
};

struct TableView {
  Slot* elements = nullptr;
  std::uint64_t size = 0;
};

struct MemoryView {
  std::uint8_t* base = nullptr;
  std::uint64_t bytes = 0;
};

// One entry into compiled code that has not been left.
struct Activation {
  void* host_sp = nullptr;         // of whoever entered
  void* guest_sp = nullptr;        // the guest's, while it is in a helper or at a fault
  const void* guest_pc = nullptr;  // of a fault; else the address to return to is at guest_sp
  Slot* call_area = nullptr;       // kCallAreaSlots of them
  Slot* frame = nullptr;           // of the interpreter's stack, through which it was entered
  Activation* outer = nullptr;
};
// The most that a function's arguments or results take: 1000 of them, of 16 bytes.
inline constexpr std::size_t kCallAreaSlots = 2000;

// Of a Store.
struct Runtime {
  Activation* activation = nullptr;  // the innermost
  void* lowest_call = nullptr;  // compiled code whose stack is below calls nobody but compiled code
  void* spare_stack = nullptr;  // top of the one on which a trap is reported
};

// What a compiled function's context points to. The parts whose size depends on the module follow:
// InstanceLayout says where.
struct InstanceHeader {
  std::uint8_t* memory_base = nullptr;  // never changes
  MemoryView* memory = nullptr;
  Runtime* runtime = nullptr;
  void* instance = nullptr;             // the engine's
  FunctionEntry** functions = nullptr;  // the module's index space
  const void* helpers[kHelpers] = {};
};

static_assert(offsetof(FunctionEntry, native) == 0 && offsetof(FunctionEntry, context) == 8 &&
              offsetof(FunctionEntry, type_id) == 16 && offsetof(FunctionEntry, own_type) == 24);
static_assert(offsetof(Activation, host_sp) == 0 && offsetof(Activation, guest_sp) == 8);
static_assert(offsetof(InstanceHeader, runtime) == 16 && offsetof(Runtime, activation) == 0 &&
              offsetof(Runtime, lowest_call) == 8 && offsetof(Runtime, spare_stack) == 16);

}  // namespace wherry::wasm::abi
