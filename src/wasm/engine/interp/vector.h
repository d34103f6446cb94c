// The instructions on v128 (core spec 4.4.3): handlers and their translation.
#pragma once

#include "wasm/engine/interp/assembler.h"
#include "wasm/engine/interp/body_reader.h"

namespace wherry::wasm::interp {

// One row of vector.def.
enum class VectorOp : std::uint16_t {
#define WHERRY_VECTOR_BINARY(name, ...) name,
#define WHERRY_VECTOR_UNARY(name, ...) name,
#define WHERRY_VECTOR_REDUCE(name, ...) name,
#define WHERRY_VECTOR_SHIFT(name, ...) name,
#define WHERRY_VECTOR_SPLAT(name, ...) name,
#include "wasm/engine/interp/vector.def"
  Count
};

// Rows of two operands fill the first, rows of one the second.
extern const BinaryHandlers kVectorBinary[];
extern const UnaryHandlers kVectorUnary[];

extern const Handler kShuffle[2];    // [Dest]; d, a, b; words 2 and 3: lanes
extern const Handler kBitselect[2];  // [Dest]; d, a, b, c (the mask)

// Where a lane is: byte offset in the upper half of word 1, in the slots from a.
enum class LaneType : std::uint8_t { I8, U8, I16, U16, I32, I64, F32, F64, Count };
extern const Handler kExtractLane[static_cast<int>(LaneType::Count)][2];  // [Dest]; d, a, imm
// d, a: vector, b: scalar, c: byte offset of the lane
extern const Handler kReplaceLane[4][2];  // [log2 of the lane's bytes][Dest]
// d, a: address, b: vector, c: byte offset of the lane; word 2: address offset
extern const Handler kLoadLane[4][2];
extern const Handler kStoreLane[4];

// Requires: an opcode with the vector prefix that translate.cc does not handle itself.
void translate_vector(Assembler& out, BodyReader& reader, Opcode opcode);

}  // namespace wherry::wasm::interp
