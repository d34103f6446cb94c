// The run-time objects of a Store (core spec 4.2): what the interpreter works on.
//
// Slots: a frame's registers and a global's cell are 64-bit slots. An i32 is kept zero-extended, an
// f32 stands in the low half (the high half is anything), a v128 takes two slots, a reference is one:
// a funcref the address of its Function, an externref the host's number plus one; zero is null.
//
// Lifetime: all of it belongs to the Store. Thread safety: as the Store's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/digest.h"
#include "wasm/abi/layout.h"
#include "wasm/artifact/artifact.h"
#include "wasm/engine/engine.h"
#include "wasm/engine/memory.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

using Slot = abi::Slot;

using abi::slots_of;

// Elements that a table may have, whatever its type says: 80 MB of them.
inline constexpr std::uint32_t kMaxTableElements = 10'000'000;

// A function instance, of a module or of the host. Called by jumping to `code`, interpreter
// instructions: those of the body, of "translate me first", of "call the host", or of "enter what was
// compiled". Called from compiled code as abi::FunctionEntry says.
struct Function : abi::FunctionEntry {
  const Slot* code = nullptr;
  std::uint8_t* memory_base = nullptr;  // of the instance's memory; null for the host's
  std::uint16_t argument_slots = 0;  // max(parameter slots, result slots): where the frame starts
  Instance* instance = nullptr;      // null for the host's
  std::uint32_t index = 0;           // in the instance's module
  const FuncType* type = nullptr;
  HostFunction host = nullptr;
  void* host_context = nullptr;
  const Slot* translated = nullptr;  // the body's instructions, once there are any
  std::uint32_t crossings = 0;       // calls from tier to tier, it being the interpreted end
};

struct Table {
  TableType type;
  std::vector<Slot> elements;
  abi::TableView view;  // of elements, for compiled code

  void update_view() { view = {.elements = elements.data(), .size = elements.size()}; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(elements.size()); }
  // The old size, or nothing where the limits or the memory do not allow it.
  std::optional<std::uint32_t> grow(std::uint32_t by, Slot init);
};

struct Global {
  GlobalType type;
  alignas(16) Slot own_cell[2] = {0, 0};
  Slot* cell = own_cell;  // or in the instance that it was made by, once there is one

  Global() = default;
  Global(const Global&) = delete;
  Global& operator=(const Global&) = delete;
};

struct WantedLoop {
  LoopId loop;
  std::uint32_t times = 0;  // that it was asked for
};
// So often a loop is asked for until it is taken for the one that its function's frame stays in: that frame passes
// other heads, too, some of them once.
inline constexpr std::uint32_t kSurelyWanted = 16;

struct Instance {
  Store::Impl* store = nullptr;
  const Module* module = nullptr;
  std::vector<Function*> functions;  // index spaces of the module, imports first
  std::vector<Table*> tables;
  std::vector<Memory*> memories;
  std::vector<Global*> globals;
  std::unique_ptr<Function[]> own_functions;
  std::vector<std::vector<Slot>> element_segments;  // empty once dropped
  std::vector<ByteSpan> data_segments;              // empty once dropped
  std::vector<std::uint32_t> type_ids;              // of the module's types
  std::unique_ptr<abi::Slot[]> layout;  // what compiled code works on, by abi::InstanceLayout
  std::optional<Digest> shape;          // of the module, once it was asked for
  std::map<LoopId, const void*> native_loops;  // compiled code that begins at loops' heads
  // The loops that compiled code asked for in vain, and the functions that keep control going from tier to tier: as
  // many as there is room for, which is for whoever can have them compiled to reserve.
  std::vector<WantedLoop> wanted_loops;
  std::vector<const Function*> crossed;
  std::uint8_t* moves = nullptr;  // in layout, a byte for each of its own functions

  std::uint8_t* memory_base() const { return memories.empty() ? nullptr : memories[0]->base(); }
};

// The bulk operations (core spec 4.4.6, 4.4.7), shared by instantiation and the interpreter: a trap
// kind, or None. Bounds are checked before anything is written.
TrapKind table_init(Instance& instance, std::uint32_t table, std::uint32_t segment,
                    std::uint32_t to, std::uint32_t from, std::uint32_t count);
TrapKind table_copy(Table& to_table, Table& from_table, std::uint32_t to, std::uint32_t from,
                    std::uint32_t count);
TrapKind table_fill(Table& table, std::uint32_t at, Slot value, std::uint32_t count);
TrapKind memory_init(Instance& instance, std::uint32_t segment, std::uint32_t to,
                     std::uint32_t from, std::uint32_t count);
TrapKind memory_copy(Memory& memory, std::uint32_t to, std::uint32_t from, std::uint32_t count);
TrapKind memory_fill(Memory& memory, std::uint32_t at, std::uint32_t value, std::uint32_t count);

}  // namespace wherry::wasm
