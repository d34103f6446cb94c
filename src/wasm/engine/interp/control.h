// Handlers that are not arithmetic: control, calls, moves, globals, tables, bulk memory.
#pragma once

#include "wasm/engine/interp/operand.h"

namespace wherry::wasm::interp {

// Where a one-slot or two-slot value goes through: the integer accumulator, the vector one as 8
// bytes, or as 16.
enum class Class : std::uint8_t { Int, Float, Vector };
constexpr Class class_of(ValType type) {
  switch (type) {
    case ValType::F32:
    case ValType::F64:
      return Class::Float;
    case ValType::V128:
      return Class::Vector;
    default:
      return Class::Int;
  }
}

#define WHERRY_DECLARE(name) WHERRY_HANDLER_TYPE void name(WHERRY_HANDLER_PARAMETERS)

// Function entry: checks the stack for a frame of imm slots, zeroes a slots from slot d.
extern const Handler kEnter;
extern const Handler kJump;  // target
WHERRY_DECLARE(unreachable);
// a: index; imm: count. Then so many words and the default's: distances from this instruction.
extern const Handler kBranchTable[2];  // [Source]
extern const Handler kBranchIf[2][2];  // [when][Source]; a, target
extern const Handler kCopy[2];         // [slots - 1]; d, a
extern const Handler kStoreAcc[3];     // [Class]; d
extern const Handler kReturn[3][2];    // [Class][Source]; d (where to), a
extern const Handler kReturnNothing;
extern const Handler kConstZeroExtended;  // d, imm
WHERRY_DECLARE(const_sign_extended);      // d, imm
WHERRY_DECLARE(const_64);                 // d; word 2
WHERRY_DECLARE(const_128);                // d; words 2 and 3
extern const Handler kSelect[3][2][2];    // [Class][Source of the condition][Dest]; d, a, b, c

// d: the callee's frame; word 2: Function. Within one instance, or to the host.
extern const Handler kCall;
// The same to another instance; reload_memory stands after it.
WHERRY_DECLARE(call_across);
// d: the callee's frame; a: index; imm: type id; word 2: Table; reload_memory stands after it.
extern const Handler kCallIndirect[2];  // [Source]
WHERRY_DECLARE(reload_memory);
WHERRY_DECLARE(call_host);        // the whole code of a host function
WHERRY_DECLARE(enter_compiled);   // the whole code of a compiled function
WHERRY_DECLARE(enter_loop);       // in place of a loop head's own handler
WHERRY_DECLARE(translate_first);  // the whole code of a function not yet translated
WHERRY_DECLARE(leave);            // what the outermost frame returns to

extern const Handler kGlobalGet[3][2];  // [Class][Dest]; d; word 2: cell
extern const Handler kGlobalSet[3][2];  // [Class][Source]; a; word 2: cell

WHERRY_DECLARE(memory_size);     // d; word 2: Memory
WHERRY_DECLARE(memory_grow);     // d, a; word 2: Memory
WHERRY_DECLARE(memory_copy_op);  // d to, a from, b count; word 2: Memory
WHERRY_DECLARE(memory_fill_op);  // d at, a value, b count; word 2: Memory
WHERRY_DECLARE(memory_init_op);  // d to, a from, b count; word 2: Instance; 3: segment
WHERRY_DECLARE(data_drop);       // imm: segment; word 2: Instance
WHERRY_DECLARE(table_get);       // d, a; word 2: Table
WHERRY_DECLARE(table_set);       // a index, b value; word 2: Table
WHERRY_DECLARE(table_size);      // d; word 2: Table
WHERRY_DECLARE(table_grow);      // d, a init, b by; word 2: Table
WHERRY_DECLARE(table_fill_op);   // d at, a value, b count; word 2: Table
WHERRY_DECLARE(table_copy_op);   // d to, a from, b count; words 2, 3: Tables to, from
WHERRY_DECLARE(table_init_op);   // d to, a from, b count; word 2: Instance; 3: segment, table
WHERRY_DECLARE(elem_drop);       // imm: segment; word 2: Instance

#undef WHERRY_DECLARE

}  // namespace wherry::wasm::interp
