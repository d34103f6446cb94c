// Loads of some lanes of a vector, which the vectorisers make of loads under conditions. Internal to wasm/compiler.
#pragma once

#include <llvm/IR/Function.h>

namespace wherry::wasm::compiler {

// There is no volatile one: LLVM drops it when its value turns out not to matter, and a trap with it. Between these two
// calls it is one of a function that nobody knows.
void hide_masked_loads(llvm::Function& function);
void reveal_masked_loads(llvm::Function& function);

}  // namespace wherry::wasm::compiler
