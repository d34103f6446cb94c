// A function's body, translated to interpreter instructions on its first call.
#pragma once

#include <optional>
#include <vector>

#include "wasm/engine/store.h"

namespace wherry::wasm::interp {

// Where a value of the function is: in a slot of its frame, or nowhere but known.
struct Place {
  ValType type = ValType::I32;
  bool is_constant = false;
  std::int32_t slot = 0;
  Slot bits[2] = {0, 0};  // of a constant
};

// A loop in the function's instructions, as words from their start: [start, end). Control comes to start at
// the loop's head and nowhere else.
struct LoopHead {
  bool is_reachable = false;
  std::uint32_t start = 0;
  std::uint32_t end = 0;
  std::vector<Place> operands = {};  // the operand stack at its head, lowest first
};

struct FunctionLoops {
  std::vector<Place> locals;
  std::vector<LoopHead> loops;  // by their order in the body
};

struct Translated {
  const Slot* code = nullptr;          // lives as long as the Store
  std::optional<FunctionLoops> loops;  // of a large function
};

// Requires: a function of a validated module.
// Throws Error(ResourceExhausted) where the function passes a limit of the interpreter's own.
Translated translate(Store::Impl& store, const Function& function);

// Of a function that was translated: translates it once more, which comes to the same.
FunctionLoops find_loops(Store::Impl& store, const Function& function);

}  // namespace wherry::wasm::interp
