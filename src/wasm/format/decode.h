// Bytes to Module (core spec 5): every rule of the binary format outside of function bodies is
// checked here; what is inside of them, and what the module means, is validate()'s.
#pragma once

#include "base/bytes.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// True where the bytes start as a WebAssembly binary does ("\0asm"), whatever follows.
bool has_wasm_magic(ByteSpan bytes) noexcept;

// Throws Error(InvalidArgument) with the byte offset and the rule for malformed bytes:
// "malformed module at offset 0x1f: unexpected end of section or function".
// A component (layer 1) is refused with a message of its own.
// Requires: bytes outlive the result.
Module decode(ByteSpan bytes);

}  // namespace wherry::wasm
