// The instructions of WebAssembly 2.0 and what the binary format says of each (opcodes.def).
#pragma once

#include <cstdint>
#include <string_view>

#include "wasm/format/types.h"

namespace wherry::wasm {

// One-byte opcodes are their byte; the others are 0xFC00 or 0xFD00 with the number after the
// prefix.
enum class Opcode : std::uint16_t {
#define WHERRY_OPCODE(name, code, mnemonic, immediate, signature, width) name = code,
#include "wasm/format/opcodes.def"
#undef WHERRY_OPCODE
};

inline constexpr std::uint8_t kPrefixNumeric = 0xfc;
inline constexpr std::uint8_t kPrefixVector = 0xfd;

// What follows the opcode. Every number is an unsigned LEB128 of 32 bits where nothing else is
// said.
enum class Immediate : std::uint8_t {
  None,
  Block,         // block type: 0x40, a value type, or a type index as signed LEB128 of 33 bits
  Label,         // label
  LabelTable,    // count, so many labels, the default label
  Function,      // function
  TypeTable,     // type, table
  Types,         // count, so many value types
  Local,         // local
  Global,        // global
  Table,         // table
  TableTable,    // table to, table from
  ElementTable,  // element segment, table
  Element,       // element segment
  Memory,        // a zero byte
  MemoryMemory,  // two zero bytes
  DataMemory,    // data segment, a zero byte
  Data,          // data segment
  MemArg,        // log2 of the alignment, offset
  MemArgLane,    // as MemArg, then a lane's byte
  I32,           // signed LEB128 of 32 bits
  I64,           // signed LEB128 of 64 bits
  F32,           // 4 bytes
  F64,           // 8 bytes
  V128,          // 16 bytes
  Shuffle,       // 16 bytes, a lane each
  Lane,          // a lane's byte
  RefType,       // reference type
};

struct OpcodeInfo {
  std::string_view mnemonic;  // empty where no instruction has the code
  Immediate immediate = Immediate::None;
  std::uint8_t width = 0;  // opcodes.def's column
  // Types popped (the last is the top of the stack) and pushed; not meaningful where typed is false.
  bool typed = false;
  std::uint8_t operand_count = 0;
  std::uint8_t result_count = 0;  // 0 or 1
  ValType operands[3] = {};
  ValType result = ValType::I32;

  constexpr bool exists() const { return !mnemonic.empty(); }
};

// The rows of one code space: prefix 0 (one byte), kPrefixNumeric or kPrefixVector. 256 entries.
const OpcodeInfo* opcode_table(std::uint8_t prefix);

inline const OpcodeInfo& info(Opcode opcode) {
  auto code = static_cast<std::uint16_t>(opcode);
  return opcode_table(static_cast<std::uint8_t>(code >> 8))[code & 0xff];
}

}  // namespace wherry::wasm
