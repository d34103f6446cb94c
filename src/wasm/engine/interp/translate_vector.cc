#include <cstring>

#include "base/error.h"
#include "wasm/engine/interp/vector.h"

namespace wherry::wasm::interp {
namespace {

void binary(Assembler& out, VectorOp op) {
  out.binary(kVectorBinary[static_cast<int>(op)], ValType::V128);
}

void unary(Assembler& out, VectorOp op, ValType result) {
  out.unary(kVectorUnary[static_cast<int>(op)], result);
}

void shuffle(Assembler& out, BodyReader& reader) {
  const auto low = reader.fixed<Slot>();
  const auto high = reader.fixed<Slot>();
  const Operand b = out.pop();
  const Operand a = out.pop();
  const std::int32_t b_slot = out.slot_of(b);
  const std::int32_t a_slot = out.slot_of(a);
  out.begin_result(ValType::V128);
  out.emit(kShuffle[0], 0, a_slot, b_slot);
  out.word(low);
  out.word(high);
  out.push_result(ValType::V128, kShuffle[1]);
}

void bitselect(Assembler& out) {
  const Operand mask = out.pop();
  const Operand b = out.pop();
  const Operand a = out.pop();
  const std::int32_t mask_slot = out.slot_of(mask);
  const std::int32_t b_slot = out.slot_of(b);
  const std::int32_t a_slot = out.slot_of(a);
  out.begin_result(ValType::V128);
  out.emit(kBitselect[0], 0, a_slot, b_slot, mask_slot);
  out.push_result(ValType::V128, kBitselect[1]);
}

void extract_lane(Assembler& out, BodyReader& reader, Opcode opcode, LaneType type) {
  const std::uint32_t offset = std::uint32_t{reader.byte()} << info(opcode).width;
  const std::int32_t vector = out.slot_of(out.pop());
  const ValType result = info(opcode).result;
  const Handler* handlers = kExtractLane[static_cast<int>(type)];
  out.begin_result(result);
  out.emit_imm(handlers[0], 0, vector, offset);
  out.push_result(result, handlers[1]);
}

void replace_lane(Assembler& out, BodyReader& reader, Opcode opcode) {
  const unsigned width = info(opcode).width;
  const std::int64_t offset = std::int64_t{reader.byte()} << width;
  out.settle_sums(2);
  const Operand scalar = out.pop();
  const Operand vector = out.pop();
  const std::int32_t scalar_slot = out.slot_of(scalar);
  const std::int32_t vector_slot = out.slot_of(vector);
  out.begin_result(ValType::V128);
  out.emit(kReplaceLane[width][0], 0, vector_slot, scalar_slot, offset);
  out.push_result(ValType::V128, kReplaceLane[width][1]);
}

void access_lane(Assembler& out, BodyReader& reader, Opcode opcode, bool loads) {
  const unsigned width = info(opcode).width;
  reader.u32();
  const std::uint32_t address_offset = reader.u32();
  const std::int64_t offset = std::int64_t{reader.byte()} << width;
  out.settle_sums(2);
  const Operand vector = out.pop();
  const Operand address = out.pop();
  const std::int32_t vector_slot = out.slot_of(vector);
  const std::int32_t address_slot = out.slot_of(address);
  if (loads) out.begin_result(ValType::V128);
  out.emit(loads ? kLoadLane[width][0] : kStoreLane[width], 0, address_slot, vector_slot, offset);
  out.word(Slot{address_offset});
  if (loads) out.push_result(ValType::V128, kLoadLane[width][1]);
}

}  // namespace

void translate_vector(Assembler& out, BodyReader& reader, Opcode opcode) {
  switch (opcode) {
#define WHERRY_VECTOR_BINARY(name, ...) \
  case Opcode::name:                    \
    return binary(out, VectorOp::name);
#define WHERRY_VECTOR_SHIFT WHERRY_VECTOR_BINARY
#define WHERRY_VECTOR_UNARY(name, ...) \
  case Opcode::name:                   \
    return unary(out, VectorOp::name, ValType::V128);
#define WHERRY_VECTOR_SPLAT WHERRY_VECTOR_UNARY
#define WHERRY_VECTOR_REDUCE(name, ...) \
  case Opcode::name:                    \
    return unary(out, VectorOp::name, ValType::I32);
#include "wasm/engine/interp/vector.def"

    case Opcode::I8x16Shuffle:
      return shuffle(out, reader);
    case Opcode::V128Bitselect:
      return bitselect(out);
    case Opcode::I8x16ExtractLaneS:
      return extract_lane(out, reader, opcode, LaneType::I8);
    case Opcode::I8x16ExtractLaneU:
      return extract_lane(out, reader, opcode, LaneType::U8);
    case Opcode::I16x8ExtractLaneS:
      return extract_lane(out, reader, opcode, LaneType::I16);
    case Opcode::I16x8ExtractLaneU:
      return extract_lane(out, reader, opcode, LaneType::U16);
    case Opcode::I32x4ExtractLane:
      return extract_lane(out, reader, opcode, LaneType::I32);
    case Opcode::I64x2ExtractLane:
      return extract_lane(out, reader, opcode, LaneType::I64);
    case Opcode::F32x4ExtractLane:
      return extract_lane(out, reader, opcode, LaneType::F32);
    case Opcode::F64x2ExtractLane:
      return extract_lane(out, reader, opcode, LaneType::F64);
    case Opcode::I8x16ReplaceLane:
    case Opcode::I16x8ReplaceLane:
    case Opcode::I32x4ReplaceLane:
    case Opcode::I64x2ReplaceLane:
    case Opcode::F32x4ReplaceLane:
    case Opcode::F64x2ReplaceLane:
      return replace_lane(out, reader, opcode);
    case Opcode::V128Load8Lane:
    case Opcode::V128Load16Lane:
    case Opcode::V128Load32Lane:
    case Opcode::V128Load64Lane:
      return access_lane(out, reader, opcode, true);
    case Opcode::V128Store8Lane:
    case Opcode::V128Store16Lane:
    case Opcode::V128Store32Lane:
    case Opcode::V128Store64Lane:
      return access_lane(out, reader, opcode, false);
    default:
      WHERRY_CHECK(false);  // validation lets nothing else through
  }
}

}  // namespace wherry::wasm::interp
