#include "wasm/format/instruction.h"

#include <fmt/core.h>

#include <vector>

namespace wherry::wasm {

namespace {

void skip_block_type(Reader& reader) {
  std::size_t start = reader.offset();
  if (reader.at_end() || reader.peek() >= 0x80 || (reader.peek() & 0x40) == 0) {
    if (reader.s33() < 0) throw_malformed(start, "malformed block type");
    return;
  }
  if (reader.peek() == 0x40) {
    reader.skip(1);
    return;
  }
  reader.value_type();
}

void skip_memarg(Reader& reader) {
  std::size_t start = reader.offset();
  if (reader.u32() >= 32) throw_malformed(start, "malformed memop flags");
  reader.u32();
}

template <typename Skip>
void skip_vector(Reader& reader, std::uint32_t count, Skip skip) {
  for (; count > 0; --count) skip(reader);
}

}  // namespace

Opcode read_opcode(Reader& reader) {
  std::size_t start = reader.offset();
  std::uint8_t byte = reader.byte();
  std::uint32_t code = byte;
  const OpcodeInfo* table = nullptr;
  if (byte == kPrefixNumeric || byte == kPrefixVector) {
    code = reader.u32();
    table = opcode_table(byte);
    if (code > 0xff || !table[code].exists()) {
      throw_malformed(start, fmt::format("illegal opcode {:#04x} {}", byte, code));
    }
    return static_cast<Opcode>(byte << 8 | code);
  }
  if (!opcode_table(0)[code].exists()) {
    throw_malformed(start, fmt::format("illegal opcode {:#04x}", byte));
  }
  return static_cast<Opcode>(code);
}

void skip_immediate(Reader& reader, Immediate immediate) {
  switch (immediate) {
    case Immediate::None:
      return;
    case Immediate::Block:
      return skip_block_type(reader);
    case Immediate::Label:
    case Immediate::Function:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Element:
    case Immediate::Data:
      reader.u32();
      return;
    case Immediate::LabelTable:
      skip_vector(reader, reader.u32(), [](Reader& r) { r.u32(); });
      reader.u32();
      return;
    case Immediate::TypeTable:
    case Immediate::TableTable:
    case Immediate::ElementTable:
      reader.u32();
      reader.u32();
      return;
    case Immediate::Types:
      return skip_vector(reader, reader.u32(), [](Reader& r) { r.value_type(); });
    case Immediate::Memory:
      return reader.zero_byte();
    case Immediate::MemoryMemory:
      reader.zero_byte();
      return reader.zero_byte();
    case Immediate::DataMemory:
      reader.u32();
      return reader.zero_byte();
    case Immediate::MemArg:
      return skip_memarg(reader);
    case Immediate::MemArgLane:
      skip_memarg(reader);
      return reader.skip(1);
    case Immediate::I32:
      reader.s32();
      return;
    case Immediate::I64:
      reader.s64();
      return;
    case Immediate::F32:
      return reader.skip(4);
    case Immediate::F64:
      return reader.skip(8);
    case Immediate::V128:
    case Immediate::Shuffle:
      return reader.skip(16);
    case Immediate::Lane:
      return reader.skip(1);
    case Immediate::RefType:
      reader.reference_type();
      return;
  }
}

void skip_expression(Reader& reader, DataCount data_count) {
  std::vector<Opcode> blocks;  // open ones; Block also stands for an `if` past its `else`
  for (;;) {
    std::size_t start = reader.offset();
    Opcode opcode = read_opcode(reader);
    switch (opcode) {
      case Opcode::Block:
      case Opcode::Loop:
      case Opcode::If:
        blocks.push_back(opcode);
        break;
      case Opcode::Else:
        if (blocks.empty() || blocks.back() != Opcode::If) {
          throw_malformed(start, "END opcode expected, found else");
        }
        blocks.back() = Opcode::Block;
        break;
      case Opcode::End:
        if (blocks.empty()) return;
        blocks.pop_back();
        break;
      case Opcode::MemoryInit:
      case Opcode::DataDrop:
        if (data_count == DataCount::Absent) {
          throw_malformed(start, "data count section required");
        }
        break;
      default:
        break;
    }
    skip_immediate(reader, info(opcode).immediate);
  }
}

void check_bodies_well_formed(const Module& module) {
  auto data_count = module.data_count ? DataCount::Present : DataCount::Absent;
  for (const Code& code : module.code) {
    Reader reader(module.bytes, code.body);
    skip_expression(reader, data_count);
    if (!reader.at_end()) reader.malformed("section size mismatch: bytes after the final end");
  }
}

}  // namespace wherry::wasm
