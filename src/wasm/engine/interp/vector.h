// The instructions on v128 (core spec 4.4.3): handlers and their translation.
#pragma once

#include "wasm/engine/interp/assembler.h"
#include "wasm/engine/interp/body_reader.h"

namespace wherry::wasm::interp {

// Requires: an opcode with the vector prefix that translate.cc does not handle itself.
void translate_vector(Assembler& out, BodyReader& reader, Opcode opcode);

}  // namespace wherry::wasm::interp
