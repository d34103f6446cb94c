#include "wasm/engine/interp/body_reader.h"

namespace wherry::wasm::interp {

void BodyReader::skip_immediates(Immediate kind) {
  switch (kind) {
    case Immediate::None:
      break;
    case Immediate::Block:
    case Immediate::I32:
    case Immediate::I64:
      s64();
      break;
    case Immediate::Label:
    case Immediate::Function:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Element:
    case Immediate::Data:
      u32();
      break;
    case Immediate::TypeTable:
    case Immediate::TableTable:
    case Immediate::ElementTable:
    case Immediate::MemArg:
      u32();
      u32();
      break;
    case Immediate::LabelTable:
      for (std::uint32_t count = u32() + 1; count > 0; --count) u32();
      break;
    case Immediate::Types:
      for (std::uint32_t count = u32(); count > 0; --count) byte();
      break;
    case Immediate::Memory:
    case Immediate::Lane:
    case Immediate::RefType:
      byte();
      break;
    case Immediate::MemoryMemory:
      byte();
      byte();
      break;
    case Immediate::DataMemory:
      u32();
      byte();
      break;
    case Immediate::MemArgLane:
      u32();
      u32();
      byte();
      break;
    case Immediate::F32:
      at_ += 4;
      break;
    case Immediate::F64:
      at_ += 8;
      break;
    case Immediate::V128:
    case Immediate::Shuffle:
      at_ += 16;
      break;
  }
}

}  // namespace wherry::wasm::interp
