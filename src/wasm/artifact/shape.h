// What native code takes for granted of its module: with it, code can be held against a module without a
// look at every byte of it.
#pragma once

#include "base/digest.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// A digest over types, imports, functions, tables, memories, globals, the number and kind of segments and
// each body's place, size and locals: all that code in instances relies on for what it may touch. Code of a
// module with the same shape but other bodies computes something else, within the same bounds. Not covered:
// what the engine reads and checks at every instantiation, as exports and segments' contents are.
Digest shape_of(const Module& module);

}  // namespace wherry::wasm
