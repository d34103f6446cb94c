// WebAssembly values as people type and read them, for `--invoke`.
#pragma once

#include <string>
#include <string_view>

#include "wasm/engine/value.h"

namespace wherry::container {

// "42", "-1", "0xff" for integers, in the signed or the unsigned range of the type; "1.5", "inf",
// "nan", "-0x1p-3" for floats. Throws Error(InvalidArgument) "'x' is no i32"; references and vectors
// cannot be typed.
wasm::Value parse_value(wasm::ValType type, std::string_view text);

// Integers signed, floats with as few digits as name them exactly, vectors in hexadecimal from the
// highest byte, references as "null" or their type.
std::string to_text(const wasm::Value& value);

}  // namespace wherry::container
