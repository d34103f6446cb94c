// Validation (core spec 3, appendix 7.6's algorithm), all of it, before any tier sees the module.
#pragma once

#include "wasm/format/module.h"

namespace wherry::wasm {

struct ValidateOptions {
  unsigned threads = 1;  // function bodies are shared out over so many
  bool bodies = true;    // false: they are known to be valid
};

// Throws Error(InvalidArgument) for the first rule broken, in module order whatever the threads,
// unless a body is malformed, which comes first: "invalid module: function 12 ('main'), offset
// 0x3f2: type mismatch: expected i32, found i64".
void validate(const Module& module, const ValidateOptions& options = {});

}  // namespace wherry::wasm
