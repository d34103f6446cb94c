// Instructions as bytes, without regard to their types: what malformed means inside expressions.
#pragma once

#include "wasm/format/module.h"
#include "wasm/format/opcodes.h"
#include "wasm/format/reader.h"

namespace wherry::wasm {

// Reads an opcode with its prefix. Throws as Reader does ("illegal opcode").
Opcode read_opcode(Reader& reader);

// Reads what follows an opcode.
void skip_immediate(Reader& reader, Immediate immediate);

enum class DataCount : bool { Absent, Present };

// Reads an expression with its final `end`, and checks that blocks nest (core spec 5.4.9).
// memory.init and data.drop are malformed where there is no data count section (5.5.16).
void skip_expression(Reader& reader, DataCount data_count);

// Throws for the first function body that is malformed. validate() finds such a body by itself;
// this is for when it is about to call an earlier one invalid, since a malformed module has no
// meaning.
void check_bodies_well_formed(const Module& module);

}  // namespace wherry::wasm
